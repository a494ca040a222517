//! A request to AWS, as it was read off the wire.
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method};
use tokio::time::timeout;

use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;

/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A request, read.
pub struct ApiCall {
    pub method: Method,
    /// As it came, percent-encoded.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub caller: Caller,
    /// `X-Amz-Target`, by which some protocols name an operation; empty without.
    pub target: String,
    /// `X-Amz-Date`, when it was signed; empty without.
    pub signed_at: String,
}

/// A body, if it is not too large and comes in time.
pub async fn read_body(body: Body, max: usize) -> Result<Vec<u8>, AwsError> {
    match timeout(BODY_TIMEOUT, to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => {
            Err(AwsError::new(413, "RequestEntityTooLargeException", "the request is too large"))
        }
        Err(_) => Err(AwsError::new(408, "RequestTimeoutException", "the request took too long")),
    }
}

/// The first header of that name; empty without.
pub fn header_text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
}

/// When a request was signed: a header's, or a presigned address's.
pub fn signing_time(headers: &HeaderMap, query: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let presigned = pairs.find(|(name, _)| name == "X-Amz-Date").map(|(_, it)| it.into_owned());
    presigned.unwrap_or_else(|| header_text(headers, "x-amz-date"))
}
