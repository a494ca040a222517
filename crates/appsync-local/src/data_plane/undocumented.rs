//! Undocumented behavior of the data plane, and what the emulator does. Each cites the page of `docs/reference` that says
//! what is known.
use crate::data_plane::error::DataPlaneError;
use crate::emulator_options::{BadSignatureError, EmulatorOptions};

/// `code` of an event that a handler failed (docs/reference/data-plane.md#failed-events: values
/// unknown).
pub const FAILED_EVENT_CODE: u16 = 400;

/// A signature that does not verify, or not at this time
/// (docs/reference/authorization.md#bad-signatures: seen on a WebSocket only).
pub fn bad_signature(message: &str, options: &EmulatorOptions) -> DataPlaneError {
    match options.bad_signature {
        BadSignatureError::BadRequest => DataPlaneError::bad_request(message),
        BadSignatureError::Unauthorized => DataPlaneError::unauthorized(message),
    }
}

/// The error of a signature that does not verify: AWS's message, with the canonical request.
pub fn signature_mismatch(canonical: &str, to_sign: &str) -> String {
    format!(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )
}

/// An unknown access key (docs/reference/authorization.md#bad-signatures: error of AWS's
/// services at large).
pub fn unknown_access_key(options: &EmulatorOptions) -> DataPlaneError {
    let message = "The security token included in the request is invalid.";
    match options.bad_signature {
        BadSignatureError::BadRequest => {
            DataPlaneError::new(403, "UnrecognizedClientException").with_message(message)
        }
        BadSignatureError::Unauthorized => DataPlaneError::unauthorized(message),
    }
}

/// `util.error` in a handler: 403 (docs/reference/handlers.md#explicit-errors); its type where the
/// handler names none is unknown.
pub fn handler_error(error_type: Option<String>, message: String) -> DataPlaneError {
    let error_type = error_type.unwrap_or_else(|| "ForbiddenException".to_owned());
    DataPlaneError::new(403, error_type).with_message(message)
}

/// A handler that throws or goes beyond a limit (docs/reference/handlers.md#failures: unknown; the words are those of
/// AppSync's other runtime of the same language).
pub fn handler_threw(why: impl Into<String>) -> DataPlaneError {
    DataPlaneError::new(500, "Code").with_message("Runtime Error").with_reason(why)
}

/// A handler that does not return a list of its events: an unknown id, a duplicate id, no list at all
/// (docs/reference/handlers.md#publish-results: an error, and which is unknown). `handler_broke` with another reason.
pub fn bad_handler_result(why: impl Into<String>) -> DataPlaneError {
    handler_threw(why)
}

/// A function that is called directly and fails, or says `error` to a publish
/// (docs/reference/handlers.md#direct-integration: 403 or 40x by one source; the text is unknown, and the function's
/// own is not passed on).
pub fn function_failed(why: impl Into<String>) -> DataPlaneError {
    DataPlaneError::new(403, "ForbiddenException")
        .with_message("The function failed.")
        .with_reason(why)
}

/// A function that is called directly and refuses a subscription with `error`
/// (docs/reference/handlers.md#direct-integration: its type is unknown).
pub fn subscription_denied(message: impl Into<String>) -> DataPlaneError {
    DataPlaneError::new(403, "ForbiddenException").with_message(message)
}
