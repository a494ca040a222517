//! API keys as credentials (docs/reference/api-keys.md#after-expiry,
//! docs/reference/authorization.md#auth-objects).
use jiff::Timestamp;
use serde_json::Value;

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::request::{AuthRequest, Identity};
use crate::data_plane::error::DataPlaneError;
use crate::store::Store;

/// Authorizes an API key. Its errors never contain the key: description and expiry identify it.
pub fn authorize(
    store: &Store,
    request: &AuthRequest<'_>,
    key: &str,
) -> Result<Identity, DataPlaneError> {
    let Some(key) = request.api.keys.get(key) else {
        return Err(DataPlaneError::unauthorized(unknown_key_reason(store, request, key)));
    };
    let expires_epoch_s = key.expires_epoch_s;
    if expires_epoch_s as f64 <= store.now_epoch_s() {
        let description =
            key.description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
        let at = Timestamp::from_second(expires_epoch_s)
            .map(|timestamp| timestamp.to_string())
            .unwrap_or_default();
        return Err(DataPlaneError::unauthorized(format!(
            "the API key{description} expired at {at}"
        )));
    }
    Ok(Identity {
        mode: Some(AuthMode::ApiKey),
        context: Value::Null,
        expires_epoch_s: Some(expires_epoch_s as f64),
    })
}

/// Returns why a key is not one of this API's.
fn unknown_key_reason(store: &Store, request: &AuthRequest<'_>, key: &str) -> String {
    let owner = store.read(|state| {
        let regions = state.accounts.values().flat_map(|account| account.regions.values());
        let mut apis = regions.flat_map(|region| region.apis.values());
        apis.find(|api| api.keys.contains_key(key)).map(|api| api.name.clone())
    });
    let name = &request.api.name;
    match owner {
        Some(owner) => format!("the API key belongs to the API {owner}, not to {name}"),
        None => format!("the API {name} has no such API key"),
    }
}
