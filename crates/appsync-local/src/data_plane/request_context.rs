//! From where a client asks, whichever way it came.
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;

use crate::data_plane::apis::{Apis, TargetApi};
use crate::data_plane::auth::request::{AuthRequest, ClientOperation, CredentialFields, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::handlers::call::HandlerCall;
use crate::state::{Api, Namespace};

/// From where the client asks, whichever way.
#[derive(Clone)]
pub struct RequestContext {
    pub target: TargetApi,
    /// The headers of the request, or of the upgrade.
    pub headers: Arc<BTreeMap<String, Vec<String>>>,
    pub path: Arc<str>,
    pub peer: Option<IpAddr>,
    pub transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Http,
    WebSocket,
    /// The console's form.
    Console,
}

impl RequestContext {
    /// From where a request for the API at `place` comes.
    pub fn from_parts(parts: &Parts, place: TargetApi, over: Transport) -> Self {
        let headers = Arc::new(headers(parts, over));
        Self {
            target: place,
            headers,
            path: parts.uri.path().into(),
            peer: peer(parts),
            transport: over,
        }
    }

    /// The API, as it is now.
    pub fn api(&self, apis: &Apis) -> Result<Arc<Api>, DataPlaneError> {
        let gone = || {
            DataPlaneError::new(404, "NotFoundException").with_message("The API no longer exists.")
        };
        apis.api(&self.target).ok_or_else(gone)
    }
    pub fn auth_request<'a>(
        &'a self,
        api: &'a Api,
        operation: ClientOperation,
        channel: Option<&'a Channel>,
        presented: &'a CredentialFields,
        signed: &'a [u8],
    ) -> AuthRequest<'a> {
        let (place, headers, path) = (&self.target, &self.headers, &self.path);
        AuthRequest {
            target: place,
            api,
            operation,
            channel,
            credentials: presented,
            headers,
            path,
            signed_text: signed,
            peer: self.peer,
        }
    }
    pub fn handler_call<'a>(
        &'a self,
        api: &'a Api,
        namespace: &'a Namespace,
        channel: &'a Channel,
        identity: &'a Identity,
    ) -> HandlerCall<'a> {
        let (place, headers) = (&self.target, &self.headers);
        HandlerCall { target: place, api, namespace, channel, identity, headers }
    }
}

/// All headers, by lower-case name. Amplify cannot send custom headers with an upgrade, and puts them
/// into the query.
fn headers(parts: &Parts, over: Transport) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        all.entry(name.as_str().to_owned()).or_default().push(value);
    }
    if let Some(authority) = parts.uri.authority() {
        all.entry("host".to_owned()).or_insert_with(|| vec![authority.as_str().to_owned()]);
    }
    let query = parts.uri.query().filter(|_| over == Transport::WebSocket).unwrap_or_default();
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
