//! Code of handlers in S3.
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::request::{HandlerError, INVALID_REQUEST, NOT_FOUND};
use crate::control_plane::s3;
use crate::control_plane::s3::location::ObjectLocation;

/// The text of the object at `s3://<bucket>/<key>`.
pub fn read_code(context: &Context<'_>, location: &str) -> Result<String, HandlerError> {
    let object = ObjectLocation::from_s3_uri(location)
        .and_then(|at| s3::object::object(context.store, context.caller, &at.bucket, &at.key));
    let Some(body) = object else {
        let message =
            format!("The specified key does not exist: {location} (Service: S3, Status Code: 404)");
        return Err(HandlerError::new(NOT_FOUND, &message));
    };
    String::from_utf8(body).map_err(|_| {
        HandlerError::new(INVALID_REQUEST, &format!("The code at {location} is not UTF-8."))
    })
}
