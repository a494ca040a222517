//! `POST /event`: publishing over HTTP, also from browsers
//! (docs/reference/data-plane.md#publishing-over-http). It reads requests and writes responses; what a publish
//! does is in [`publication`].
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::message::{ClientMessage, REQUEST_BYTES_MAX, too_large};
use crate::data_plane::publication::{self, FailedEvent, PublishResponse, SuccessfulEvent};
use crate::data_plane::request_context::RequestContext;
use crate::data_plane::state::DataPlane;
use crate::data_plane::websocket::handshake::credentials_from_headers;
use crate::ids;

/// Bytes that are read of a body that is too large, so that its sender can read the response.
const DRAIN_MAX: usize = 16 * 1024 * 1024;
/// How long a body may take to arrive (docs/reference/quotas.md#handlers: request execution time).
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a browser may cache the response to a preflight request.
const PREFLIGHT_MAX_AGE_S: &str = "172800";

/// The result of a publish, with its members in AppSync's order over HTTP.
#[derive(Serialize)]
struct HttpPublishResponse<'a> {
    failed: &'a [FailedEvent],
    successful: &'a [SuccessfulEvent],
}

/// Responds to a request to publish.
pub async fn publish(
    data_plane: &DataPlane,
    request: &RequestContext,
    body: Body,
) -> Response<Body> {
    match try_publish(data_plane, request, body).await {
        Ok(text) => json_response(200, text),
        Err(error) => error_response(&error),
    }
}

async fn try_publish(
    data_plane: &DataPlane,
    request: &RequestContext,
    body: Body,
) -> Result<String, DataPlaneError> {
    let (body, message) = match read_message(body).await {
        Ok(read) => read,
        Err(error) => {
            publication::report_rejection(data_plane, request, "publish", None, &error);
            return Err(error);
        }
    };
    let credentials = credentials_from_headers(&request.headers);
    let (channel, events) = (&message.channel, message.events);
    let response =
        publication::publish(data_plane, request, channel, events, &credentials, &body).await?;
    Ok(response_json(&response))
}

/// Writes the result of a publish as AppSync returns it over HTTP.
pub fn response_json(response: &PublishResponse) -> String {
    let answer = HttpPublishResponse { failed: &response.failed, successful: &response.successful };
    serde_json::to_string(&answer).expect("texts and numbers can be written as JSON")
}

/// Reads a body: its bytes, which are signed, and the message in them.
pub async fn read_message(body: Body) -> Result<(Vec<u8>, ClientMessage), DataPlaneError> {
    let read = timeout(BODY_TIMEOUT, read_body(body)).await;
    let body = read.map_err(|_| {
        DataPlaneError::new(408, "RequestTimeoutException")
            .with_message("The request took too long to arrive")
    })??;
    match ClientMessage::parse(&body) {
        Some(message) => Ok((body, message)),
        None => Err(DataPlaneError::bad_request("The request is not a JSON object")),
    }
}

async fn read_body(body: Body) -> Result<Vec<u8>, DataPlaneError> {
    let mut chunks = body.into_data_stream();
    let (mut read, mut size) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|_| DataPlaneError::bad_request("The request was interrupted"))?;
        size += chunk.len();
        if size <= REQUEST_BYTES_MAX {
            read.extend_from_slice(&chunk);
        } else {
            read = Vec::new();
        }
        if size > DRAIN_MAX {
            break;
        }
    }
    match size <= REQUEST_BYTES_MAX {
        true => Ok(read),
        false => Err(too_large()),
    }
}

/// Returns a response with a JSON text.
pub fn json_response(status: u16, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    set_header(headers, "content-type", "application/json; charset=utf-8");
    set_header(headers, "x-amzn-requestid", &ids::request_id());
    set_header(headers, "x-amzn-appsync-tokensconsumed", "1");
    set_header(headers, "access-control-allow-origin", "*");
    set_header(headers, "access-control-expose-headers", "x-amzn-RequestId,x-amzn-ErrorType");
    response
}

pub fn error_response(error: &DataPlaneError) -> Response<Body> {
    let mut response = json_response(error.status, json!({ "errors": [error] }).to_string());
    set_header(response.headers_mut(), "x-amzn-errortype", &error.error_type);
    response
}

/// Responds to the preflight request of a browser.
pub fn preflight(request_headers: &HeaderMap) -> Response<Body> {
    let mut response = json_response(204, String::new());
    let headers = response.headers_mut();
    headers.remove("content-type");
    set_header(headers, "access-control-allow-methods", "POST, GET, OPTIONS");
    let allowed_headers = request_headers.get("access-control-request-headers").cloned();
    let allowed_headers = allowed_headers.unwrap_or(HeaderValue::from_static("*"));
    headers.insert(HeaderName::from_static("access-control-allow-headers"), allowed_headers);
    set_header(headers, "access-control-max-age", PREFLIGHT_MAX_AGE_S);
    response
}

fn set_header(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
