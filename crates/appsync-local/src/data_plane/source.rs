//! From where a client asks, whichever way it came.
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;

use crate::data_plane::apis::{Apis, Place};
use crate::data_plane::auth::request::{Asked, Identity, Operation, Presented};
use crate::data_plane::channel::Channel;
use crate::data_plane::handlers::call::Call;
use crate::data_plane::problem::Problem;
use crate::state::{Api, Namespace};

/// From where the client asks, whichever way.
#[derive(Clone)]
pub struct Source {
    pub place: Place,
    /// The headers of the request, or of the upgrade.
    pub headers: Arc<BTreeMap<String, Vec<String>>>,
    pub path: Arc<str>,
    pub peer: Option<IpAddr>,
    pub over: Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Http,
    WebSocket,
    /// The console's form.
    Console,
}

impl Source {
    /// From where a request for the API at `place` comes.
    pub fn of(parts: &Parts, place: Place, over: Over) -> Self {
        let headers = Arc::new(headers(parts, over));
        Self { place, headers, path: parts.uri.path().into(), peer: peer(parts), over }
    }

    /// The API, as it is now.
    pub fn api(&self, apis: &Apis) -> Result<Arc<Api>, Problem> {
        let gone = || Problem::new(404, "NotFoundException").saying("The API no longer exists.");
        apis.api(&self.place).ok_or_else(gone)
    }
    pub fn asked<'a>(
        &'a self,
        api: &'a Api,
        operation: Operation,
        channel: Option<&'a Channel>,
        presented: &'a Presented,
        signed: &'a [u8],
    ) -> Asked<'a> {
        let (place, headers, path) = (&self.place, &self.headers, &self.path);
        Asked { place, api, operation, channel, presented, headers, path, signed, peer: self.peer }
    }
    pub fn call<'a>(
        &'a self,
        api: &'a Api,
        namespace: &'a Namespace,
        channel: &'a Channel,
        identity: &'a Identity,
    ) -> Call<'a> {
        let (place, headers) = (&self.place, &self.headers);
        Call { place, api, namespace, channel, identity, headers }
    }
}

/// All headers, by lower-case name. Amplify cannot send custom headers with an upgrade, and puts them
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
