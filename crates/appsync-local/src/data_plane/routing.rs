//! Routes a request to an API and an endpoint (docs/reference/data-plane.md#endpoints). Host or path select the API.
//! Only the path selects HTTP or WebSocket: clients send both hosts to both endpoints.
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::{Method, Response};

use crate::data_plane::apis::{Apis, TargetApi};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::host::{Host, request_host};
use crate::data_plane::http_publish;
use crate::data_plane::request_context::{RequestContext, Transport};
use crate::data_plane::state::DataPlane;
use crate::data_plane::websocket::handshake::Handshake;
use crate::data_plane::websocket::socket;

/// Whether a request is for the data plane.
pub fn is_for(request: &Request) -> bool {
    parse_path(request.uri().path()).is_some()
        || matches!(Host::parse(&request_host(request)), Host::Api(..))
}

/// Responds to a request that [`is_for`] the data plane.
pub async fn answer(data_plane: Arc<DataPlane>, request: Request) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return http_publish::preflight(request.headers());
    }
    let host = request_host(&request);
    let (mut parts, body) = request.into_parts();
    let route = match find_route(&data_plane.apis, &host, parts.uri.path()) {
        Ok(route) => route,
        Err(error) => return http_publish::error_response(&error),
    };
    let transport = match route.endpoint {
        Endpoint::Publish => Transport::Http,
        Endpoint::Realtime => Transport::WebSocket,
    };
    let context = RequestContext::from_parts(&parts, route.target, transport);
    match (route.endpoint, &parts.method) {
        (Endpoint::Publish, &Method::POST) => {
            http_publish::publish(&data_plane, &context, body).await
        }
        (Endpoint::Realtime, &Method::GET | &Method::CONNECT) => {
            let handshake = Handshake::from_headers(&parts.headers, &context.headers);
            match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
                Ok(upgrade) => socket::open(data_plane, context, handshake, upgrade),
                Err(rejection) => {
                    http_publish::error_response(&DataPlaneError::bad_request(format!(
                        "{}: this endpoint accepts WebSockets only",
                        rejection.body_text().trim_end_matches('.')
                    )))
                }
            }
        }
        (endpoint, method) => {
            let allowed = if endpoint == Endpoint::Publish { "POST" } else { "GET" };
            let message = format!("{method} is not supported at {}: use {allowed}.", context.path);
            let mut response = http_publish::error_response(
                &DataPlaneError::new(405, "MethodNotAllowedException").with_message(message),
            );
            let allow = axum::http::HeaderValue::from_static(allowed);
            response.headers_mut().insert("allow", allow);
            response
        }
    }
}

/// What a path of an API serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Publish,
    Realtime,
}

/// The API and the endpoint of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    target: TargetApi,
    endpoint: Endpoint,
}

/// Finds the API of `host`, as [`request_host`] returns it, and `path`.
fn find_route(apis: &Apis, host: &str, path: &str) -> Result<Route, DataPlaneError> {
    let Some((named, endpoint)) = parse_path(path) else {
        let message = format!(
            "The path {path} does not exist: publish to /event, connect to /event/realtime."
        );
        return Err(not_found(message));
    };
    let target = match (named, Host::parse(host)) {
        (Some(api), _) => {
            apis.find(api).ok_or_else(|| not_found(format!("API {api} does not exist here.")))
        }
        (None, Host::Api(prefix, region)) => apis
            .find(prefix)
            .filter(|api| api.region == region)
            .ok_or_else(|| not_found(format!("No API has the host {host}."))),
        (None, Host::Local(api)) => {
            apis.find(api).ok_or_else(|| not_found(format!("API {api} does not exist here.")))
        }
        (None, Host::Emulator) => Err(not_found(format!(
            "cannot determine the API: use /apis/<api-id>{path}, the host <api-id>.localhost, or the API's own host"
        ))),
        (None, Host::Other) => apis.find_by_domain(host).ok_or_else(|| {
            not_found(format!("No domain name {host} is associated with an API here."))
        }),
    };
    Ok(Route { target: target?, endpoint })
}

fn not_found(message: String) -> DataPlaneError {
    DataPlaneError::new(404, "NotFoundException").with_message(message)
}

/// Parses a path: the API that it names, if any, and the endpoint.
fn parse_path(path: &str) -> Option<(Option<&str>, Endpoint)> {
    let (named, rest) = match path.strip_prefix("/apis/") {
        Some(rest) => {
            let (api, rest) = rest.split_once('/')?;
            (Some(api), rest)
        }
        None => (None, path.strip_prefix('/')?),
    };
    match rest {
        "event" => Some((named, Endpoint::Publish)),
        "event/realtime" => Some((named, Endpoint::Realtime)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_name_the_api() {
        assert_eq!(parse_path("/event"), Some((None, Endpoint::Publish)));
        assert_eq!(parse_path("/event/realtime"), Some((None, Endpoint::Realtime)));
        assert_eq!(parse_path("/apis/x/event"), Some((Some("x"), Endpoint::Publish)));
        assert_eq!(parse_path("/apis/x/event/realtime"), Some((Some("x"), Endpoint::Realtime)));
        for other in ["/", "/events", "/apis/x", "/v2/apis/x/event", "/event/", "event"] {
            assert_eq!(parse_path(other), None, "{other}");
        }
    }
}
