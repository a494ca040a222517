//! The admin interface of a running emulator: faults, the call log, the clock, tokens of the local issuer, and what
//! the console shows and does. It is not part of AWS and has no authentication, so it never serves another machine,
//! except for the issuer's public keys.
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console;
use crate::data_plane::{self, DataPlane};
use crate::faults::{CLOCK_MAX_S, Faults};
use crate::protocol::request::read_body;
use crate::protocol::response::AwsError;
use crate::server::guard;
use crate::store::Store;

/// The prefix of the paths, which no path of AWS has.
const PREFIX: &str = "/_provision/";
/// More than any faults file.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A change of the clock.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum ClockChange {
    EpochS(f64),
    AdvanceS(f64),
}

/// The body of a response, or the status and message of an error.
type AdminResult = Result<Value, (StatusCode, String)>;

pub fn is_for(request: &Request) -> bool {
    request.uri().path().starts_with(PREFIX)
}

pub async fn handle(data_plane: &Arc<DataPlane>, request: Request) -> Response<Body> {
    let result = match (issuer_document(data_plane, &request), guard::denial(&request)) {
        (Some(result), _) => result,
        (None, Some(message)) => Err((StatusCode::FORBIDDEN, message.to_owned())),
        (None, None) => match (request.method(), &request.uri().path()[PREFIX.len()..]) {
            (&Method::GET, "feed") => return console::feed(data_plane),
            (&Method::POST, "publish") => {
                return data_plane::publish_as_admin(data_plane, request).await;
            }
            _ => control(data_plane, request).await,
        },
    };
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err((status, message)) => (status, json!({ "message": message })),
    };
    let mut response = Response::new(Body::from(format!("{body:#}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// The public documents of the local issuer, with which its tokens are verified.
fn issuer_document(data_plane: &DataPlane, request: &Request) -> Option<AdminResult> {
    const KEYS: &str = "/_provision/issuer/.well-known/jwks.json";
    const CONFIGURATION: &str = "/_provision/issuer/.well-known/openid-configuration";
    match (request.method(), request.uri().path()) {
        (&Method::GET, KEYS) => {
            let internal_error = |error| (StatusCode::INTERNAL_SERVER_ERROR, error);
            Some(data_plane.issuer.jwks().map_err(internal_error))
        }
        (&Method::GET, CONFIGURATION) => {
            let host = request.headers().get("host").and_then(|host| host.to_str().ok());
            let host = host.unwrap_or("localhost");
            Some(Ok(json!({
                "issuer": format!("http://{host}/_provision/issuer"),
                "jwks_uri": format!("http://{host}{KEYS}"),
                "id_token_signing_alg_values_supported": ["ES256"],
            })))
        }
        _ => None,
    }
}

/// Handles the operations that respond with JSON.
async fn control(data_plane: &DataPlane, request: Request) -> AdminResult {
    let store: &Store = &data_plane.store;
    let bad_request = |message: String| (StatusCode::BAD_REQUEST, message);
    let (parts, body) = request.into_parts();
    let failure = |error: AwsError| {
        (StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST), error.message)
    };
    let body = read_body(body, BODY_BYTES_MAX).await.map_err(failure)?;
    match (parts.method, &parts.uri.path()[PREFIX.len()..]) {
        (Method::GET, "faults") => {}
        (Method::PUT, "faults") => {
            let text =
                std::str::from_utf8(&body).map_err(|error| bad_request(error.to_string()))?;
            store.set_faults(Faults::parse(text).map_err(|error| bad_request(error.to_string()))?);
        }
        (Method::DELETE, "faults") => store.set_faults(Faults::default()),
        (Method::GET, "apis") => return Ok(console::apis_json(data_plane, &parts.headers)),
        (Method::GET, "connections") => return Ok(json!(data_plane.connections())),
        (Method::GET, "calls") => return Ok(json!(store.calls())),
        (Method::DELETE, "calls") => {
            store.clear_calls();
            return Ok(json!([]));
        }
        (Method::GET, "clock") => return Ok(json!({ "epoch-s": store.now_epoch_s() })),
        (Method::PUT, "clock") => {
            move_clock(store, &body).map_err(bad_request)?;
            return Ok(json!({ "epoch-s": store.now_epoch_s() }));
        }
        (Method::POST, "token") => {
            let request =
                serde_json::from_slice(&body).map_err(|error| bad_request(error.to_string()))?;
            return Ok(json!({ "token": data_plane.create_token(&request).map_err(bad_request)? }));
        }
        _ => {
            let message = "unknown path or method; supported: GET, PUT and DELETE /_provision/faults, GET and DELETE /_provision/calls, GET and PUT /_provision/clock, GET /_provision/apis, /_provision/connections and /_provision/feed, POST /_provision/publish, POST /_provision/token, GET /_provision/issuer/.well-known/jwks.json and …/openid-configuration";
            return Err((StatusCode::NOT_FOUND, message.to_owned()));
        }
    }
    Ok(json!(store.faults()))
}

fn move_clock(store: &Store, body: &[u8]) -> Result<(), String> {
    let now = store.now_epoch_s();
    let by_s = match serde_json::from_slice(body).map_err(|error| error.to_string())? {
        ClockChange::EpochS(to) => to - now,
        ClockChange::AdvanceS(by) => by,
    };
    match by_s.abs() <= CLOCK_MAX_S as f64 {
        true => {
            store.move_clock(by_s);
            Ok(())
        }
        false => Err("the clock cannot be moved by more than a hundred years".to_owned()),
    }
}
