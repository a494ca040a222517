//! CreateApiKey, UpdateApiKey, DeleteApiKey, ListApiKeys (docs/reference/api-keys.md#members,
//! docs/reference/api-keys.md#expiry).
use serde_json::{Value, json};

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::{Answer, Page, find, unknown_operation};
use crate::control_plane::dispatch::Call;
use crate::ids;
use crate::protocol::response::{Fault, object};
use crate::state::{Api, Key};
use crate::store::Store;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
const DEFAULT_S: i64 = 7 * DAY_S;
/// How long an expired key can still be revived.
const GRACE_S: i64 = 60 * DAY_S;

pub async fn answer(store: &Store, call: &Call, api_id: &str, rest: &[&str]) -> Answer {
    let caller = &call.caller;
    let now = store.now_epoch_s() as i64;
    match (call.method.as_str(), rest) {
        ("GET", []) => store.look(|state| {
            let api = find(state, caller, api_id)?;
            forget(api, now);
            Ok(Page::of(call, store.switches())?.cut("apiKeys", api.keys.iter(), written))
        }),
        ("POST", []) => {
            let input = Input::of(&call.body)?;
            let description = input.text("description")?.map(str::to_owned);
            let expires = input.number("expires")?;
            let most = store.quotas().api_keys;
            store
                .change(|state| {
                    create(find(state, caller, api_id)?, description, expires, now, most)
                })
                .await
        }
        ("POST", [id]) => {
            let input = Input::of(&call.body)?;
            let description = input.text("description")?.map(str::to_owned);
            let expires = input.number("expires")?;
            store
                .change(|state| {
                    let api = find(state, caller, api_id)?;
                    forget(api, now);
                    update(api, id, description, expires, now)
                })
                .await
        }
        ("DELETE", [id]) => {
            store
                .change(|state| {
                    let api = find(state, caller, api_id)?;
                    forget(api, now);
                    api.keys.remove(*id).map(|_| json!({})).ok_or_else(missing)
                })
                .await
        }
        _ => Err(unknown_operation()),
    }
}

fn create(
    api: &mut Api,
    description: Option<String>,
    expires: Option<i64>,
    now: i64,
    most: usize,
) -> Answer {
    forget(api, now);
    let expires_epoch_s = validity(expires.unwrap_or(now + DEFAULT_S), now)?;
    if api.keys.len() >= most {
        let message = format!("The limit of {most} API keys is reached.");
        return Err(Fault::new(400, "ApiKeyLimitExceededException", message));
    }
    let key = Key { id: format!("da2-{}", ids::long()), description, expires_epoch_s };
    let answer = json!({ "apiKey": written(&key) });
    api.keys.insert(key.id.clone(), key);
    Ok(answer)
}

/// What is left out is kept (docs/reference/control-plane.md#omitted-members: inferred). An expired
/// key can be revived.
fn update(
    api: &mut Api,
    id: &str,
    description: Option<String>,
    expires: Option<i64>,
    now: i64,
) -> Answer {
    let expires = expires.map(|it| validity(it, now)).transpose()?;
    let key = api.keys.get_mut(id).ok_or_else(missing)?;
    key.expires_epoch_s = expires.unwrap_or(key.expires_epoch_s);
    key.description = description.or_else(|| key.description.take());
    Ok(json!({ "apiKey": written(key) }))
}

/// The moment on the hour, if it lies within AWS's bounds.
fn validity(expires: i64, now: i64) -> Result<i64, Fault> {
    let expires = expires.div_euclid(HOUR_S) * HOUR_S;
    let message = match expires.saturating_sub(now) {
        left if left < DAY_S => "API key must be valid for a minimum of 1 days.",
        left if left > 365 * DAY_S => "API key can be valid for a maximum of 365 days.",
        _ => return Ok(expires),
    };
    Err(Fault::new(400, "ApiKeyValidityOutOfBoundsException", message))
}

/// Keys vanish at the end of their grace.
fn forget(api: &mut Api, now: i64) {
    api.keys.retain(|_, key| key.expires_epoch_s + GRACE_S > now);
}

/// AWS's text is not known, and the id is a secret that no message may hold.
fn missing() -> Fault {
    Fault::not_found("API key not found.")
}

fn written(key: &Key) -> Value {
    object(json!({
        "id": key.id,
        "description": key.description,
        "expires": key.expires_epoch_s,
        "deletes": key.expires_epoch_s + GRACE_S,
    }))
}
