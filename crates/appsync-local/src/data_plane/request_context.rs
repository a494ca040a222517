//! The context of a client's request or connection: the API, the headers, and how the request arrived. It
//! decides nothing.
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

/// The context of a client's request or connection.
#[derive(Clone)]
pub struct RequestContext {
    pub target: TargetApi,
    /// The headers of the request or of the upgrade, by lower-case name.
    pub headers: Arc<BTreeMap<String, Vec<String>>>,
    pub path: Arc<str>,
    pub peer: Option<IpAddr>,
    pub transport: Transport,
}

/// How a request arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Http,
    WebSocket,
    /// The console.
    Console,
}

impl RequestContext {
    /// Reads the context of a request for an API.
    pub fn from_parts(parts: &Parts, target: TargetApi, transport: Transport) -> Self {
        let headers = Arc::new(headers(parts, transport));
        Self { target, headers, path: parts.uri.path().into(), peer: peer(parts), transport }
    }

    /// Returns the current state of the API.
    pub fn api(&self, apis: &Apis) -> Result<Arc<Api>, DataPlaneError> {
        let not_found = || {
            DataPlaneError::new(404, "NotFoundException").with_message("The API no longer exists.")
        };
        apis.api(&self.target).ok_or_else(not_found)
    }
    pub fn auth_request<'a>(
        &'a self,
        api: &'a Api,
        operation: ClientOperation,
        channel: Option<&'a Channel>,
        credentials: &'a CredentialFields,
        signed_text: &'a [u8],
    ) -> AuthRequest<'a> {
        let (target, headers, path) = (&self.target, &self.headers, &self.path);
        AuthRequest {
            target,
            api,
            operation,
            channel,
            credentials,
            headers,
            path,
            signed_text,
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
        let (target, headers) = (&self.target, &self.headers);
        HandlerCall { target, api, namespace, channel, identity, headers }
    }
}

/// Returns all headers, by lower-case name. Amplify cannot send custom headers with an upgrade, and puts them
/// into the query.
fn headers(parts: &Parts, transport: Transport) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        all.entry(name.as_str().to_owned()).or_default().push(value);
    }
    if let Some(authority) = parts.uri.authority() {
        all.entry("host".to_owned()).or_insert_with(|| vec![authority.as_str().to_owned()]);
    }
    let query = parts.uri.query().filter(|_| transport == Transport::WebSocket).unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let name = name.to_ascii_lowercase();
        // Headers take precedence over the query.
        all.entry(name).or_insert_with(|| vec![value.into_owned()]);
    }
    all
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}
