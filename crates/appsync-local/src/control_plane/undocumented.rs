//! Undocumented behavior of AppSync's control plane, and the emulator's choice, some of them by emulator options. Each
//! cites the page of `docs/reference` with what is known. Nothing here is documented by AWS.
use crate::emulator_options::{ConstraintError, DuplicateError, EmulatorOptions};
use crate::protocol::response::AwsError;

const CONSTRAINT: &str = "ValidationException";

/// Gives the error of a violated constraint the configured code; other errors remain.
pub fn with_configured_code(mut error: AwsError, options: &EmulatorOptions) -> AwsError {
    if error.code == CONSTRAINT && options.constraint_error == ConstraintError::BadRequest {
        error.code = "BadRequestException".into();
    }
    error
}

/// The error for a member that violates a constraint of the model; [`with_configured_code`] decides on its code.
pub fn constraint_error(member: &str, constraint: &str) -> AwsError {
    let message = format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    );
    AwsError::new(400, CONSTRAINT, message)
}

/// The error for a duplicate domain name (docs/reference/domains.md#duplicate-names: BadRequestException
/// is the only modelled candidate).
pub fn duplicate_domain_name(name: &str) -> AwsError {
    AwsError::bad_request(format!("Domain name {name} already exists."))
}

/// The error for a mode that the API does not offer (docs/reference/authorization.md#modes: text unknown).
pub fn mode_not_offered(mode: &str) -> AwsError {
    let message =
        format!("Auth type {mode} is not configured in the authorization providers of the API.");
    AwsError::bad_request(message)
}

/// The error for a duplicate channel namespace name (docs/reference/channel-namespaces.md#duplicate-names:
/// error and text unknown).
pub fn duplicate_namespace(name: &str, options: &EmulatorOptions) -> AwsError {
    let message = format!("Channel namespace with name {name} already exists.");
    match options.duplicate_namespace {
        DuplicateError::Conflict => AwsError::new(409, "ConflictException", message),
        DuplicateError::BadRequest => AwsError::bad_request(message),
    }
}

/// The error for deleting a data source that code uses (docs/reference/data-sources.md#deletion: error and
/// text unknown).
pub fn data_source_in_use(name: &str) -> AwsError {
    AwsError::bad_request(format!("Data source {name} is still used by a channel namespace."))
}

/// The error for a log role that does not exist in IAM (docs/reference/iam.md#checks-of-a-log-role: error and text
/// unknown).
pub fn missing_role(arn: &str) -> AwsError {
    AwsError::bad_request(format!("The role {arn} does not exist or can't be assumed by AppSync."))
}
