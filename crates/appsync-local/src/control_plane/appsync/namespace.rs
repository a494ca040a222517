//! CreateChannelNamespace, Get…, Update…, Delete…, ListChannelNamespaces
//! (docs/reference/channel-namespaces.md#members).
use serde_json::{Value, json};

use crate::control_plane::appsync::event_config::{check_offered, offered_modes, parse_modes};
use crate::control_plane::appsync::input::{Input, check_text};
use crate::control_plane::appsync::{api, code, handler_configs, lookup};
use crate::control_plane::page::{PageRequest, without_members};
use crate::control_plane::undocumented;
use crate::emulator_options::{EmulatorOptions, OmissionBehavior};
use crate::json::without_nulls;
use crate::protocol::caller::Caller;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Api, Namespace};
use crate::store::Store;

/// The largest code, in characters (docs/reference/quotas.md#handlers).
const CODE_MAX: usize = 32_768;

pub async fn create(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    let options = store.options();
    let name = input.require_text("name")?;
    check_name(name)?;
    let request = NamespaceRequest::parse(input, options)?;
    let tags = input.tags()?.unwrap_or_default();
    let (now, max) = (api::now_rounded_to_ms(store), store.quotas().namespaces);
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            request.check(api, options)?;
            if api.namespaces.contains_key(name) {
                return Err(undocumented::duplicate_namespace(name, options));
            }
            if api.namespaces.len() >= max {
                let message =
                    format!("The limit of {max} channel namespaces in this API is reached.");
                return Err(AwsError::new(402, "ServiceQuotaExceededException", message));
            }
            let namespace = Namespace {
                name: name.to_owned(),
                publish: request.publish.unwrap_or_else(|| json!([])),
                subscribe: request.subscribe.unwrap_or_else(|| json!([])),
                code: request.code,
                handlers: request.handlers.unwrap_or_else(|| json!({})),
                tags,
                created_epoch_s: now,
                modified_epoch_s: now,
            };
            api.namespaces.insert(name.to_owned(), namespace);
            namespace_response(api, caller, name)
        })
        .await
}

/// Replaces everything except name and tags, or only what the request has
/// (docs/reference/control-plane.md#omitted-members: unknown).
pub async fn update(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    check_name(name)?;
    let options = store.options();
    let request = NamespaceRequest::parse(input, options)?;
    let now = api::now_rounded_to_ms(store);
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            request.check(api, options)?;
            let namespace = lookup::namespace(api.namespaces.get_mut(name), name)?;
            let request = request.keep_omitted(namespace, options);
            namespace.publish = request.publish.unwrap_or_else(|| json!([]));
            namespace.subscribe = request.subscribe.unwrap_or_else(|| json!([]));
            namespace.code = request.code;
            namespace.handlers = request.handlers.unwrap_or_else(|| json!({}));
            namespace.modified_epoch_s = now;
            namespace_response(api, caller, name)
        })
        .await
}

pub fn get(store: &Store, caller: &Caller, api_id: &str, name: &str) -> Result<Value, AwsError> {
    check_name(name)?;
    store.read(|state| namespace_response(lookup::api(state, caller, api_id)?, caller, name))
}

pub async fn delete(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
) -> Result<Value, AwsError> {
    check_name(name)?;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            lookup::namespace(api.namespaces.remove(name), name).map(|_| json!({}))
        })
        .await
}

pub fn list(store: &Store, call: &ApiCall, api_id: &str) -> Result<Value, AwsError> {
    let (caller, options) = (&call.caller, store.options());
    store.read(|state| {
        let api = lookup::api(state, caller, api_id)?;
        let page = PageRequest::parse(call, options)?;
        let leaves_out = &options.list_namespaces_leaves_out;
        let write = |namespace: &Namespace| {
            without_members(namespace_json(namespace, api, caller), leaves_out)
        };
        Ok(page.page_of("channelNamespaces", &api.namespaces, write))
    })
}

/// What CreateChannelNamespace and UpdateChannelNamespace have in common.
struct NamespaceRequest {
    publish: Option<Value>,
    subscribe: Option<Value>,
    code: Option<String>,
    handlers: Option<Value>,
}

impl NamespaceRequest {
    fn parse(input: &Input<'_>, options: &EmulatorOptions) -> Result<Self, AwsError> {
        let code = input.text("codeHandlers")?;
        if let Some(code) = code {
            input.check_text("codeHandlers", code, 1, CODE_MAX, |_| true)?;
            code::check(code, options)?;
        }
        Ok(Self {
            publish: parse_modes(input, "publishAuthModes")?.map(Value::Array),
            subscribe: parse_modes(input, "subscribeAuthModes")?.map(Value::Array),
            code: code.map(str::to_owned),
            handlers: handler_configs::parse(input)?,
        })
    }

    fn check(&self, api: &Api, options: &EmulatorOptions) -> Result<(), AwsError> {
        let offered = offered_modes(&api.event_config);
        for modes in [&self.publish, &self.subscribe].into_iter().flatten() {
            check_offered(modes.as_array().map_or(&[], Vec::as_slice), &offered, options)?;
        }
        self.handlers
            .as_ref()
            .map_or(Ok(()), |handlers| handler_configs::check(handlers, api, options))
    }

    /// Adds the members of `namespace` that an update keeps because the request omits them.
    fn keep_omitted(self, namespace: &Namespace, options: &EmulatorOptions) -> Self {
        if options.omitted_members == OmissionBehavior::Cleared {
            return self;
        }
        let keeps_empty = options.empty_lists == OmissionBehavior::Kept;
        let keep = |new: Option<Value>, old: &Value| {
            let is_empty = |value: &Value| *value == json!([]) || *value == json!({});
            new.filter(|value| !keeps_empty || !is_empty(value)).or_else(|| Some(old.clone()))
        };
        Self {
            publish: keep(self.publish, &namespace.publish),
            subscribe: keep(self.subscribe, &namespace.subscribe),
            code: self.code.or_else(|| namespace.code.clone()),
            handlers: keep(self.handlers, &namespace.handlers),
        }
    }
}

/// Checks for `([A-Za-z0-9](?:[A-Za-z0-9\-]{0,48}[A-Za-z0-9])?)`.
fn check_name(name: &str) -> Result<(), AwsError> {
    check_text("name", name, 1, 50, |letter| letter.is_ascii_alphanumeric() || letter == '-')?;
    if name.starts_with('-') || name.ends_with('-') {
        let constraint = "Member must satisfy regular expression pattern: ([A-Za-z0-9](?:[A-Za-z0-9\\-]{0,48}[A-Za-z0-9])?)";
        return Err(undocumented::constraint_error("name", constraint));
    }
    Ok(())
}

fn namespace_response(api: &Api, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    let namespace = lookup::namespace(api.namespaces.get(name), name)?;
    Ok(json!({ "channelNamespace": namespace_json(namespace, api, caller) }))
}

fn namespace_json(namespace: &Namespace, api: &Api, caller: &Caller) -> Value {
    without_nulls(json!({
        "apiId": api.id,
        "name": namespace.name,
        "subscribeAuthModes": namespace.subscribe,
        "publishAuthModes": namespace.publish,
        "codeHandlers": namespace.code,
        "tags": (!namespace.tags.is_empty()).then_some(&namespace.tags),
        "channelNamespaceArn": format!("{}/channelNamespace/{}", api::arn(&api.id, caller), namespace.name),
        "created": namespace.created_epoch_s,
        "lastModified": namespace.modified_epoch_s,
        "handlerConfigs": namespace.handlers,
    }))
}
