//! A request to an AWS service, read from the network but not yet interpreted.
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method};
use tokio::time::timeout;

use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A request to one operation of a service.
pub struct ApiCall {
    pub method: Method,
    /// Percent-encoded, as the client sent it.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub caller: Caller,
    /// `X-Amz-Target`, by which some protocols name an operation; empty if there is none.
    pub target: String,
    /// `X-Amz-Date`, when the request was signed; empty if there is none.
    pub signed_at: String,
}

/// Reads a body, unless it is larger than `max` bytes or takes too long.
pub async fn read_body(body: Body, max: usize) -> Result<Vec<u8>, AwsError> {
    match timeout(BODY_TIMEOUT, to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => {
            Err(AwsError::new(413, "RequestEntityTooLargeException", "the request is too large"))
        }
        Err(_) => Err(AwsError::new(408, "RequestTimeoutException", "the request took too long")),
    }
}

/// The first header of that name; empty if there is none.
pub fn header_text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|header| header.to_str().ok()).unwrap_or_default().to_owned()
}

/// When a request was signed, from its header or from the query of a presigned URL.
pub fn signing_time(headers: &HeaderMap, query: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let presigned = pairs.find(|(name, _)| name == "X-Amz-Date").map(|(_, date)| date.into_owned());
    presigned.unwrap_or_else(|| header_text(headers, "x-amz-date"))
}
