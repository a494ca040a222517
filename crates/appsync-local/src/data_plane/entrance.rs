//! Where the requests of the data plane come in.
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, Response};

use crate::data_plane::place::Place;
use crate::data_plane::plane::Plane;
use crate::data_plane::problem::Problem;
use crate::data_plane::publication::{Over, Source};
use crate::data_plane::route::{self, Door};
use crate::data_plane::websocket::handshake::Offer;
use crate::data_plane::websocket::socket;
use crate::data_plane::{http, publish};

/// Answers a request that [`route::is_for`] the data plane.
pub async fn answer(plane: Arc<Plane>, request: Request) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return http::preflight(request.headers());
    }
    let host = route::host(&request);
    let (mut parts, body) = request.into_parts();
    let route = match route::find(&plane, &host, parts.uri.path()) {
        Ok(route) => route,
        Err(problem) => return http::refused(&problem),
    };
    let over = match route.door {
        Door::Publish => Over::Http,
        Door::Realtime => Over::WebSocket,
    };
    let source = source(&parts, route.place, over);
    match (route.door, &parts.method) {
        (Door::Publish, &Method::POST) => publish::answer(&plane, &source, body).await,
        (Door::Realtime, &Method::GET | &Method::CONNECT) => {
            let offer = Offer::read(&parts.headers, &source.headers);
            match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
                Ok(upgrade) => socket::open(plane, source, offer, upgrade),
                Err(refusal) => http::refused(&Problem::bad_request(format!(
                    "{}: this is where WebSockets connect",
                    refusal.body_text().trim_end_matches('.')
                ))),
            }
        }
        (door, method) => {
            let only = if door == Door::Publish { "POST" } else { "GET" };
            let message = format!("{method} is not for {}: use {only}.", source.path);
            let mut response =
                http::refused(&Problem::new(405, "MethodNotAllowedException").saying(message));
            let allow = axum::http::HeaderValue::from_static(only);
            response.headers_mut().insert("allow", allow);
            response
        }
    }
}

/// From where a request for the API at `place` comes.
pub fn source(parts: &Parts, place: Place, over: Over) -> Source {
    let headers = Arc::new(headers(parts, over));
    Source { place, headers, path: parts.uri.path().into(), peer: peer(parts), over }
}

/// All headers, by lower-case name. Amplify can't send headers of its own with an upgrade, and puts them
/// into the query.
fn headers(parts: &Parts, over: Over) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        all.entry(name.as_str().to_owned()).or_default().push(value);
    }
    if let Some(authority) = parts.uri.authority() {
        all.entry("host".to_owned()).or_insert_with(|| vec![authority.as_str().to_owned()]);
    }
    let query = parts.uri.query().filter(|_| over == Over::WebSocket).unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let name = name.to_ascii_lowercase();
        // A header that was really sent counts more.
        all.entry(name).or_insert_with(|| vec![value.into_owned()]);
    }
    all
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip())
}
