//! The text of a template, from the request or from S3.
use std::sync::Arc;

use crate::cloudformation::request::{Members, validation_error};
use crate::control_plane::s3;
use crate::control_plane::s3::location::ObjectLocation;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::store::Store;

/// The size of a template in a request, in bytes (docs/reference/cloudformation.md#template-limits).
const BODY_BYTES_MAX: usize = 51_200;
/// The size of a template in S3, in bytes.
const OBJECT_BYTES_MAX: usize = 1_000_000;

/// The template of `TemplateBody` or `TemplateURL`, exactly one of which a request has.
pub fn template_text(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<String, AwsError> {
    match (members.text("TemplateBody"), members.text("TemplateURL")) {
        (Some(body), None) => {
            if body.len() > BODY_BYTES_MAX {
                // The value is as long as it is; AWS repeats it.
                let message = format!(
                    "1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {BODY_BYTES_MAX}"
                );
                return Err(validation_error(message));
            }
            Ok(body.to_owned())
        }
        (None, Some(url)) => {
            let location = ObjectLocation::from_template_url(url).map_err(validation_error)?;
            let ObjectLocation { bucket, key } = &location;
            let body = s3::object::object(store, caller, bucket, key);
            let body = body.ok_or_else(|| {
                validation_error(format!(
                    "S3 error: The specified key does not exist. ({bucket}/{key})"
                ))
            })?;
            if body.len() > OBJECT_BYTES_MAX {
                let message = format!("Template may not exceed {OBJECT_BYTES_MAX} bytes in size.");
                return Err(validation_error(message));
            }
            String::from_utf8(body).map_err(|_| {
                validation_error("Template format error: the template is not valid UTF-8.")
            })
        }
        _ => Err(validation_error("Either Template URL or Template Body must be specified.")),
    }
}

/// Rejects a template together with `UsePreviousTemplate`.
pub fn reject_both(members: &Members<'_>) -> Result<(), AwsError> {
    let has_template = members.text("TemplateBody").or(members.text("TemplateURL")).is_some();
    match has_template {
        true => Err(validation_error(
            "You cannot specify UsePreviousTemplate together with Template URL or Template Body.",
        )),
        false => Ok(()),
    }
}
