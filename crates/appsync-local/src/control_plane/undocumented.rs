//! Undocumented behavior of AppSync's control plane, and what the emulator does. Each cites the page of `docs/reference`
//! that says what is known.
use crate::emulator_options::{ConstraintError, DuplicateError, EmulatorOptions};
use crate::protocol::response::AwsError;

const CONSTRAINT: &str = "ValidationException";

/// The fault as AppSync would name it, if it is a broken constraint.
pub fn with_configured_code(mut fault: AwsError, options: &EmulatorOptions) -> AwsError {
    if fault.code == CONSTRAINT && options.constraint_error == ConstraintError::BadRequest {
        fault.code = "BadRequestException".into();
    }
    fault
}

/// A member that violates a constraint of the model; [`named`] returns its name.
pub fn constraint_error(member: &str, constraint: &str) -> AwsError {
    let message = format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    );
    AwsError::new(400, CONSTRAINT, message)
}

/// A duplicate domain name (docs/reference/domains.md#duplicate-names: BadRequestException
/// is the only modelled candidate).
pub fn duplicate_domain_name(name: &str) -> AwsError {
    AwsError::bad_request(format!("Domain name {name} already exists."))
}

/// A mode that the API does not offer (docs/reference/authorization.md#modes: text unknown).
pub fn mode_not_offered(mode: &str) -> AwsError {
    let message =
        format!("Auth type {mode} is not configured in the authorization providers of the API.");
    AwsError::bad_request(message)
}

/// A duplicate channel namespace name (docs/reference/channel-namespaces.md#duplicate-names:
/// error and text unknown).
pub fn duplicate_namespace(name: &str, options: &EmulatorOptions) -> AwsError {
    let message = format!("Channel namespace with name {name} already exists.");
    match options.duplicate_namespace {
        DuplicateError::Conflict => AwsError::new(409, "ConflictException", message),
        DuplicateError::BadRequest => AwsError::bad_request(message),
    }
}

/// A data source that runs with code, in use (docs/reference/data-sources.md#deletion: error and
/// text unknown).
pub fn data_source_in_use(name: &str) -> AwsError {
    AwsError::bad_request(format!("Data source {name} is still used by a channel namespace."))
}

/// A log role that IAM does not have (docs/reference/iam.md#checks-of-a-log-role: error and text
/// unknown).
pub fn missing_role(arn: &str) -> AwsError {
    AwsError::bad_request(format!("The role {arn} does not exist or can't be assumed by AppSync."))
}
