//! Functions that AppSync invokes directly, without handler code
//! (docs/reference/handlers.md#direct-integration).
use serde_json::Value;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::handlers::call::{IncomingEvent, PublishOutcome};
use crate::data_plane::handlers::data_sources::aws::function_arn;
use crate::data_plane::handlers::outcome;
use crate::data_plane::outbound::OutboundClient;
use crate::data_plane::undocumented;
use crate::state::Api;

/// Invokes the function of the data source `name`, and returns its response if `waits`.
pub async fn invoke(
    outbound: &OutboundClient,
    api: &Api,
    name: &str,
    waits: bool,
    context: &Value,
) -> Result<Option<Value>, DataPlaneError> {
    let function = api.data_sources.get(name).and_then(|source| function_arn(&source.members));
    let Some(function) = function else {
        return Err(undocumented::function_failed(format!("`{name}` is not a Lambda data source")));
    };
    let result = outbound.invoke(function, waits, context).await;
    let result = result.map_err(undocumented::function_failed)?;
    match result.error() {
        Some(error) => Err(undocumented::function_failed(format!("`{name}` failed: {error}"))),
        None => Ok(waits.then_some(result.payload)),
    }
}

/// Returns the outcome of a publish, from a function's response.
pub fn publish_outcome(
    response: &Value,
    events: &[IncomingEvent],
) -> Result<PublishOutcome, DataPlaneError> {
    if let Some(error) = error_message(response) {
        return Err(undocumented::function_failed(format!(
            "the function returned `error`: {error}"
        )));
    }
    match response {
        Value::Null => Ok(PublishOutcome::default()),
        Value::Object(members) => {
            outcome::publish_outcome(members.get("events").unwrap_or(&Value::Null), events)
        }
        other => Err(undocumented::bad_handler_result(format!(
            "the function returned {other} instead of an object with `events`"
        ))),
    }
}

/// Whether a response drops every event because it has no list of events, which is seldom intended.
pub fn has_no_events(response: &Value) -> bool {
    match response {
        Value::Null => true,
        Value::Object(members) => {
            error_message(response).is_none() && members.get("events").is_none_or(Value::is_null)
        }
        _ => false,
    }
}

/// Checks whether a function's response allows the subscription.
pub fn check_subscription(response: &Value) -> Result<(), DataPlaneError> {
    match error_message(response) {
        Some(error) => Err(undocumented::subscription_denied(error)),
        None => Ok(()),
    }
}

fn error_message(response: &Value) -> Option<String> {
    match response.get("error")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
