//! A call of a handler: the operation that it is for, the events, `ctx` (docs/reference/handlers.md#context), and
//! the outcome of a publish. What runs the handler is not known here.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::auth_mode::AuthMode;
use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::Identity;
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::state::{Api, Namespace};

pub const ON_PUBLISH: &str = "onPublish";
pub const ON_SUBSCRIBE: &str = "onSubscribe";

/// A call of a handler, for an authorized operation on a channel.
pub struct HandlerCall<'a> {
    pub target: &'a TargetApi,
    pub api: &'a Api,
    pub namespace: &'a Namespace,
    pub channel: &'a Channel,
    pub identity: &'a Identity,
    /// The headers of the HTTP request or of the upgrade, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
}

/// A published event: the id that AppSync assigns to it, and its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingEvent {
    pub id: String,
    pub text: String,
}

/// The outcome of a publish, by the index of each event. Events in neither list were dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishOutcome {
    /// Events to broadcast, in order, each with its JSON text.
    pub delivered: Vec<(usize, String)>,
    /// Failed events, each with its message.
    pub failed: Vec<(usize, String)>,
}

/// Returns the `ctx` of a call. A subscription has no events.
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

/// Returns a `ctx` with these values. `events` is null for a subscription.
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

/// Returns the headers: one value as a string, several as a list. Cookies are omitted.
fn headers(headers: &BTreeMap<String, Vec<String>>) -> Value {
    let visible = headers.iter().filter(|(name, _)| *name != "cookie");
    let visible = visible.map(|(name, values)| match values.as_slice() {
        [one] => (name.clone(), json!(one)),
        values => (name.clone(), json!(values)),
    });
    Value::Object(visible.collect::<Map<_, _>>())
}

/// Returns what `util.authType()` returns for an auth mode, or for an admin publish.
pub fn auth_type(mode: Option<AuthMode>) -> &'static str {
    match mode {
        Some(AuthMode::ApiKey) => "API Key Authorization",
        // An admin publish has the identity of the account's root user.
        Some(AuthMode::AwsIam) | None => "IAM Authorization",
        Some(AuthMode::CognitoUserPools) => "User Pool Authorization",
        Some(AuthMode::OpenIdConnect) => "Open ID Connect Authorization",
        Some(AuthMode::AwsLambda) => "Lambda Authorization",
    }
}
