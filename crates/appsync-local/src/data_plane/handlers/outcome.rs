//! What a handler's result means for the events of a publish, and for the client
//! (docs/reference/handlers.md#publish-results, docs/reference/handlers.md#explicit-errors).
use std::collections::HashMap;

use serde_json::Value;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::error::HandlerLocation;
use crate::data_plane::handlers::call::{IncomingEvent, ON_PUBLISH, PublishOutcome};
use crate::data_plane::handlers::runtime::run::{HandlerOutcome, Rejection};
use crate::data_plane::handlers::runtime::script::CodePosition;
use crate::data_plane::message::EVENT_MAX;
use crate::data_plane::undocumented;

/// What `returned` lets through of `events`.
pub fn publish_outcome(
    returned: &Value,
    events: &[IncomingEvent],
) -> Result<PublishOutcome, DataPlaneError> {
    let wrong = |why: String| Err(undocumented::bad_handler_result(why));
    let items = match returned {
        Value::Null => return Ok(PublishOutcome::default()),
        Value::Array(items) => items,
        other => return wrong(format!("`onPublish` returned {}, and no list", type_name(other))),
    };
    let places: HashMap<&str, usize> =
        events.iter().enumerate().map(|(n, event)| (event.id.as_str(), n)).collect();
    let (mut published, mut seen) = (PublishOutcome::default(), vec![false; events.len()]);
    for item in items.iter().filter(|it| !it.is_null()) {
        let Some(item) = item.as_object() else {
            return wrong(format!("`onPublish` returned a list with {} in it", type_name(item)));
        };
        let Some(id) = item.get("id").and_then(Value::as_str) else {
            return wrong("`onPublish` returned an event without an `id`".to_owned());
        };
        let Some(place) = places.get(id).copied() else {
            return wrong(format!("`onPublish` returned the id `{id}`, which no event has"));
        };
        if std::mem::replace(&mut seen[place], true) {
            return wrong(format!("`onPublish` returned the id `{id}` twice"));
        }
        match item.get("error").unwrap_or(&Value::Null) {
            Value::Null => {
                let text = item.get("payload").unwrap_or(&Value::Null).to_string();
                // Events that became too large are dropped silently
                // (docs/reference/handlers.md#oversized-events).
                if text.len() <= EVENT_MAX {
                    published.delivered.push((place, text));
                }
            }
            Value::String(message) => published.failed.push((place, message.clone())),
            other => published.failed.push((place, other.to_string())),
        }
    }
    Ok(published)
}

/// The error for a client whose operation a handler denied, or whose handler threw.
pub fn handler_error(
    ended: &HandlerOutcome,
    namespace: &str,
    handler: &'static str,
) -> DataPlaneError {
    let named = format!("the `{handler}` of `{namespace}`");
    let (problem, at) = match ended {
        HandlerOutcome::Rejected(it) => {
            (it.error(handler, format!("{named} refused{}", position_text(it.at))), it.at)
        }
        HandlerOutcome::Failed(it) => {
            let why = format!("{named} threw{}: {}", position_text(it.at), it.message);
            (undocumented::handler_threw(why), it.at)
        }
        // Nothing of these is an error.
        HandlerOutcome::Missing | HandlerOutcome::Returned(_) | HandlerOutcome::EarlyReturn(_) => {
            let why = format!("{named} ended in an unexpected way");
            (undocumented::handler_threw(why), None)
        }
    };
    let (line, column) = at.map(|it| (it.line, it.column)).unzip();
    let code = HandlerLocation { namespace: namespace.to_owned(), handler, line, column };
    DataPlaneError { location: Some(Box::new(code)), ..problem }
}

impl Rejection {
    fn error(&self, handler: &str, why: String) -> DataPlaneError {
        if self.unauthorized {
            let problem = DataPlaneError::unauthorized(why);
            // docs/reference/handlers.md#explicit-errors: a subscription has another error type.
            return match handler {
                ON_PUBLISH => problem,
                _ => DataPlaneError { error_type: "Unauthorized".into(), ..problem },
            };
        }
        let message = self.message.clone().unwrap_or_default();
        let error_type = self.error_type.clone();
        undocumented::handler_error(error_type, message).with_reason(why)
    }
}

fn position_text(at: Option<CodePosition>) -> String {
    at.map(|CodePosition { line, column }| format!(" at line {line} column {column}"))
        .unwrap_or_default()
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
