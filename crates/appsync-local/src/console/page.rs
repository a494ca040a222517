//! Serves the files of the console's page. They are part of the program, and only this machine may read them.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use crate::control_plane::appsync::code::{HANDLERS, exported_handlers};
use crate::data_plane::{Activity, DataPlane};
use crate::protocol::caller::dns_suffix;
use crate::server::guard;
use crate::state::{Api, ApiKey, Namespace, Region};

const PAGE: &str = "/_console";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: path, type, text.
const FILES: [(&str, &str, &str); 7] = [
    (PAGE, "text/html; charset=utf-8", include_str!("page.html")),
    ("/_console/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/_console/page.js", SCRIPT, include_str!("page.js")),
    ("/_console/api.js", SCRIPT, include_str!("api.js")),
    ("/_console/dom.js", SCRIPT, include_str!("dom.js")),
    ("/_console/publish.js", SCRIPT, include_str!("publish.js")),
    ("/_console/stream.js", SCRIPT, include_str!("stream.js")),
];

/// No content of an event may load, run or send anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a request is for the console.
pub fn is_for(request: &Request) -> bool {
    let path = request.uri().path();
    path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Responds to a request that [`is_for`] the console.
pub fn answer(data_plane: &DataPlane, request: &Request) -> Response<Body> {
    let path = request.uri().path();
    let path = if path == "/_console/" { PAGE } else { path };
    let file = FILES.iter().find(|(text, ..)| *text == path);
    let plain = "text/plain; charset=utf-8";
    let (status, kind, text) = match (guard::denial(request), request.method(), file) {
        (Some(_), ..) => {
            let text = "The console serves only this machine, at an address such as 127.0.0.1.\n";
            (StatusCode::FORBIDDEN, plain, text)
        }
        _ if data_plane.without_console => {
            let text = "This emulator runs without its console (--no-console).\n";
            (StatusCode::NOT_FOUND, plain, text)
        }
        (None, &Method::GET | &Method::HEAD, Some((_, kind, text))) => {
            (StatusCode::OK, *kind, *text)
        }
        (None, _, Some(_)) => {
            (StatusCode::METHOD_NOT_ALLOWED, plain, "The console supports only GET and HEAD.\n")
        }
        (None, _, None) => {
            (StatusCode::NOT_FOUND, plain, "Page not found; the console is at /_console.\n")
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let mut set_header = |name: &'static str, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    set_header("content-type", kind);
    set_header("content-security-policy", POLICY);
    set_header("x-content-type-options", "nosniff");
    set_header("referrer-policy", "no-referrer");
    set_header("cross-origin-opener-policy", "same-origin");
    set_header("cross-origin-resource-policy", "same-origin");
    // A newer program has a newer page.
    set_header("cache-control", "no-store");
    response
}

/// Returns every API of every account and Region, with URLs on the host of the request with these `headers`.
pub fn apis_json(data_plane: &DataPlane, headers: &HeaderMap) -> Value {
    let host = headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let apis = data_plane.store.read(|state| {
        let mut apis = Vec::new();
        for (account, contents) in state.accounts.iter() {
            for (name, region) in contents.regions.iter() {
                apis.extend(
                    region.apis.values().map(|api| api_json(api, account, name, region, host)),
                );
            }
        }
        apis.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        apis
    });
    json!({ "nowEpochS": data_plane.store.now_epoch_s(), "apis": apis })
}

fn api_json(api: &Api, account: &str, name: &str, region: &Region, host: &str) -> Value {
    let (prefix, suffix, config) = (&api.dns_prefix, dns_suffix(name), &api.event_config);
    let at = |scheme: &str, rest: &str| format!("{scheme}://{host}/apis/{}/event{rest}", api.id);
    let leads_here = |name: &&str| {
        let association = region.domains.get(name).and_then(|name| name.association.as_ref());
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

/// The interval of comments that keep the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The first text: after how many milliseconds a browser reconnects when the connection is lost.
const RETRY_FIELD: &str = "retry: 500\n\n";

/// The stream of events for one browser.
struct FeedStream {
    data_plane: Arc<DataPlane>,
    activities: broadcast::Receiver<Activity>,
    changes: watch::Receiver<()>,
    is_started: bool,
}

/// Streams the events `happening` (an activity), `changed` (an API or the clock may have changed) and `missed` (the
/// number of lost activities).
pub fn feed(data_plane: &Arc<DataPlane>) -> Response<Body> {
    let (activities, changes) = (data_plane.feed.watch(), data_plane.store.changes());
    let feed_stream =
        FeedStream { data_plane: Arc::clone(data_plane), activities, changes, is_started: false };
    let chunks = stream::unfold(feed_stream, async |mut stream| {
        let text = stream.next().await?;
        Some((Ok::<_, Infallible>(text), stream))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

impl FeedStream {
    /// Returns the next text, or `None` when the service stops.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.is_started, true) {
            return Some(RETRY_FIELD.to_owned());
        }
        tokio::select! {
            () = self.data_plane.store.closed() => None,
            activity = self.activities.recv() => match activity {
                Ok(activity) => Some(event("happening", &json!(activity).to_string())),
                Err(RecvError::Lagged(missed)) => Some(event("missed", &missed.to_string())),
                Err(RecvError::Closed) => None,
            },
            changed = self.changes.changed() => changed.is_ok().then(|| event("changed", "{}")),
            () = tokio::time::sleep(KEEP_ALIVE) => Some(": here\n\n".to_owned()),
        }
    }
}

/// JSON has no line breaks, so one line is enough.
fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
