//! Functions that AppSync calls itself, without code between
//! (docs/reference/handlers.md#direct-integration).
use serde_json::Value;

use crate::data_plane::handlers::call::{Incoming, Published};
use crate::data_plane::handlers::outcome;
use crate::data_plane::handlers::sources::aws::function;
use crate::data_plane::outbound::client::Outbound;
use crate::data_plane::problem::Problem;
use crate::data_plane::undocumented;
use crate::state::Api;

/// Calls the function of the data source `name`. None: its answer was not waited for.
pub async fn call(
    outbound: &Outbound,
    api: &Api,
    name: &str,
    waits: bool,
    context: &Value,
) -> Result<Option<Value>, Problem> {
    let function = api.data_sources.get(name).and_then(|it| function(&it.members));
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
pub fn published(answer: &Value, events: &[Incoming]) -> Result<Published, Problem> {
    if let Some(error) = error(answer) {
        return Err(undocumented::function_failed(format!(
            "the function answered with `error`: {error}"
        )));
    }
    match answer {
        Value::Null => Ok(Published::default()),
        Value::Object(members) => {
            outcome::published(members.get("events").unwrap_or(&Value::Null), events)
        }
        other => Err(undocumented::bad_handler_result(format!(
            "the function answered {other}, and no object with `events`"
        ))),
    }
}

/// Whether an answer drops every event because it does not list them, which is seldom intended.
pub fn lacks_events(answer: &Value) -> bool {
    match answer {
        Value::Null => true,
        Value::Object(members) => {
            error(answer).is_none() && members.get("events").is_none_or(Value::is_null)
        }
        _ => false,
    }
}

/// Whether a function's answer allows the subscription.
pub fn subscribed(answer: &Value) -> Result<(), Problem> {
    match error(answer) {
        Some(error) => Err(undocumented::subscription_refused(error)),
        None => Ok(()),
    }
}

fn error(answer: &Value) -> Option<String> {
    match answer.get("error")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
