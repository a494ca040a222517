//! CreateChannelNamespace, Get…, Update…, Delete…, ListChannelNamespaces (reference §1.4).
use serde_json::{Value, json};

use crate::emulator::answer::{Fault, object};
use crate::emulator::appsync::config::{check_handler_configs, check_offered, modes, offered};
use crate::emulator::appsync::input::Input;
use crate::emulator::appsync::{Answer, Page, api, find, unknown_operation};
use crate::emulator::caller::Caller;
use crate::emulator::service::Call;
use crate::emulator::state::{Api, Namespace};
use crate::emulator::store::Store;
use crate::emulator::unknowns;

/// Reference §2.5.
const CODE_MAX: usize = 32_768;

pub async fn answer(store: &Store, call: &Call, api_id: &str, rest: &[&str]) -> Answer {
    let caller = &call.caller;
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            store.look(|state| list(find(state, caller, api_id)?, caller, &Page::of(call)?))
        }
        ("POST", []) => create(store, caller, api_id, &Input::of(&call.body)?).await,
        ("GET", [name]) => store.look(|state| {
            let api = find(state, caller, api_id)?;
            get(api, caller, name)
        }),
        ("POST", [name]) => update(store, caller, api_id, name, &Input::of(&call.body)?).await,
        ("DELETE", [name]) => {
            store
                .change(|state| {
                    let api = find(state, caller, api_id)?;
                    api.namespaces.remove(*name).map(|_| json!({})).ok_or_else(|| missing(name))
                })
                .await
        }
        _ => Err(unknown_operation()),
    }
}

/// What a request says of a namespace.
struct Said {
    publish: Vec<Value>,
    subscribe: Vec<Value>,
    code: Option<String>,
}

fn read(input: &Input<'_>) -> Result<Said, Fault> {
    let code = input.text("codeHandlers")?;
    if let Some(code) = code {
        input.check("codeHandlers", code, 1, CODE_MAX, |_| true)?;
    }
    check_handler_configs(input)?;
    Ok(Said {
        publish: modes(input, "publishAuthModes")?.unwrap_or_default(),
        subscribe: modes(input, "subscribeAuthModes")?.unwrap_or_default(),
        code: code.map(str::to_owned),
    })
}

async fn create(store: &Store, caller: &Caller, api_id: &str, input: &Input<'_>) -> Answer {
    let name = input.need_text("name")?;
    check_name(input, name)?;
    let said = read(input)?;
    let (now, most) = (api::moment(store), store.quotas().namespaces);
    let namespace = Namespace {
        name: name.to_owned(),
        publish: json!(said.publish),
        subscribe: json!(said.subscribe),
        code: said.code,
        tags: input.tags()?.unwrap_or_default(),
        created_epoch_s: now,
        modified_epoch_s: now,
    };
    store
        .change(|state| {
            let api = find(state, caller, api_id)?;
            let offered = offered(&api.event_config);
            check_offered(&said.publish, &offered)?;
            check_offered(&said.subscribe, &offered)?;
            if api.namespaces.contains_key(name) {
                return Err(Fault::new(409, "ConflictException", unknowns::namespace_exists(name)));
            }
            if api.namespaces.len() >= most {
                let message =
                    format!("The limit of {most} channel namespaces in this API is reached.");
                return Err(Fault::new(402, "ServiceQuotaExceededException", message));
            }
            api.namespaces.insert(name.to_owned(), namespace);
            get(api, caller, name)
        })
        .await
}

/// Replaces all but name and tags (§1.10: unknown; what is left out is cleared).
async fn update(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    name: &str,
    input: &Input<'_>,
) -> Answer {
    let said = read(input)?;
    let now = api::moment(store);
    store
        .change(|state| {
            let api = find(state, caller, api_id)?;
            let offered = offered(&api.event_config);
            check_offered(&said.publish, &offered)?;
            check_offered(&said.subscribe, &offered)?;
            let namespace = api.namespaces.get_mut(name).ok_or_else(|| missing(name))?;
            namespace.publish = json!(said.publish);
            namespace.subscribe = json!(said.subscribe);
            namespace.code = said.code;
            namespace.modified_epoch_s = now;
            get(api, caller, name)
        })
        .await
}

fn get(api: &Api, caller: &Caller, name: &str) -> Answer {
    let namespace = api.namespaces.get(name).ok_or_else(|| missing(name))?;
    Ok(json!({ "channelNamespace": written(namespace, api, caller) }))
}

fn list(api: &Api, caller: &Caller, page: &Page) -> Answer {
    let write = |namespace: &Namespace| {
        let mut namespace = written(namespace, api, caller);
        if let Some(map) = namespace.as_object_mut() {
            map.retain(|name, _| !unknowns::LIST_NAMESPACES_LEAVES_OUT.contains(&name.as_str()));
        }
        namespace
    };
    Ok(page.cut("channelNamespaces", api.namespaces.iter(), write))
}

/// `([A-Za-z0-9](?:[A-Za-z0-9\-]{0,48}[A-Za-z0-9])?)`
fn check_name(input: &Input<'_>, name: &str) -> Result<(), Fault> {
    input.check("name", name, 1, 50, |it| it.is_ascii_alphanumeric() || it == '-')?;
    if name.starts_with('-') || name.ends_with('-') {
        let constraint = "Member must satisfy regular expression pattern: ([A-Za-z0-9](?:[A-Za-z0-9\\-]{0,48}[A-Za-z0-9])?)";
        return Err(Fault::bad_request(unknowns::constraint("name", constraint)));
    }
    Ok(())
}

fn missing(name: &str) -> Fault {
    Fault::not_found(unknowns::no_such_namespace(name))
}

fn written(namespace: &Namespace, api: &Api, caller: &Caller) -> Value {
    object(json!({
        "apiId": api.id,
        "name": namespace.name,
        "subscribeAuthModes": namespace.subscribe,
        "publishAuthModes": namespace.publish,
        "codeHandlers": namespace.code,
        "tags": (!namespace.tags.is_empty()).then_some(&namespace.tags),
        "channelNamespaceArn": format!("{}/channelNamespace/{}", api::arn(api, caller), namespace.name),
        "created": namespace.created_epoch_s,
        "lastModified": namespace.modified_epoch_s,
        "handlerConfigs": {},
    }))
}
