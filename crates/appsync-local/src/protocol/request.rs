//! A request to an AWS service, read from the network but not yet interpreted.
use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a body that is too large is read and dropped.
const DROPPED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A request to one operation of a service.
pub struct ApiCall {
    pub method: Method,
    /// Percent-encoded, as the client sent it.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub caller: Caller,
    /// Services whose operations have parameters in headers read them here.
    pub headers: HeaderMap,
    /// `X-Amz-Target`, by which some protocols name an operation; empty if there is none.
    pub target: String,
    /// `X-Amz-Date`, when the request was signed; empty if there is none.
    pub signed_at: String,
    pub stack: StackOptions,
}

/// What only a call of a stack has; no request of the network can set it. No `Debug`: the id can be an API key.
#[derive(Clone, Default)]
pub struct StackOptions {
    /// The id of the new resource, so that a stack knows the resource before it exists.
    pub preassigned_id: Option<String>,
    /// Tags that are set in addition to those of the request. Their keys may begin with `aws:`.
    pub system_tags: BTreeMap<String, String>,
}

#[cfg(test)]
impl ApiCall {
    /// A call of the default account in eu-west-1. `request` is the method, and the path with its query.
    pub fn for_test(service: &str, request: &str, target: &str, body: &[u8]) -> Self {
        let (method, url) = request.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let credential = format!("local/20261124/eu-west-1/{service}/aws4_request");
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: body.to_vec(),
            caller: Caller::from_credential(&credential).unwrap(),
            headers: HeaderMap::new(),
            target: target.to_owned(),
            signed_at: String::new(),
            stack: StackOptions::default(),
        }
    }

    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }
}

/// Reads a body, unless it is larger than `max` bytes or takes too long. A body that is too large is read and dropped,
/// because many clients read no response before they have sent their request.
pub async fn read_body(body: Body, max: usize) -> Result<Vec<u8>, AwsError> {
    match timeout(BODY_TIMEOUT, read_at_most(body, max)).await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err(too_large()),
        Err(_) => Err(AwsError::new(408, "RequestTimeoutException", "the request took too long")),
    }
}

/// The error for a body that is too large, or interrupted.
pub fn too_large() -> AwsError {
    AwsError::new(413, "RequestEntityTooLargeException", "the request is too large")
}

async fn read_at_most(mut body: Body, max: usize) -> Option<Vec<u8>> {
    let (mut bytes, mut total) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        total += data.len();
        if total <= max {
            bytes.extend_from_slice(&data);
        } else if total > DROPPED_BYTES_MAX {
            break;
        }
    }
    (total <= max).then_some(bytes)
}

/// The first header of that name; empty if there is none.
pub fn header_text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|header| header.to_str().ok()).unwrap_or_default().to_owned()
}

/// A parameter of a query.
pub fn query_parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// When a request was signed, from its header or from the query of a presigned URL.
pub fn signing_time(headers: &HeaderMap, query: &str) -> String {
    query_parameter(query, "X-Amz-Date").unwrap_or_else(|| header_text(headers, "x-amz-date"))
}
