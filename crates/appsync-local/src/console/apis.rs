//! All Event APIs as JSON for the console. It never contains the value of an API key.
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::control_plane::appsync::code::{HANDLERS, exported_handlers};
use crate::data_plane::DataPlane;
use crate::protocol::caller::dns_suffix;
use crate::state::{Api, ApiKey, Namespace, Region};

/// Returns every API of every account and Region, with URLs on the host of the request with these `headers`.
pub fn apis_json(plane: &DataPlane, headers: &HeaderMap) -> Value {
    let host = headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let apis = plane.store.read(|state| {
        let mut apis = Vec::new();
        for (account, contents) in &state.accounts {
            for (name, region) in &contents.regions {
                apis.extend(
                    region.apis.values().map(|api| api_json(api, account, name, region, host)),
                );
            }
        }
        apis.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        apis
    });
    json!({ "nowEpochS": plane.store.now_epoch_s(), "apis": apis })
}

fn api_json(api: &Api, account: &str, name: &str, region: &Region, host: &str) -> Value {
    let (prefix, suffix, config) = (&api.dns_prefix, dns_suffix(name), &api.event_config);
    let at = |scheme: &str, rest: &str| format!("{scheme}://{host}/apis/{}/event{rest}", api.id);
    let leads_here = |text: &&String| {
        let association = region.domains.get(*text).and_then(|name| name.association.as_ref());
        association.is_some_and(|association| association.api_id == api.id)
    };
    let providers = config["authProviders"].as_array().into_iter().flatten();
    json!({
        "account": account,
        "region": name,
        "apiId": api.id,
        "name": api.name,
        "createdEpochS": api.created_epoch_s,
        "hosts": {
            "http": format!("{prefix}.appsync-api.{name}.{suffix}"),
            "realtime": format!("{prefix}.appsync-realtime-api.{name}.{suffix}"),
        },
        "domains": region.domains.keys().filter(leads_here).collect::<Vec<_>>(),
        "urls": {
            "http": at("http", ""),
            "realtime": at("ws", "/realtime"),
            "https": at("https", ""),
            "secureRealtime": at("wss", "/realtime"),
        },
        "providers": providers.map(provider_json).collect::<Vec<_>>(),
        "connect": modes(&config["connectionAuthModes"]),
        "namespaces": api.namespaces.values().map(|namespace| namespace_json(namespace, config)).collect::<Vec<_>>(),
        "dataSources": api.data_sources.keys().collect::<Vec<_>>(),
        "keys": api.keys.values().map(key_json).collect::<Vec<_>>(),
    })
}

/// Returns a provider's auth mode, and what identifies it.
fn provider_json(provider: &Value) -> Value {
    let of = [
        "/openIDConnectConfig/issuer",
        "/cognitoConfig/userPoolId",
        "/lambdaAuthorizerConfig/authorizerUri",
    ];
    let detail = of.iter().find_map(|text| provider.pointer(text)?.as_str());
    json!({ "mode": provider["authType"], "detail": detail })
}

/// Returns a channel namespace, with its effective auth modes: its own, or the API's.
fn namespace_json(namespace: &Namespace, config: &Value) -> Value {
    let grant = |own: &Value, default: &str| {
        let own = modes(own);
        let inherited = own.is_empty();
        json!({ "modes": if inherited { modes(&config[default]) } else { own }, "inherited": inherited })
    };
    let exported = namespace.code.as_deref().map(exported_handlers).unwrap_or_default();
    let configured = |text: &&str| exported.contains(text) || !namespace.handlers[*text].is_null();
    let handlers: Vec<&str> = HANDLERS.into_iter().filter(configured).collect();
    json!({
        "name": namespace.name,
        "channels": format!("/{}/*", namespace.name),
        "publish": grant(&namespace.publish, "defaultPublishAuthModes"),
        "subscribe": grant(&namespace.subscribe, "defaultSubscribeAuthModes"),
        "handlers": handlers,
        "modifiedEpochS": namespace.modified_epoch_s,
    })
}

fn modes(modes: &Value) -> Vec<&str> {
    modes.as_array().into_iter().flatten().filter_map(|mode| mode["authType"].as_str()).collect()
}

fn key_json(key: &ApiKey) -> Value {
    json!({ "description": key.description, "expiresEpochS": key.expires_epoch_s })
}
