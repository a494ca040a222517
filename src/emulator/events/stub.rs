//! Somebody else's server, for tests: answers what it is told to and remembers what it was asked.
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use axum::routing::any;
use axum::{Router, serve};
use tokio::net::TcpListener;

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

#[derive(Clone)]
pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    pub async fn serve<A>(answer: A) -> Self
    where
        A: Fn(&Asked) -> Response<Body> + Clone + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let handle = async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
            let (method, uri) = (head.method.to_string(), head.uri.to_string());
            let one = Asked { method, uri, headers: head.headers, body };
            log.lock().unwrap().push(one.clone());
            answer(&one)
        };
        let router = Router::new().fallback(any(handle));
        tokio::spawn(async move { serve(listener, router).await.unwrap() });
        Self { url, asked }
    }
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// An answer of that status.
pub fn answer(status: u16, body: impl Into<String>) -> Response<Body> {
    Response::builder().status(status).body(Body::from(body.into())).unwrap()
}
