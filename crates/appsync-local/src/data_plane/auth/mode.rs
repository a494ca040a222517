//! The modes of authorization, and whether one may do what is asked
//! (docs/reference/authorization.md#mode-of-a-request).
use serde_json::Value;

use crate::data_plane::auth::request::{AuthRequest, ClientOperation};
use crate::data_plane::error::DataPlaneError;
use crate::state::Api;

pub const API_KEY: &str = "API_KEY";
pub const AWS_IAM: &str = "AWS_IAM";
pub const COGNITO: &str = "AMAZON_COGNITO_USER_POOLS";
pub const OPENID_CONNECT: &str = "OPENID_CONNECT";
pub const AWS_LAMBDA: &str = "AWS_LAMBDA";

/// What SigV4's `Authorization` begins with.
pub const SIGNED: &str = "AWS4-HMAC-SHA256";

/// The authorization providers of an API.
pub fn providers(api: &Api) -> impl Iterator<Item = &Value> {
    api.event_config["authProviders"].as_array().into_iter().flatten()
}

/// The first of that mode.
pub fn provider<'a>(api: &'a Api, mode: &str) -> Option<&'a Value> {
    providers(api).find(|it| it["authType"] == mode)
}

/// Whether `mode` may perform the operation. An unknown namespace is reported later.
pub fn check_allowed(mode: &str, asked: &AuthRequest<'_>) -> Result<(), DataPlaneError> {
    let (api, config) = (asked.api, &asked.api.event_config);
    let namespace = asked.channel.map(|it| api.namespaces.get(it.namespace()));
    let (own, default, what) = match (asked.operation, namespace) {
        (ClientOperation::Connect, _) => (None, "connectionAuthModes", "connect"),
        (_, None | Some(None)) => return Ok(()),
        (ClientOperation::Publish, Some(Some(it))) => {
            (Some((&it.publish, &it.name)), "defaultPublishAuthModes", "publish")
        }
        (ClientOperation::Subscribe, Some(Some(it))) => {
            (Some((&it.subscribe, &it.name)), "defaultSubscribeAuthModes", "subscribe")
        }
    };
    let own_modes = own.and_then(|(modes, _)| modes.as_array()).filter(|it| !it.is_empty());
    let modes = own_modes.or_else(|| config[default].as_array()).map_or(&[][..], Vec::as_slice);
    if modes.iter().any(|it| it["authType"] == mode) {
        return Ok(());
    }
    let to = own.map(|(_, name)| format!(" to the channel namespace {name}")).unwrap_or_default();
    let allowed = listed(modes.iter());
    Err(DataPlaneError::unauthorized(format!("{mode} may not {what}{to}; allowed: {allowed}")))
}

/// The modes, for people.
pub fn listed<'a>(modes: impl Iterator<Item = &'a Value>) -> String {
    let mut modes: Vec<&str> = modes.filter_map(|it| it["authType"].as_str()).collect();
    modes.dedup();
    match modes.is_empty() {
        true => "none".to_owned(),
        false => modes.join(", "),
    }
}
