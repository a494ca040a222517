//! For tests: a server that returns configured responses and records its requests, and a
//! data plane with one API.
use std::sync::{Arc, Mutex};

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use axum::routing::any;
use axum::{Router, serve};
use serde_json::json;
use tokio::net::TcpListener;

use crate::data_plane::state::DataPlane;
use crate::data_plane::state::Settings;
use crate::state::{Api, ApiKey, Namespace};
use crate::store::Store;

/// A request that the stub received.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A server that records its requests.
#[derive(Clone)]
pub struct Stub {
    pub url: String,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Stub {
    pub async fn serve<A>(respond: A) -> Self
    where
        A: Fn(&ReceivedRequest) -> Response<Body> + Clone + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<ReceivedRequest>>> = Arc::default();
        let log = Arc::clone(&requests);
        let handle = async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
            let (method, uri) = (head.method.to_string(), head.uri.to_string());
            let received = ReceivedRequest { method, uri, headers: head.headers, body };
            log.lock().unwrap().push(received.clone());
            respond(&received)
        };
        let router = Router::new().fallback(any(handle));
        tokio::spawn(async move { serve(listener, router).await.unwrap() });
        Self { url, requests }
    }
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }
}

/// Returns a response with a status.
pub fn response(status: u16, body: impl Into<String>) -> Response<Body> {
    Response::builder().status(status).body(Body::from(body.into())).unwrap()
}

/// Returns a data plane whose API `a` has the channel namespace `default` and the key `da2-k`.
pub async fn test_plane() -> Arc<DataPlane> {
    let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
    let modes = json!([{ "authType": "API_KEY" }]);
    let key = ApiKey { id: "da2-k".into(), description: None, expires_epoch_s: i64::MAX };
    let namespace = Namespace {
        name: "default".into(),
        publish: json!([]),
        subscribe: json!([]),
        code: None,
        handlers: json!({}),
        tags: Default::default(),
        created_epoch_s: 0.0,
        modified_epoch_s: 0.0,
    };
    let api = Api {
        id: "a".into(),
        name: "a".into(),
        owner_contact: None,
        event_config: json!({
            "authProviders": modes,
            "connectionAuthModes": modes,
            "defaultPublishAuthModes": modes,
            "defaultSubscribeAuthModes": modes,
        }),
        tags: Default::default(),
        dns_prefix: "d".into(),
        created_epoch_s: 0.0,
        namespaces: [(namespace.name.clone(), namespace)].into(),
        keys: [(key.id.clone(), key)].into(),
        data_sources: Default::default(),
        web_acl: None,
    };
    let add = store.change(|state| {
        let regions = &mut state.accounts.or_default("1").regions;
        regions.or_default("r").apis.insert("a", api);
        Ok(())
    });
    add.await.unwrap();
    DataPlane::new(store, Settings::default())
}
