//! Whether an auth mode allows an operation (docs/reference/authorization.md#mode-of-a-request), by the settings of
//! the channel namespace or else of the API. It never looks at credentials.
use serde_json::Value;

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::request::{AuthRequest, ClientOperation};
use crate::data_plane::error::DataPlaneError;

/// Checks whether an auth mode allows the operation. An unknown namespace is reported later.
pub fn check_allowed(mode: AuthMode, request: &AuthRequest<'_>) -> Result<(), DataPlaneError> {
    let (api, config) = (request.api, &request.api.event_config);
    let namespace = request.channel.map(|channel| api.namespaces.get(channel.namespace()));
    let (own, default, verb) = match (request.operation, namespace) {
        (ClientOperation::Connect, _) => (None, "connectionAuthModes", "connect"),
        (_, None | Some(None)) => return Ok(()),
        (ClientOperation::Publish, Some(Some(namespace))) => {
            (Some((&namespace.publish, &namespace.name)), "defaultPublishAuthModes", "publish")
        }
        (ClientOperation::Subscribe, Some(Some(namespace))) => (
            Some((&namespace.subscribe, &namespace.name)),
            "defaultSubscribeAuthModes",
            "subscribe",
        ),
    };
    let own_modes = own.and_then(|(modes, _)| modes.as_array()).filter(|modes| !modes.is_empty());
    let modes = own_modes.or_else(|| config[default].as_array()).map_or(&[][..], Vec::as_slice);
    if modes.iter().any(|entry| AuthMode::from_json(entry) == Some(mode)) {
        return Ok(());
    }
    let to = own.map(|(_, name)| format!(" to the channel namespace {name}")).unwrap_or_default();
    let allowed = list_modes(modes.iter());
    Err(DataPlaneError::unauthorized(format!("{mode} may not {verb}{to}; allowed: {allowed}")))
}

/// Returns the modes as text for people.
pub fn list_modes<'a>(modes: impl Iterator<Item = &'a Value>) -> String {
    let mut modes: Vec<&str> = modes.filter_map(|mode| mode["authType"].as_str()).collect();
    modes.dedup();
    match modes.is_empty() {
        true => "none".to_owned(),
        false => modes.join(", "),
    }
}
