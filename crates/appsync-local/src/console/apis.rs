//! All Event APIs, as people want to see them. The value of no key is in it.
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::control_plane::appsync::code::{HANDLERS, exported_handlers};
use crate::data_plane::DataPlane;
use crate::protocol::caller::dns_suffix;
use crate::state::{Api, ApiKey, Namespace, Region};

/// Every API of every account and Region, with the addresses at which a caller with these `headers` reaches it.
pub fn apis_json(plane: &DataPlane, headers: &HeaderMap) -> Value {
    let host = headers.get("host").and_then(|it| it.to_str().ok()).unwrap_or("localhost");
    let apis = plane.store.read(|state| {
        let mut apis = Vec::new();
        for (account, held) in &state.accounts {
            for (name, region) in &held.regions {
                apis.extend(
                    region.apis.values().map(|it| api_json(it, account, name, region, host)),
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
    let leads_here = |it: &&String| {
        let association = region.domains.get(*it).and_then(|it| it.association.as_ref());
        association.is_some_and(|it| it.api_id == api.id)
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
        "namespaces": api.namespaces.values().map(|it| namespace_json(it, config)).collect::<Vec<_>>(),
        "dataSources": api.data_sources.keys().collect::<Vec<_>>(),
        "keys": api.keys.values().map(key_json).collect::<Vec<_>>(),
    })
}

/// A provider's mode, and which one it is.
fn provider_json(provider: &Value) -> Value {
    let of = [
        "/openIDConnectConfig/issuer",
        "/cognitoConfig/userPoolId",
        "/lambdaAuthorizerConfig/authorizerUri",
    ];
    let detail = of.iter().find_map(|it| provider.pointer(it)?.as_str());
    json!({ "mode": provider["authType"], "detail": detail })
}

/// What counts there: its own modes, or the API's.
fn namespace_json(namespace: &Namespace, config: &Value) -> Value {
    let grant = |own: &Value, default: &str| {
        let own = modes(own);
        let inherited = own.is_empty();
        json!({ "modes": if inherited { modes(&config[default]) } else { own }, "inherited": inherited })
    };
    let exported = namespace.code.as_deref().map(exported_handlers).unwrap_or_default();
    let configured = |it: &&str| exported.contains(it) || !namespace.handlers[*it].is_null();
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
    modes.as_array().into_iter().flatten().filter_map(|it| it["authType"].as_str()).collect()
}

fn key_json(key: &ApiKey) -> Value {
    json!({ "description": key.description, "expiresEpochS": key.expires_epoch_s })
}
