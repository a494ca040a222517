//! What can go wrong on the data plane, and what it means to us.
use std::fmt;

use http::StatusCode;

use crate::secret::without_keys;

/// Why an operation failed. Decides whether it is repeated; nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is nobody to publish or subscribe as.
    NoCredentials,
    /// AppSync does not let these credentials do it, or does not know the namespace.
    Unauthorized,
    /// A handler refuses it, or a firewall.
    Refused,
    /// A handler broke down, so that nothing was published.
    Broken,
    /// What was sent is not as AppSync wants it.
    Invalid,
    /// Too much at once, and nothing of it was done.
    Throttled,
    /// A quota of this connection is used up.
    Quota,
    /// It was never sent.
    Unreachable,
    /// Whom we reached is not trusted: its certificate isn't.
    Untrusted,
    /// It may or may not have been done.
    Uncertain,
    /// The connection ended or fell silent.
    Lost,
    /// Whoever answers is no Event API.
    Foreign,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    /// AppSync's name for it, where it gave one.
    pub error_type: Option<String>,
    pub message: String,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// The operation that failed: `publish`, `connect`.
    pub operation: &'static str,
    /// The channel that it is about, where an operation is about several.
    pub channel: Option<String>,
}

impl Error {
    /// What we found out ourselves, in the place of an answer.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        let message = without_keys(&message.into());
        Self {
            kind,
            error_type: None,
            message,
            status: None,
            request_id: None,
            operation,
            channel: None,
        }
    }
    /// What AppSync says; `told` is the first of its errors, which may lack a message.
    pub fn answered(operation: &'static str, error_type: &str, told: &str) -> Self {
        let kind = kind_of(error_type, told);
        let named = (!error_type.is_empty()).then(|| error_type.to_owned());
        Self { error_type: named, ..Self::new(kind, operation, told) }
    }
    /// The same, of one channel.
    pub fn of_channel(self, channel: &str) -> Self {
        Self { channel: Some(channel.to_owned()), ..self }
    }
    /// The same, over HTTP.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self.kind = match (status.as_u16(), self.kind) {
            (401, _) => ErrorKind::Unauthorized,
            (_, ErrorKind::Broken) => ErrorKind::Broken,
            (403, ErrorKind::Invalid) => ErrorKind::Refused,
            (429, _) => ErrorKind::Throttled,
            (500..=599, _) => ErrorKind::Uncertain,
            (404, ErrorKind::Invalid) if self.error_type.is_none() => ErrorKind::Foreign,
            (_, kind) => kind,
        };
        self
    }
    /// Whether the same may go well a moment later, and was certainly not done now.
    pub fn may_be_repeated(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled | ErrorKind::Unreachable)
    }
    /// Whether another connection may help.
    pub fn is_passing(&self) -> bool {
        self.may_be_repeated() || matches!(self.kind, ErrorKind::Lost | ErrorKind::Uncertain)
    }
}

fn kind_of(error_type: &str, told: &str) -> ErrorKind {
    // Over HTTP some types come with a URL behind a colon.
    match error_type.split(':').next().unwrap_or_default() {
        "UnauthorizedException" | "Unauthorized" | "NotAuthorizedException" => {
            ErrorKind::Unauthorized
        }
        "AccessDeniedException" | "ForbiddenException" | "WAFForbiddenException" => {
            ErrorKind::Refused
        }
        "TooManyRequestsException" | "ThrottlingException" | "LimitExceededException" => {
            ErrorKind::Throttled
        }
        "LimitExceededError" if told.is_empty() || told.contains("ate limit") => {
            ErrorKind::Throttled
        }
        "LimitExceededError" | "MaxSubscriptionsReachedError" => ErrorKind::Quota,
        // What the local AWS says; AppSync's own words are not known
        // (docs/reference/handlers.md#failures).
        "Code" => ErrorKind::Broken,
        "InternalFailure" | "InternalFailureException" | "ServiceUnavailableException" => {
            ErrorKind::Uncertain
        }
        _ => ErrorKind::Invalid,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        match (&self.error_type, self.message.as_str()) {
            (Some(name), "") => write!(f, "{name}")?,
            (Some(name), message) => write!(f, "{name}: {message}")?,
            (None, message) => write!(f, "{message}")?,
        }
        let status = self.status.map(|it| format!("HTTP {it}"));
        let request = self.request_id.as_ref().map(|it| format!("request {it}"));
        let behind: Vec<String> = status.into_iter().chain(request).collect();
        match behind.as_slice() {
            [] => Ok(()),
            behind => write!(f, " ({})", behind.join(", ")),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_with_its_type_and_its_status_and_without_keys() {
        let error = Error::answered("publish", "UnauthorizedException", "");
        assert_eq!(error.to_string(), "publish: UnauthorizedException");
        let error = Error::answered("publish", "BadRequestException", "no key da2-abc123 here");
        let error = error.with_status(StatusCode::BAD_REQUEST);
        assert_eq!(error.to_string(), "publish: BadRequestException: no key da2-… here (HTTP 400)");
        assert_eq!(error.kind, ErrorKind::Invalid);
    }

    #[test]
    fn only_what_was_certainly_not_done_is_repeated() {
        let kind = |status, name: &str| {
            let error = Error::answered("publish", name, "");
            error.with_status(StatusCode::from_u16(status).unwrap())
        };
        assert!(kind(429, "").may_be_repeated());
        assert!(!kind(500, "InternalFailure").may_be_repeated());
        assert!(!kind(401, "UnauthorizedException").may_be_repeated());
        assert_eq!(kind(403, "Custom").kind, ErrorKind::Refused);
        assert_eq!(kind(500, "Code").kind, ErrorKind::Broken);
        assert_eq!(kind(404, "").kind, ErrorKind::Foreign);
        let limit = Error::answered("subscribe", "LimitExceededError", "Rate limit exceeded");
        assert!(limit.may_be_repeated());
        let most = Error::answered("subscribe", "MaxSubscriptionsReachedError", "");
        assert_eq!(most.kind, ErrorKind::Quota);
    }
}
