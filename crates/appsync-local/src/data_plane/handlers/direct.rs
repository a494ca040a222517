//! Functions that AppSync calls itself, without code between
//! (docs/reference/handlers.md#direct-integration).
use serde_json::Value;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::handlers::call::{IncomingEvent, PublishOutcome};
use crate::data_plane::handlers::data_sources::aws::function_arn;
use crate::data_plane::handlers::outcome;
use crate::data_plane::outbound::client::OutboundClient;
use crate::data_plane::undocumented;
use crate::state::Api;

/// Calls the function of the data source `name`. None: its answer was not waited for.
pub async fn invoke(
    outbound: &OutboundClient,
    api: &Api,
    name: &str,
    waits: bool,
    context: &Value,
) -> Result<Option<Value>, DataPlaneError> {
    let function = api.data_sources.get(name).and_then(|it| function_arn(&it.members));
    let Some(function) = function else {
        return Err(undocumented::function_failed(format!("`{name}` is not a Lambda data source")));
    };
    let invoked = outbound.invoke(function, waits, context).await;
    let invoked = invoked.map_err(undocumented::function_failed)?;
    match invoked.error() {
        Some(error) => Err(undocumented::function_failed(format!("`{name}` failed: {error}"))),
        None => Ok(waits.then_some(invoked.payload)),
    }
}

/// What a function's answer lets through of `events`.
pub fn publish_outcome(
    answer: &Value,
    events: &[IncomingEvent],
) -> Result<PublishOutcome, DataPlaneError> {
    if let Some(error) = error_message(answer) {
        return Err(undocumented::function_failed(format!(
            "the function answered with `error`: {error}"
        )));
    }
    match answer {
        Value::Null => Ok(PublishOutcome::default()),
        Value::Object(members) => {
            outcome::publish_outcome(members.get("events").unwrap_or(&Value::Null), events)
        }
        other => Err(undocumented::bad_handler_result(format!(
            "the function answered {other}, and no object with `events`"
        ))),
    }
}

/// Whether an answer drops every event because it does not list them, which is seldom intended.
pub fn has_no_events(answer: &Value) -> bool {
    match answer {
        Value::Null => true,
        Value::Object(members) => {
            error_message(answer).is_none() && members.get("events").is_none_or(Value::is_null)
        }
        _ => false,
    }
}

/// Whether a function's answer allows the subscription.
pub fn check_subscription(answer: &Value) -> Result<(), DataPlaneError> {
    match error_message(answer) {
        Some(error) => Err(undocumented::subscription_denied(error)),
        None => Ok(()),
    }
}

fn error_message(answer: &Value) -> Option<String> {
    match answer.get("error")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
