//! `ctx`, the argument of a handler (docs/reference/handlers.md#context).
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::handlers::call::{HandlerCall, IncomingEvent};

/// What a handler of `call` is given; of a subscription, without events.
pub fn handler_context(
    call: &HandlerCall<'_>,
    events: Option<&[IncomingEvent]>,
) -> Result<Value, DataPlaneError> {
    let events = match events {
        Some(events) => Value::Array(events.iter().map(event_value).collect::<Result<_, _>>()?),
        None => Value::Null,
    };
    let request = json!({ "headers": headers(call.headers), "domainName": call.target.domain });
    let identity = &call.identity.context;
    Ok(context_value(identity, request, &call.channel.path, &call.namespace.name, events))
}

/// `ctx`, of which `events` are null for a subscription.
pub fn context_value(
    identity: &Value,
    request: Value,
    path: &str,
    namespace: &str,
    events: Value,
) -> Value {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let operation = if events.is_null() { "SUBSCRIBE" } else { "PUBLISH" };
    json!({
        "identity": identity,
        "result": null,
        "request": request,
        "info": {
            "channel": { "path": path, "segments": segments },
            "channelNamespace": { "name": namespace },
            "operation": operation,
        },
        "error": null,
        "prev": null,
        "stash": {},
        "outErrors": [],
        "events": events,
    })
}

fn event_value(event: &IncomingEvent) -> Result<Value, DataPlaneError> {
    let payload: Value = serde_json::from_str(&event.text).map_err(|error| {
        DataPlaneError::bad_request(format!("an event is not valid JSON: {error}"))
    })?;
    Ok(json!({ "payload": payload, "id": event.id }))
}

/// One value as a text, several as a list. Cookies are omitted.
fn headers(headers: &BTreeMap<String, Vec<String>>) -> Value {
    let shown = headers.iter().filter(|(name, _)| *name != "cookie");
    let shown = shown.map(|(name, values)| match values.as_slice() {
        [one] => (name.clone(), json!(one)),
        values => (name.clone(), json!(values)),
    });
    Value::Object(shown.collect::<Map<_, _>>())
}

/// What `util.authType()` calls a mode.
pub fn auth_type(mode: &str) -> &'static str {
    match mode {
        "API_KEY" => "API Key Authorization",
        // The owner of the machine is the root user of the account.
        "AWS_IAM" | "OWNER" => "IAM Authorization",
        "AMAZON_COGNITO_USER_POOLS" => "User Pool Authorization",
        "OPENID_CONNECT" => "Open ID Connect Authorization",
        "AWS_LAMBDA" => "Lambda Authorization",
        _ => "",
    }
}
