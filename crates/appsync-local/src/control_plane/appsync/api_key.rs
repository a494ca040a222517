//! CreateApiKey, UpdateApiKey, DeleteApiKey, ListApiKeys (docs/reference/api-keys.md#members,
//! docs/reference/api-keys.md#expiry).
use serde_json::{Value, json};

use crate::control_plane::appsync::input::Input;
use crate::control_plane::appsync::lookup;
use crate::control_plane::page::PageRequest;
use crate::ids;
use crate::json::without_nulls;
use crate::protocol::caller::Caller;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Api, ApiKey, State};
use crate::store::Store;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
const DEFAULT_LIFETIME_S: i64 = 7 * DAY_S;
/// How long an expired key can still be renewed.
const GRACE_S: i64 = 60 * DAY_S;

pub async fn create(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    let (now, max) = (store.now_epoch_s() as i64, store.quotas().api_keys);
    let KeyRequest { description, expiry } = KeyRequest::parse(input)?;
    store
        .change(|state| {
            let api = api_with_current_keys(state, caller, api_id, now)?;
            let expires_epoch_s = round_expiry(expiry.unwrap_or(now + DEFAULT_LIFETIME_S), now)?;
            if api.keys.len() >= max {
                let message = format!("The limit of {max} API keys is reached.");
                return Err(AwsError::new(400, "ApiKeyLimitExceededException", message));
            }
            let id = input.preassigned_id().map_or_else(ids::api_key_id, str::to_owned);
            let key = ApiKey { id, description, expires_epoch_s };
            let response = json!({ "apiKey": key_json(&key) });
            api.keys.insert(key.id.clone(), key);
            Ok(response)
        })
        .await
}

/// Omitted members keep their values (docs/reference/control-plane.md#omitted-members: inferred). An
/// expired key can be renewed.
pub async fn update(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    id: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    let now = store.now_epoch_s() as i64;
    let KeyRequest { description, expiry } = KeyRequest::parse(input)?;
    store
        .change(|state| {
            let api = api_with_current_keys(state, caller, api_id, now)?;
            let expires = expiry.map(|expiry| round_expiry(expiry, now)).transpose()?;
            let key = lookup::api_key(api.keys.get_mut(id))?;
            key.expires_epoch_s = expires.unwrap_or(key.expires_epoch_s);
            key.description = description.or_else(|| key.description.take());
            Ok(json!({ "apiKey": key_json(key) }))
        })
        .await
}

pub async fn delete(
    store: &Store,
    caller: &Caller,
    api_id: &str,
    id: &str,
) -> Result<Value, AwsError> {
    let now = store.now_epoch_s() as i64;
    store
        .change(|state| {
            let api = api_with_current_keys(state, caller, api_id, now)?;
            lookup::api_key(api.keys.remove(id)).map(|_| json!({}))
        })
        .await
}

pub fn list(store: &Store, call: &ApiCall, api_id: &str) -> Result<Value, AwsError> {
    let now = store.now_epoch_s() as i64;
    store.read(|state| {
        let api = api_with_current_keys(state, &call.caller, api_id, now)?;
        Ok(PageRequest::parse(call, store.options())?.page_of("apiKeys", &api.keys, key_json))
    })
}

/// What CreateApiKey and UpdateApiKey have in common.
struct KeyRequest {
    description: Option<String>,
    expiry: Option<i64>,
}

impl KeyRequest {
    fn parse(input: &Input<'_>) -> Result<Self, AwsError> {
        let description = input.text("description")?.map(str::to_owned);
        Ok(Self { description, expiry: input.number("expires")? })
    }
}

/// The API with its current keys: expired keys disappear after a grace period.
fn api_with_current_keys<'a>(
    state: &'a mut State,
    caller: &Caller,
    api_id: &str,
    now: i64,
) -> Result<&'a mut Api, AwsError> {
    let api = lookup::api(state, caller, api_id)?;
    api.keys.retain(|_, key| key.expires_epoch_s + GRACE_S > now);
    Ok(api)
}

/// Rounds the expiry down to the hour, and rejects one outside AWS's bounds.
fn round_expiry(expires: i64, now: i64) -> Result<i64, AwsError> {
    let expires = expires.div_euclid(HOUR_S) * HOUR_S;
    let message = match expires.saturating_sub(now) {
        lifetime_s if lifetime_s < DAY_S => "API key must be valid for a minimum of 1 days.",
        lifetime_s if lifetime_s > 365 * DAY_S => "API key can be valid for a maximum of 365 days.",
        _ => return Ok(expires),
    };
    Err(AwsError::new(400, "ApiKeyValidityOutOfBoundsException", message))
}

fn key_json(key: &ApiKey) -> Value {
    without_nulls(json!({
        "id": key.id,
        "description": key.description,
        "expires": key.expires_epoch_s,
        "deletes": key.expires_epoch_s + GRACE_S,
    }))
}
