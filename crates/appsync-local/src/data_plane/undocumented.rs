//! Undocumented behavior of the data plane, and what the emulator does instead. Each function cites the page of
//! `docs/reference` that has the known facts.
use crate::data_plane::error::DataPlaneError;
use crate::emulator_options::{BadSignatureError, EmulatorOptions};

/// The `code` of an event that a handler failed (docs/reference/data-plane.md#failed-events: the values are
/// undocumented).
pub const FAILED_EVENT_CODE: u16 = 400;

/// The error of a signature that is not valid, or not at this time
/// (docs/reference/authorization.md#bad-signatures: observed on a WebSocket only).
pub fn bad_signature(message: &str, options: &EmulatorOptions) -> DataPlaneError {
    match options.bad_signature {
        BadSignatureError::BadRequest => DataPlaneError::bad_request(message),
        BadSignatureError::Unauthorized => DataPlaneError::unauthorized(message),
    }
}

/// The message for a signature that is not valid: AWS's, with the canonical request.
pub fn signature_mismatch(canonical: &str, to_sign: &str) -> String {
    format!(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )
}

/// The error of an unknown access key (docs/reference/authorization.md#bad-signatures: the error of AWS's
/// services in general).
pub fn unknown_access_key(options: &EmulatorOptions) -> DataPlaneError {
    let message = "The security token included in the request is invalid.";
    match options.bad_signature {
        BadSignatureError::BadRequest => {
            DataPlaneError::new(403, "UnrecognizedClientException").with_message(message)
        }
        BadSignatureError::Unauthorized => DataPlaneError::unauthorized(message),
    }
}

/// The error of `util.error` in a handler: 403 (docs/reference/handlers.md#explicit-errors). Its type if the
/// handler specifies none is undocumented.
pub fn handler_error(error_type: Option<String>, message: String) -> DataPlaneError {
    let error_type = error_type.unwrap_or_else(|| "ForbiddenException".to_owned());
    DataPlaneError::new(403, error_type).with_message(message)
}

/// The error of a handler that throws or exceeds a limit (docs/reference/handlers.md#failures: undocumented; the
/// message is that of AppSync's other runtime of the same language).
pub fn handler_threw(reason: impl Into<String>) -> DataPlaneError {
    DataPlaneError::new(500, "Code").with_message("Runtime Error").with_reason(reason)
}

/// The error of a handler that does not return a list of its events, because of an unknown id, a duplicate id or
/// another type (docs/reference/handlers.md#publish-results: which error is undocumented).
pub fn bad_handler_result(reason: impl Into<String>) -> DataPlaneError {
    handler_threw(reason)
}

/// The error of a direct function that fails, or returns `error` for a publish
/// (docs/reference/handlers.md#direct-integration: 403 or 40x, by one source; the message is undocumented, and is
/// not the function's own).
pub fn function_failed(reason: impl Into<String>) -> DataPlaneError {
    DataPlaneError::new(403, "ForbiddenException")
        .with_message("The function failed.")
        .with_reason(reason)
}

/// The error of a direct function that denies a subscription with `error`
/// (docs/reference/handlers.md#direct-integration: its type is undocumented).
pub fn subscription_denied(message: impl Into<String>) -> DataPlaneError {
    DataPlaneError::new(403, "ForbiddenException").with_message(message)
}
