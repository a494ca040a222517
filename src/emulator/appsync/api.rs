//! CreateApi, GetApi, UpdateApi, DeleteApi, ListApis (reference §1.3).
use serde_json::{Value, json};

use crate::emulator::answer::{Fault, object};
use crate::emulator::appsync::config::{check_offered, event_config, offered};
use crate::emulator::appsync::input::Input;
use crate::emulator::appsync::{Answer, Page, find};
use crate::emulator::caller::Caller;
use crate::emulator::ids;
use crate::emulator::state::{Api, State};
use crate::emulator::store::Store;
use crate::emulator::unknowns;

pub async fn create(store: &Store, caller: &Caller, input: &Input<'_>) -> Answer {
    let (name, owner_contact) = head(input)?;
    let (event_config, tags) = (event_config(input)?, input.tags()?.unwrap_or_default());
    check_log_role(store, &event_config)?;
    let most = store.quotas().apis;
    let api = Api {
        id: ids::long(),
        name,
        owner_contact,
        event_config,
        tags,
        dns_prefix: ids::long(),
        created_epoch_s: moment(store),
        namespaces: Default::default(),
        keys: Default::default(),
    };
    store
        .change(|state| {
            let apis = &mut state.region(caller).apis;
            if apis.len() >= most {
                let message = format!("The limit of {most} Event APIs in this Region is reached.");
                return Err(Fault::new(402, "ServiceQuotaExceededException", message));
            }
            let answer = json!({ "api": written(&api, caller) });
            apis.insert(api.id.clone(), api);
            Ok(answer)
        })
        .await
}

pub fn get(api: &Api, caller: &Caller) -> Answer {
    Ok(json!({ "api": written(api, caller) }))
}

pub fn list(state: &mut State, caller: &Caller, page: &Page) -> Answer {
    let write = |api: &Api| {
        let mut api = written(api, caller);
        if let Some(map) = api.as_object_mut() {
            map.retain(|name, _| !unknowns::LIST_APIS_LEAVES_OUT.contains(&name.as_str()));
        }
        api
    };
    Ok(page.cut("apis", state.region(caller).apis.iter(), write))
}

/// Replaces all but the tags (reference §1.10).
pub async fn update(store: &Store, caller: &Caller, id: &str, input: &Input<'_>) -> Answer {
    let (name, owner_contact) = head(input)?;
    let event_config = event_config(input)?;
    check_log_role(store, &event_config)?;
    store
        .change(|state| {
            let api = find(state, caller, id)?;
            let offered = offered(&event_config);
            for namespace in api.namespaces.values() {
                for modes in [&namespace.publish, &namespace.subscribe] {
                    check_offered(modes.as_array().map_or(&[], Vec::as_slice), &offered)?;
                }
            }
            (api.name, api.owner_contact, api.event_config) =
                (name, owner_contact, event_config.clone());
            get(api, caller)
        })
        .await
}

/// Takes all that hangs on it along (§2.3: inferred).
pub async fn delete(store: &Store, caller: &Caller, id: &str) -> Answer {
    store
        .change(|state| {
            find(state, caller, id)?;
            state.region(caller).apis.remove(id);
            Ok(json!({}))
        })
        .await
}

/// AppSync must be able to assume it, if it is to write logs.
fn check_log_role(store: &Store, event_config: &Value) -> Result<(), Fault> {
    let arn = event_config["logConfig"]["cloudWatchLogsRoleArn"].as_str();
    arn.map_or(Ok(()), |arn| store.check_role(arn))
}

fn head(input: &Input<'_>) -> Result<(String, Option<String>), Fault> {
    let name = input.need_text("name")?;
    input.check("name", name, 1, 50, |it| it.is_ascii_alphanumeric() || "_- ".contains(it))?;
    let contact = input.text("ownerContact")?;
    if let Some(contact) = contact {
        // Sources disagree; 256 is what most say (reference §9).
        input.check("ownerContact", contact, 0, 256, |_| true)?;
    }
    Ok((name.to_owned(), contact.map(str::to_owned)))
}

/// Now, to the millisecond, as AWS tells it.
pub fn moment(store: &Store) -> f64 {
    (store.now_epoch_s() * 1_000.0).floor() / 1_000.0
}

fn written(api: &Api, caller: &Caller) -> Value {
    let (prefix, region, suffix) = (&api.dns_prefix, &caller.region, caller.dns_suffix());
    object(json!({
        "apiId": api.id,
        "name": api.name,
        "ownerContact": api.owner_contact,
        "tags": (!api.tags.is_empty()).then_some(&api.tags),
        "dns": {
            "HTTP": format!("{prefix}.appsync-api.{region}.{suffix}"),
            "REALTIME": format!("{prefix}.appsync-realtime-api.{region}.{suffix}"),
        },
        "apiArn": arn(api, caller),
        "created": api.created_epoch_s,
        "xrayEnabled": false,
        "eventConfig": api.event_config,
    }))
}

pub fn arn(api: &Api, caller: &Caller) -> String {
    let Caller { region, account, .. } = caller;
    format!("arn:{}:appsync:{region}:{account}:apis/{}", caller.partition(), api.id)
}
