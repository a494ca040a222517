//! Classifies everything that can go wrong in a call of AWS.
//!
//! [`AwsError`] has one [`ErrorClass`], which is found here and nowhere else: from the SDK's error, from AWS's
//! error code and, where a code has several meanings, from its message. No message contains an API key.
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

/// A call that failed, or a failure that this crate found without a call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{message}{}", self.prefix(), self.suffix())]
pub struct AwsError {
    /// Determines retries, advice and exit code.
    pub class: ErrorClass,
    /// The name of the API operation, such as `CreateApi`. Empty if the failure is not one call's.
    pub operation: &'static str,
    /// AWS's error code, if there is one.
    pub code: Option<String>,
    /// AWS's message, after the code. API keys in it are masked.
    pub message: String,
    /// The id of the request, for AWS Support.
    pub request_id: Option<String>,
    /// Whether an earlier call of the same step has already changed something.
    pub is_partial: bool,
    /// The errors that AppSync found in a handler's code, if it rejected that.
    pub code_errors: Vec<CodeError>,
}

impl AwsError {
    /// Makes an error that is not a response of AWS.
    pub(crate) fn new(
        class: ErrorClass,
        operation: &'static str,
        message: impl Into<String>,
    ) -> Self {
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

    /// Returns the error as one that followed a change.
    pub(crate) fn partial(self) -> Self {
        Self { is_partial: true, ..self }
    }

    /// Makes the error of a run that stops because another run changes the stack, as `message` describes.
    pub(crate) fn superseded(message: &str) -> Self {
        Self::new(ErrorClass::Superseded, "", message)
    }

    fn prefix(&self) -> String {
        match self.operation {
            "" => String::new(),
            operation => format!("{operation}: "),
        }
    }

    fn suffix(&self) -> String {
        self.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
    }
}

/// Returns a function that classifies the SDK's errors:
/// `client.create_api().send().await.map_err(failed("CreateApi"))?`.
pub(crate) fn failed<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| {
        let response = error.raw_response();
        let status = response.map(|response| response.status().as_u16());
        let request_id = response.and_then(|response| response.headers().get("x-amzn-requestid"));
        let request_id = request_id.map(str::to_owned);
        let code = error.code().map(str::to_owned);
        let missing = response.and_then(missing_operation);
        let reported = missing.clone().or_else(|| error.message().map(str::to_owned));
        let class = match &error {
            _ if missing.is_some() => ErrorClass::Unsupported,
            SdkError::ConstructionFailure(_) => {
                no_credentials(&error).unwrap_or(ErrorClass::Invalid)
            }
            SdkError::TimeoutError(_) => ErrorClass::Uncertain,
            SdkError::DispatchFailure(failure) => no_credentials(&error).unwrap_or_else(|| {
                failure.as_connector_error().map_or(ErrorClass::Uncertain, class_of_connection)
            }),
            SdkError::ResponseError(_) => ErrorClass::Uncertain,
            _ => {
                class_of_response(code.as_deref(), reported.as_deref().unwrap_or_default(), status)
            }
        };
        let reported = match class {
            ErrorClass::NoCredentials => {
                format!("no AWS credentials found: {}", first_line(&causes(&error)))
            }
            // The SDK's own message is generic; the reason is in the causes.
            _ => reported.or_else(|| code.clone()).unwrap_or_else(|| causes(&error)),
        };
        let message = match &code {
            Some(code) if *code != reported => format!("{code}: {reported}"),
            _ => reported,
        };
        let message = without_keys(&message);
        AwsError { code, request_id, ..AwsError::new(class, operation, message) }
    }
}

/// Returns the value, or `None` if the call failed because the resource does not exist.
pub(crate) fn if_exists<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns what AppSync found in handler code that it rejected with the reason `CODE_ERROR`
/// (docs/reference/handlers.md#code-errors).
pub(crate) fn code_errors(rejection: &BadRequestException) -> Vec<CodeError> {
    let from_sdk = |error: &sdk::CodeError| {
        let location = error.location();
        // An unknown line or column is 0, an unknown span is -1.
        let known = |number: Option<i32>| {
            number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
        };
        CodeError {
            kind: error.error_type().unwrap_or_default().to_owned(),
            message: without_keys(error.value().unwrap_or_default()),
            line: known(location.map(sdk::CodeErrorLocation::line)),
            column: known(location.map(sdk::CodeErrorLocation::column)),
            span: known(location.map(sdk::CodeErrorLocation::span)),
        }
    };
    let detail = rejection.detail().into_iter();
    detail.flat_map(|detail| detail.code_errors().iter().map(from_sdk)).collect()
}

/// Masks API keys in a message of AWS: it names what it did not find, and the id of a key is the key.
fn without_keys(message: &str) -> String {
    let mut masked = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("da2-") {
        masked.push_str(before);
        masked.push_str("da2-…");
        rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    }
    masked + rest
}

/// Classifies an error response of AWS.
fn class_of_response(code: Option<&str>, message: &str, status: Option<u16>) -> ErrorClass {
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
        // The service model documents it for a duplicate name and for an update in progress.
        "ConflictException" | "EntityAlreadyExists" => ErrorClass::Exists,
        "ConcurrentModificationException"
        | "ConcurrentModification"
        // WAF reports it for an API that has just been created.
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
        "BadRequestException" if is_about_a_role(message) => ErrorClass::RoleNotReady,
        _ => match status {
            Some(429) => ErrorClass::Throttled,
            Some(501) => ErrorClass::Unsupported,
            Some(500..=599) => ErrorClass::Uncertain,
            Some(400..=499) => ErrorClass::Invalid,
            _ => ErrorClass::Unexpected,
        },
    }
}

/// Whether the message is about a role that AppSync cannot assume yet. Its wording is undocumented; these words
/// are common to the messages of AppSync and of similar services.
fn is_about_a_role(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("role")
        && ["assume", "trust", "permission"].iter().any(|word| message.contains(word))
}

/// Classifies a connection that failed. A refused one never sent the call; one that was lost may have.
fn class_of_connection(error: &ConnectorError) -> ErrorClass {
    if was_refused(error) { ErrorClass::Unreachable } else { ErrorClass::Uncertain }
}

/// Whether the connection was refused, or the host name is unknown, so that the call was never sent.
pub(crate) fn was_refused(error: &ConnectorError) -> bool {
    let text = causes(error).to_ascii_lowercase();
    ["connection refused", "dns error", "failed to lookup"]
        .iter()
        .any(|reason| text.contains(reason))
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

/// Returns the first line of the SDK's message, which goes on to list every source of credentials that it tried.
fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.strip_suffix(". Attempted:").unwrap_or(line)
}

/// Joins the reasons along the chain of causes. The SDK's own message omits them.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rejection) = rejected_role(error) {
            reasons.push(rejection);
            break;
        }
        let text = error.to_string();
        // The SDK's messages that only refer to their cause.
        let generic = [
            "dispatch failure",
            "service error",
            "other",
            "io error",
            "an error occurred while loading credentials",
        ];
        if !generic.contains(&text.as_str())
            && reasons.last().is_none_or(|last| !last.contains(&text))
        {
            reasons.push(text);
        }
        cause = error.source();
    }
    reasons.join(": ")
}

/// Returns STS's response to a request for the credentials of a role, as profiles and web identities make it.
fn rejected_role(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    fn describe<E: ProvideErrorMetadata + 'static>(operation: &str, error: &E) -> String {
        let code = error.code().unwrap_or("no code");
        format!("{operation}: {code}: {}", error.message().unwrap_or("no message"))
    }
    if let Some(error) = error.downcast_ref::<AssumeRoleError>() {
        return Some(describe("AssumeRole", error));
    }
    let error = error.downcast_ref::<AssumeRoleWithWebIdentityError>()?;
    Some(describe("AssumeRoleWithWebIdentity", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_keys_are_masked_in_messages() {
        for (message, expected) in [
            ("no da2-abc123 here, da2-x", "no da2-… here, da2-…"),
            ("nothing to hide", "nothing to hide"),
            ("da2-", "da2-…"),
        ] {
            assert_eq!(without_keys(message), expected);
        }
    }

    #[test]
    fn responses_are_classified_by_code_message_and_status() {
        let check = |code: &str, message: &str, status: u16, class: ErrorClass| {
            assert_eq!(
                class_of_response(Some(code), message, Some(status)),
                class,
                "{code} {message}"
            );
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
        assert_eq!(class_of_response(None, "", Some(503)), ErrorClass::Uncertain);
    }
}
