//! Errors of the data plane, classified by what a caller can do about them.
use std::fmt;

use http::StatusCode;

use crate::channel::Channel;
use crate::secret::redact_api_keys;

/// Why an operation failed. Whether it is retried depends on this and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There are no usable credentials.
    MissingCredentials,
    /// AppSync denies access to these credentials, or the channel namespace does not exist.
    Unauthorized,
    /// A handler or a web application firewall denies the request.
    Forbidden,
    /// A handler failed, and nothing was published.
    HandlerFailed,
    /// AppSync does not accept the request in this form.
    InvalidRequest,
    /// The rate limit was exceeded, and nothing was done.
    Throttled,
    /// A quota of the connection was exceeded, such as its number of subscriptions.
    QuotaExceeded,
    /// The request was never sent.
    Unreachable,
    /// The server's certificate is not trusted.
    UntrustedCertificate,
    /// The request may or may not have been executed.
    UnknownOutcome,
    /// The connection was closed, or nothing was received for too long.
    ConnectionLost,
    /// The response is not one of an Event API.
    UnexpectedResponse,
}

/// The operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Signing a request with AWS credentials.
    Sign,
    /// Opening a connection.
    Connect,
    /// Publishing events.
    Publish,
    /// Subscribing to a channel.
    Subscribe,
    /// Ending a subscription.
    Unsubscribe,
    /// Waiting for events.
    Receive,
    /// The delivery of an event to a subscription, by AppSync.
    Deliver,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sign => "sign",
            Self::Connect => "connect",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Receive => "receive",
            Self::Deliver => "deliver",
        })
    }
}

/// An operation on an Event API failed.
///
/// Displayed on one line: the operation, AppSync's error type and message, the HTTP status and the
/// request id. API keys are removed from messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    operation: Operation,
    error_type: Option<String>,
    message: String,
    status: Option<u16>,
    request_id: Option<String>,
    channel: Option<Channel>,
}

impl Error {
    /// An error that this client detected, without an answer from AppSync.
    pub(crate) fn new(kind: ErrorKind, operation: Operation, message: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            error_type: None,
            message: redact_api_keys(&message.into()),
            status: None,
            request_id: None,
            channel: None,
        }
    }

    /// An error in AppSync's answer. The error type and the message can be empty.
    pub(crate) fn from_answer(operation: Operation, error_type: &str, message: &str) -> Self {
        let kind = kind_of(error_type, message);
        let error_type = (!error_type.is_empty()).then(|| error_type.to_owned());
        Self { error_type, ..Self::new(kind, operation, message) }
    }

    pub(crate) fn with_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn with_channel(self, channel: &Channel) -> Self {
        Self { channel: Some(channel.clone()), ..self }
    }

    pub(crate) fn with_request_id(self, request_id: Option<String>) -> Self {
        Self { request_id, ..self }
    }

    /// Adds the status of an HTTP response, which also refines the kind.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self.kind = match (status.as_u16(), self.kind) {
            (401, _) => ErrorKind::Unauthorized,
            (_, ErrorKind::HandlerFailed) => ErrorKind::HandlerFailed,
            (403, ErrorKind::InvalidRequest) => ErrorKind::Forbidden,
            (429, _) => ErrorKind::Throttled,
            (500..=599, _) => ErrorKind::UnknownOutcome,
            (404, ErrorKind::InvalidRequest) if self.error_type.is_none() => {
                ErrorKind::UnexpectedResponse
            }
            (_, kind) => kind,
        };
        self
    }

    /// An HTTP response that no Event API sends.
    pub(crate) fn from_unexpected_status(operation: Operation, status: StatusCode) -> Self {
        let error = Self::unexpected_response(operation);
        Self { status: Some(status.as_u16()), ..error }
    }

    pub(crate) fn unexpected_response(operation: Operation) -> Self {
        let message = "the response is not one of an Event API";
        Self::new(ErrorKind::UnexpectedResponse, operation, message)
    }

    /// Why the operation failed.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The operation that failed.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// AppSync's type of the error, such as `UnauthorizedException`, if the answer has one.
    pub fn error_type(&self) -> Option<&str> {
        self.error_type.as_deref()
    }

    /// What went wrong, for people. Empty if AppSync's answer only has a type.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The status of the HTTP response, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// AppSync's id of the request, which AWS Support can look up.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The channel, if a subscription failed.
    pub fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Whether the request was certainly not executed, and may succeed if it is repeated.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled | ErrorKind::Unreachable)
    }

    /// Whether a new connection may succeed.
    pub fn is_transient(&self) -> bool {
        self.is_retryable()
            || matches!(self.kind, ErrorKind::ConnectionLost | ErrorKind::UnknownOutcome)
    }
}

fn kind_of(error_type: &str, message: &str) -> ErrorKind {
    // Over HTTP some types are followed by a colon and a URL.
    match error_type.split(':').next().unwrap_or_default() {
        "UnauthorizedException" | "Unauthorized" | "NotAuthorizedException" => {
            ErrorKind::Unauthorized
        }
        "AccessDeniedException" | "ForbiddenException" | "WAFForbiddenException" => {
            ErrorKind::Forbidden
        }
        "TooManyRequestsException" | "ThrottlingException" | "LimitExceededException" => {
            ErrorKind::Throttled
        }
        "LimitExceededError" if message.is_empty() || message.contains("ate limit") => {
            ErrorKind::Throttled
        }
        "LimitExceededError" | "MaxSubscriptionsReachedError" => ErrorKind::QuotaExceeded,
        // The emulator's type; AppSync's is not documented (docs/reference/handlers.md#failures).
        "Code" => ErrorKind::HandlerFailed,
        "InternalFailure" | "InternalFailureException" | "ServiceUnavailableException" => {
            ErrorKind::UnknownOutcome
        }
        _ => ErrorKind::InvalidRequest,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        match (&self.error_type, self.message.as_str()) {
            (Some(error_type), "") => write!(f, "{error_type}")?,
            (Some(error_type), message) => write!(f, "{error_type}: {message}")?,
            (None, message) => write!(f, "{message}")?,
        }
        match (self.status, &self.request_id) {
            (None, None) => Ok(()),
            (Some(status), None) => write!(f, " (HTTP {status})"),
            (None, Some(request_id)) => write!(f, " (request {request_id})"),
            (Some(status), Some(request_id)) => write!(f, " (HTTP {status}, request {request_id})"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_displayed_with_its_type_and_status_and_without_keys() {
        let error = Error::from_answer(Operation::Publish, "UnauthorizedException", "");
        assert_eq!(error.to_string(), "publish: UnauthorizedException");
        let message = "no key da2-abc123 here";
        let error = Error::from_answer(Operation::Publish, "BadRequestException", message);
        let error = error.with_status(StatusCode::BAD_REQUEST);
        assert_eq!(error.to_string(), "publish: BadRequestException: no key da2-… here (HTTP 400)");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let error = error.with_request_id(Some("r1".to_owned()));
        assert!(error.to_string().ends_with(" (HTTP 400, request r1)"), "{error}");
    }

    #[test]
    fn only_errors_of_requests_that_were_certainly_not_executed_are_retryable() {
        let error = |status, error_type: &str| {
            let error = Error::from_answer(Operation::Publish, error_type, "");
            error.with_status(StatusCode::from_u16(status).unwrap())
        };
        assert!(error(429, "").is_retryable());
        assert!(!error(500, "InternalFailure").is_retryable());
        assert!(!error(401, "UnauthorizedException").is_retryable());
        assert_eq!(error(403, "Custom").kind(), ErrorKind::Forbidden);
        assert_eq!(error(500, "Code").kind(), ErrorKind::HandlerFailed);
        assert_eq!(error(404, "").kind(), ErrorKind::UnexpectedResponse);
        let subscribe =
            |error_type, message| Error::from_answer(Operation::Subscribe, error_type, message);
        assert!(subscribe("LimitExceededError", "Rate limit exceeded").is_retryable());
        let kind = subscribe("MaxSubscriptionsReachedError", "").kind();
        assert_eq!(kind, ErrorKind::QuotaExceeded);
    }
}
