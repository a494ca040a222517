//! What can go wrong at AWS, and what it means to us.
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_appsync::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_appsync::types as sdk;
use aws_sdk_appsync::types::error::BadRequestException;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use provision_core::failure::{CodeError, ErrorClass};

use crate::stand_ins::missing_operation;

#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{message}{}", self.before(), self.behind())]
pub struct AwsError {
    pub class: ErrorClass,
    pub operation: &'static str,
    /// AWS's code, where it gave one.
    pub code: Option<String>,
    pub message: String,
    pub request_id: Option<String>,
    /// Whether calls before this one, for the same purpose, have changed something already.
    pub is_partial: bool,
    /// What AppSync found in a handler's code, where that is what it refuses.
    pub code_errors: Vec<CodeError>,
}

impl AwsError {
    /// What we found out ourselves, in the place of an answer.
    pub fn new(class: ErrorClass, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            class,
            operation,
            code: None,
            message: message.into(),
            request_id: None,
            is_partial: false,
            code_errors: vec![],
        }
    }
    /// The same, after something was changed.
    pub fn partial(self) -> Self {
        Self { is_partial: true, ..self }
    }
    /// Another apply of the stack is under way, which `message` tells of.
    pub fn superseded(message: &str) -> Self {
        Self::new(ErrorClass::Superseded, "", message)
    }
    fn before(&self) -> String {
        // Before the first call there is no operation.
        if self.operation.is_empty() { String::new() } else { format!("{}: ", self.operation) }
    }
    fn behind(&self) -> String {
        self.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
    }
}

/// `client.create_api().send().await.map_err(failed("CreateApi"))?`
pub fn failed<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| {
        let response = error.raw_response();
        let status = response.map(|it| it.status().as_u16());
        let header = |name| response.and_then(|it| it.headers().get(name)).map(str::to_owned);
        let request_id = header("x-amzn-requestid");
        let code = error.code().map(str::to_owned);
        let missing = response.and_then(missing_operation);
        let told = missing.clone().or_else(|| error.message().map(str::to_owned));
        let class = match &error {
            _ if missing.is_some() => ErrorClass::Unsupported,
            SdkError::ConstructionFailure(_) => {
                no_credentials(&error).unwrap_or(ErrorClass::Invalid)
            }
            SdkError::TimeoutError(_) => ErrorClass::Uncertain,
            SdkError::DispatchFailure(failure) => no_credentials(&error).unwrap_or_else(|| {
                failure.as_connector_error().map_or(ErrorClass::Uncertain, unsent)
            }),
            SdkError::ResponseError(_) => ErrorClass::Uncertain,
            _ => answered(code.as_deref(), told.as_deref().unwrap_or_default(), status),
        };
        let told = match class {
            ErrorClass::NoCredentials => format!("no credentials: {}", first_line(&causes(&error))),
            // The SDK keeps its own text short and the reason in the causes.
            _ => told.or_else(|| code.clone()).unwrap_or_else(|| causes(&error)),
        };
        let message = match &code {
            Some(code) if *code != told => format!("{code}: {told}"),
            _ => told,
        };
        let message = without_keys(&message);
        let known = AwsError::new(class, operation, message);
        AwsError { code, request_id, ..known }
    }
}

/// Returns the value, or `None` if AWS answered that the thing does not exist.
///
/// # Errors
///
/// Every other failure of the call.
pub fn if_exists<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What AppSync says of the code that it refused: `reason: CODE_ERROR`
/// (docs/reference/handlers.md#code-errors).
pub fn code_errors(refusal: &BadRequestException) -> Vec<CodeError> {
    let of_sdk = |error: &sdk::CodeError| {
        let at = error.location();
        // Unknown is 0 for a line and a column, -1 for a span.
        let known = |it: Option<i32>| it.and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 0);
        CodeError {
            kind: error.error_type().unwrap_or_default().to_owned(),
            message: without_keys(error.value().unwrap_or_default()),
            line: known(at.map(sdk::CodeErrorLocation::line)),
            column: known(at.map(sdk::CodeErrorLocation::column)),
            span: known(at.map(sdk::CodeErrorLocation::span)),
        }
    };
    refusal.detail().into_iter().flat_map(|it| it.code_errors().iter().map(of_sdk)).collect()
}

/// The message without the API keys in it: AWS names what it did not find, and a key's name is the key.
pub fn without_keys(message: &str) -> String {
    let mut kept = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("da2-") {
        kept.push_str(before);
        kept.push_str("da2-…");
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
    }
    kept + rest
}

/// What AWS's own answer means.
fn answered(code: Option<&str>, message: &str, status: Option<u16>) -> ErrorClass {
    match code.unwrap_or_default() {
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "RequestExpired"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken" => ErrorClass::Denied,
        "NotFoundException" | "NoSuchEntity" | "WAFNonexistentItemException" => ErrorClass::NotFound,
        // The model says it of a duplicate name and of an update still under way alike.
        "ConflictException" | "EntityAlreadyExists" => ErrorClass::Exists,
        "ConcurrentModificationException"
        | "ConcurrentModification"
        // WAF says it of an API that was made a moment ago.
        | "WAFUnavailableEntityException" => ErrorClass::Busy,
        "ServiceQuotaExceededException"
        | "ApiKeyLimitExceededException"
        | "LimitExceeded"
        | "WAFLimitsExceededException"
        | "ApiLimitExceededException" => ErrorClass::Quota,
        "UnknownOperationException" | "NotImplementedException" | "InvalidAction" => {
            ErrorClass::Unsupported
        }
        "LimitExceededException"
        | "TooManyRequestsException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded" => ErrorClass::Throttled,
        "BadRequestException" if message.contains("already exists") => ErrorClass::Exists,
        "BadRequestException" if about_a_role(message) => ErrorClass::RoleNotReady,
        _ => match status {
            Some(429) => ErrorClass::Throttled,
            Some(501) => ErrorClass::Unsupported,
            Some(500..=599) => ErrorClass::Uncertain,
            Some(400..=499) => ErrorClass::Invalid,
            _ => ErrorClass::Unexpected,
        },
    }
}

/// Nobody has published AppSync's words for a role it can't assume yet; these are what it, and
/// services like it, say of one.
fn about_a_role(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("role")
        && ["assume", "trust", "permission"].iter().any(|it| message.contains(it))
}

/// A connection that was refused never carried the call; one that broke may have.
fn unsent(error: &ConnectorError) -> ErrorClass {
    if was_refused(error) { ErrorClass::Unreachable } else { ErrorClass::Uncertain }
}

/// Whether nobody was there to take the call.
pub fn was_refused(error: &ConnectorError) -> bool {
    let text = causes(error).to_ascii_lowercase();
    ["connection refused", "dns error", "failed to lookup"].iter().any(|it| text.contains(it))
}

fn no_credentials(error: &(dyn std::error::Error + 'static)) -> Option<ErrorClass> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return Some(ErrorClass::NoCredentials);
        }
        cause = error.source();
    }
    None
}

/// The SDK tells at length where it has looked.
fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.strip_suffix(". Attempted:").unwrap_or(line)
}

/// The innermost reasons, which the SDK's own text leaves out.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = refused_role(error) {
            reasons.push(refused);
            break;
        }
        let text = error.to_string();
        // The SDK's words for "see below".
        let empty = [
            "dispatch failure",
            "service error",
            "other",
            "io error",
            "an error occurred while loading credentials",
        ];
        if !empty.contains(&text.as_str())
            && reasons.last().is_none_or(|last| !last.contains(&text))
        {
            reasons.push(text);
        }
        cause = error.source();
    }
    reasons.join(": ")
}

/// What STS said to whoever asked for the credentials of a role, which profiles and web identities lead to.
fn refused_role(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    fn said<E: ProvideErrorMetadata + 'static>(operation: &str, error: &E) -> String {
        let code = error.code().unwrap_or("no code");
        format!("{operation}: {code}: {}", error.message().unwrap_or("no message"))
    }
    let by_role = error.downcast_ref().map(|it: &AssumeRoleError| said("AssumeRole", it));
    by_role.or_else(|| {
        let error: &AssumeRoleWithWebIdentityError = error.downcast_ref()?;
        Some(said("AssumeRoleWithWebIdentity", error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_holds_a_key() {
        for (message, expected) in [
            ("no da2-abc123 here, da2-x", "no da2-… here, da2-…"),
            ("nothing to hide", "nothing to hide"),
            ("da2-", "da2-…"),
        ] {
            assert_eq!(without_keys(message), expected);
        }
    }

    #[test]
    fn an_answer_means_what_its_code_says() {
        let check = |code: &str, message: &str, status: u16, class: ErrorClass| {
            assert_eq!(answered(Some(code), message, Some(status)), class, "{code} {message}");
        };
        check("ConcurrentModificationException", "", 409, ErrorClass::Busy);
        check("ConflictException", "", 409, ErrorClass::Exists);
        check(
            "BadRequestException",
            "Data source with name x already exists",
            400,
            ErrorClass::Exists,
        );
        check("BadRequestException", "The role can't be assumed", 400, ErrorClass::RoleNotReady);
        check("BadRequestException", "expiry", 400, ErrorClass::Invalid);
        check("LimitExceededException", "", 429, ErrorClass::Throttled);
        check("NoSuchEntity", "", 404, ErrorClass::NotFound);
        check("NotFoundException", "Data source x not found", 404, ErrorClass::NotFound);
        check("WAFNonexistentItemException", "", 400, ErrorClass::NotFound);
        check("WAFUnavailableEntityException", "", 400, ErrorClass::Busy);
        check("WAFLimitsExceededException", "", 400, ErrorClass::Quota);
        check("WAFInvalidParameterException", "", 400, ErrorClass::Invalid);
        check("WAFInternalErrorException", "", 500, ErrorClass::Uncertain);
        check("InternalFailureException", "", 500, ErrorClass::Uncertain);
        assert_eq!(answered(None, "", Some(503)), ErrorClass::Uncertain);
    }
}
