//! What policies of IAM have in common.
use serde_json::Value;

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::request::{HandlerError, INVALID_REQUEST};

/// A document, which templates have as an object, as the text that an operation takes.
pub fn text(document: Option<&Value>) -> String {
    match document {
        Some(Value::String(text)) => text.clone(),
        Some(document) => document.to_string(),
        None => String::new(),
    }
}

/// Rejects a policy of users or groups, which the emulator does not have.
pub fn check_principals(context: &Context<'_>) -> Result<(), HandlerError> {
    match ["Users", "Groups"].into_iter().find(|name| !context.list(name).is_empty()) {
        None => Ok(()),
        Some(name) => {
            let message = format!(
                "provision's emulator does not support {name} in {}, only Roles",
                context.type_name
            );
            Err(HandlerError::new(INVALID_REQUEST, &message))
        }
    }
}
