//! A request to AWS, as it was read off the wire.
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method};
use tokio::time::timeout;

use crate::protocol::caller::Caller;
use crate::protocol::response::Fault;

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A request, read.
pub struct Call {
    pub method: Method,
    /// As it came, percent-encoded.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub caller: Caller,
    /// `X-Amz-Target`, by which some protocols name an operation; empty without.
    pub target: String,
    /// `X-Amz-Date`, when it was signed; empty without.
    pub signed: String,
}

/// A body, if it is not too large and comes in time.
pub async fn read(body: Body, max: usize) -> Result<Vec<u8>, Fault> {
    match timeout(BODY_TIME, to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => {
            Err(Fault::new(413, "RequestEntityTooLargeException", "the request is too large"))
        }
        Err(_) => Err(Fault::new(408, "RequestTimeoutException", "the request took too long")),
    }
}

/// The first header of that name; empty without.
pub fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
}

/// When a request was signed: a header's, or a presigned address's.
pub fn signed(headers: &HeaderMap, query: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let presigned = pairs.find(|(name, _)| name == "X-Amz-Date").map(|(_, it)| it.into_owned());
    presigned.unwrap_or_else(|| header(headers, "x-amz-date"))
}
