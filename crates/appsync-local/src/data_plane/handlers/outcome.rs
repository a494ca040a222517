//! The effect of a handler's outcome on the events of a publish, and the errors for the client
//! (docs/reference/handlers.md#publish-results, docs/reference/handlers.md#explicit-errors).
use std::collections::HashMap;

use serde_json::Value;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::error::HandlerLocation;
use crate::data_plane::handlers::call::{IncomingEvent, ON_PUBLISH, PublishOutcome};
use crate::data_plane::handlers::runtime::run::{HandlerOutcome, Rejection};
use crate::data_plane::handlers::runtime::script::CodePosition;
use crate::data_plane::message::EVENT_BYTES_MAX;
use crate::data_plane::undocumented;

/// Returns the outcome of a publish, from the value that `onPublish` returned.
pub fn publish_outcome(
    returned: &Value,
    events: &[IncomingEvent],
) -> Result<PublishOutcome, DataPlaneError> {
    let invalid = |reason: String| Err(undocumented::bad_handler_result(reason));
    let items = match returned {
        Value::Null => return Ok(PublishOutcome::default()),
        Value::Array(items) => items,
        other => {
            return invalid(format!("`onPublish` returned {} instead of a list", type_name(other)));
        }
    };
    let indices: HashMap<&str, usize> =
        events.iter().enumerate().map(|(n, event)| (event.id.as_str(), n)).collect();
    let (mut outcome, mut is_listed) = (PublishOutcome::default(), vec![false; events.len()]);
    for item in items.iter().filter(|item| !item.is_null()) {
        let Some(item) = item.as_object() else {
            return invalid(format!(
                "`onPublish` returned a list that contains {}",
                type_name(item)
            ));
        };
        let Some(id) = item.get("id").and_then(Value::as_str) else {
            return invalid("`onPublish` returned an event without an `id`".to_owned());
        };
        let Some(index) = indices.get(id).copied() else {
            return invalid(format!("`onPublish` returned the id `{id}`, which no event has"));
        };
        if std::mem::replace(&mut is_listed[index], true) {
            return invalid(format!("`onPublish` returned the id `{id}` twice"));
        }
        match item.get("error").unwrap_or(&Value::Null) {
            Value::Null => {
                let text = item.get("payload").unwrap_or(&Value::Null).to_string();
                // Events that became too large are dropped silently
                // (docs/reference/handlers.md#oversized-events).
                if text.len() <= EVENT_BYTES_MAX {
                    outcome.delivered.push((index, text));
                }
            }
            Value::String(message) => outcome.failed.push((index, message.clone())),
            other => outcome.failed.push((index, other.to_string())),
        }
    }
    Ok(outcome)
}

/// Returns the error for a client whose operation was rejected by a handler, or whose handler failed.
pub fn handler_error(
    outcome: &HandlerOutcome,
    namespace: &str,
    handler: &'static str,
) -> DataPlaneError {
    let name = format!("the `{handler}` of `{namespace}`");
    let (error, position) = match outcome {
        HandlerOutcome::Rejected(it) => (
            it.error(handler, format!("{name} rejected the operation{}", position_text(it.at))),
            it.at,
        ),
        HandlerOutcome::Failed(it) => {
            let reason = format!("{name} threw{}: {}", position_text(it.at), it.message);
            (undocumented::handler_threw(reason), it.at)
        }
        // These outcomes are not errors.
        HandlerOutcome::Missing | HandlerOutcome::Returned(_) | HandlerOutcome::EarlyReturn(_) => {
            let reason = format!("{name} ended in an unexpected way");
            (undocumented::handler_threw(reason), None)
        }
    };
    let (line, column) = position.map(|position| (position.line, position.column)).unzip();
    let code = HandlerLocation { namespace: namespace.to_owned(), handler, line, column };
    DataPlaneError { location: Some(Box::new(code)), ..error }
}

impl Rejection {
    fn error(&self, handler: &str, reason: String) -> DataPlaneError {
        if self.unauthorized {
            let error = DataPlaneError::unauthorized(reason);
            // docs/reference/handlers.md#explicit-errors: a subscription has another error type.
            return match handler {
                ON_PUBLISH => error,
                _ => DataPlaneError { error_type: "Unauthorized".into(), ..error },
            };
        }
        let message = self.message.clone().unwrap_or_default();
        let error_type = self.error_type.clone();
        undocumented::handler_error(error_type, message).with_reason(reason)
    }
}

fn position_text(position: Option<CodePosition>) -> String {
    position
        .map(|CodePosition { line, column }| format!(" at line {line} column {column}"))
        .unwrap_or_default()
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a Boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
