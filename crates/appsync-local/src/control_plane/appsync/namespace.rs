//! CreateChannelNamespace, Get…, Update…, Delete…, ListChannelNamespaces
//! (docs/reference/channel-namespaces.md#members).
use serde_json::{Value, json};

use crate::control_plane::appsync::config::{check_offered, modes, offered};
use crate::control_plane::appsync::input::{Input, check};
use crate::control_plane::appsync::{api, code, handlers, lookup};
use crate::control_plane::page::{Page, outline};
use crate::control_plane::undocumented;
use crate::emulator_options::{EmulatorOptions, Omitted};
use crate::json::object;
use crate::protocol::caller::Caller;
use crate::protocol::request::Call;
use crate::protocol::response::Fault;
use crate::state::{Api, Namespace};
use crate::store::Store;

/// See docs/reference/quotas.md#handlers.
const CODE_MAX: usize = 32_768;

pub async fn create(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    input: &Input<'_>,
) -> Result<Value, Fault> {
    let options = store.options();
    let name = input.need_text("name")?;
    check_name(name)?;
    let said = Said::read(input, options)?;
    let tags = input.tags()?.unwrap_or_default();
    let (now, most) = (api::moment(store), store.quotas().namespaces);
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            said.check(api, options)?;
            if api.namespaces.contains_key(name) {
                return Err(undocumented::namespace_exists(name, options));
            }
            if api.namespaces.len() >= most {
                let message =
                    format!("The limit of {most} channel namespaces in this API is reached.");
                return Err(Fault::new(402, "ServiceQuotaExceededException", message));
            }
            let namespace = Namespace {
                name: name.to_owned(),
                publish: said.publish.unwrap_or_else(|| json!([])),
                subscribe: said.subscribe.unwrap_or_else(|| json!([])),
                code: said.code,
                handlers: said.handlers.unwrap_or_else(handlers::none),
                tags,
                created_epoch_s: now,
                modified_epoch_s: now,
            };
            api.namespaces.insert(name.to_owned(), namespace);
            answered(api, caller, name)
        })
        .await
}

/// Replaces everything except name and tags, or everything that is set
/// (docs/reference/control-plane.md#omitted-members: unknown).
pub async fn update(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
    input: &Input<'_>,
) -> Result<Value, Fault> {
    check_name(name)?;
    let options = store.options();
    let said = Said::read(input, options)?;
    let now = api::moment(store);
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            said.check(api, options)?;
            let namespace = lookup::namespace(api.namespaces.get_mut(name), name)?;
            let said = said.over(namespace, options);
            namespace.publish = said.publish.unwrap_or_else(|| json!([]));
            namespace.subscribe = said.subscribe.unwrap_or_else(|| json!([]));
            namespace.code = said.code;
            namespace.handlers = said.handlers.unwrap_or_else(handlers::none);
            namespace.modified_epoch_s = now;
            answered(api, caller, name)
        })
        .await
}

pub fn get(store: &Store, caller: &Caller, api_id: &str, name: &str) -> Result<Value, Fault> {
    check_name(name)?;
    store.look(|state| answered(lookup::api(state, caller, api_id)?, caller, name))
}

pub async fn delete(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
) -> Result<Value, Fault> {
    check_name(name)?;
    store
        .change(|state| {
            let api = lookup::api(state, caller, api_id)?;
            lookup::namespace(api.namespaces.remove(name), name).map(|_| json!({}))
        })
        .await
}

pub fn list(store: &Store, call: &Call, api_id: &str) -> Result<Value, Fault> {
    let (caller, options) = (&call.caller, store.options());
    store.look(|state| {
        let api = lookup::api(state, caller, api_id)?;
        let page = Page::of(call, options)?;
        let leaves_out = &options.list_namespaces_leaves_out;
        let write = |namespace: &Namespace| outline(written(namespace, api, caller), leaves_out);
        Ok(page.cut("channelNamespaces", api.namespaces.iter(), write))
    })
}

/// The members of a request about a namespace.
struct Said {
    publish: Option<Value>,
    subscribe: Option<Value>,
    code: Option<String>,
    handlers: Option<Value>,
}

impl Said {
    fn read(input: &Input<'_>, options: &EmulatorOptions) -> Result<Self, Fault> {
        let code = input.text("codeHandlers")?;
        if let Some(code) = code {
            input.check("codeHandlers", code, 1, CODE_MAX, |_| true)?;
            code::check(code, options)?;
        }
        Ok(Self {
            publish: modes(input, "publishAuthModes")?.map(Value::Array),
            subscribe: modes(input, "subscribeAuthModes")?.map(Value::Array),
            code: code.map(str::to_owned),
            handlers: handlers::read(input)?,
        })
    }

    fn check(&self, api: &Api, options: &EmulatorOptions) -> Result<(), Fault> {
        let offered = offered(&api.event_config);
        for modes in [&self.publish, &self.subscribe].into_iter().flatten() {
            check_offered(modes.as_array().map_or(&[], Vec::as_slice), &offered, options)?;
        }
        self.handlers.as_ref().map_or(Ok(()), |it| handlers::check(it, api, options))
    }

    /// What an update keeps of `namespace` where the request is silent.
    fn over(self, namespace: &Namespace, options: &EmulatorOptions) -> Self {
        if options.omitted_members == Omitted::Cleared {
            return self;
        }
        let keeps = options.empty_lists == Omitted::Kept;
        let over = |said: Option<Value>, old: &Value| {
            let empty = |it: &Value| *it == json!([]) || *it == json!({});
            said.filter(|it| !keeps || !empty(it)).or_else(|| Some(old.clone()))
        };
        Self {
            publish: over(self.publish, &namespace.publish),
            subscribe: over(self.subscribe, &namespace.subscribe),
            code: self.code.or_else(|| namespace.code.clone()),
            handlers: over(self.handlers, &namespace.handlers),
        }
    }
}

/// `([A-Za-z0-9](?:[A-Za-z0-9\-]{0,48}[A-Za-z0-9])?)`
fn check_name(name: &str) -> Result<(), Fault> {
    check("name", name, 1, 50, |it| it.is_ascii_alphanumeric() || it == '-')?;
    if name.starts_with('-') || name.ends_with('-') {
        let constraint = "Member must satisfy regular expression pattern: ([A-Za-z0-9](?:[A-Za-z0-9\\-]{0,48}[A-Za-z0-9])?)";
        return Err(undocumented::constraint("name", constraint));
    }
    Ok(())
}

fn answered(api: &Api, caller: &Caller, name: &str) -> Result<Value, Fault> {
    let namespace = lookup::namespace(api.namespaces.get(name), name)?;
    Ok(json!({ "channelNamespace": written(namespace, api, caller) }))
}

fn written(namespace: &Namespace, api: &Api, caller: &Caller) -> Value {
    object(json!({
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
