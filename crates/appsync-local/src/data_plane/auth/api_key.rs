//! API keys (docs/reference/api-keys.md#after-expiry,
//! docs/reference/authorization.md#auth-objects).
use jiff::Timestamp;
use serde_json::Value;

use crate::data_plane::auth::mode::API_KEY;
use crate::data_plane::auth::request::{AuthRequest, Identity};
use crate::data_plane::error::DataPlaneError;
use crate::store::Store;

/// The key itself never shows: its expiry and its description tell a person which one it is.
pub fn authorize(
    store: &Store,
    asked: &AuthRequest<'_>,
    key: &str,
) -> Result<Identity, DataPlaneError> {
    let Some(key) = asked.api.keys.get(key) else {
        return Err(DataPlaneError::unauthorized(unknown_key_reason(store, asked, key)));
    };
    let until = key.expires_epoch_s;
    if until as f64 <= store.now_epoch_s() {
        let named = key.description.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
        let at = Timestamp::from_second(until).map(|it| it.to_string()).unwrap_or_default();
        return Err(DataPlaneError::unauthorized(format!("the API key{named} expired at {at}")));
    }
    Ok(Identity { mode: API_KEY, context: Value::Null, expires_epoch_s: Some(until as f64) })
}

/// Why a key does not belong to this API.
fn unknown_key_reason(store: &Store, asked: &AuthRequest<'_>, key: &str) -> String {
    let owner = store.read(|state| {
        let regions = state.accounts.values().flat_map(|it| it.regions.values());
        let mut apis = regions.flat_map(|it| it.apis.values());
        apis.find(|it| it.keys.contains_key(key)).map(|it| it.name.clone())
    });
    let name = &asked.api.name;
    match owner {
        Some(owner) => format!("the API key is one of the API {owner}, not of {name}"),
        None => format!("the API {name} has no such API key"),
    }
}
