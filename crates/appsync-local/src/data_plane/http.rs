//! `POST /event`: publishing over HTTP, for browsers too (docs/reference/data-plane.md#publishing-over-http).
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use crate::data_plane::message::{Message, REQUEST_MAX, too_large};
use crate::data_plane::plane::DataPlane;
use crate::data_plane::problem::Problem;
use crate::data_plane::publication::{self, Failed, Receipt, Successful};
use crate::data_plane::source::Source;
use crate::data_plane::websocket::handshake::of_headers;
use crate::ids;

/// What is still read of a body that is too large, so that its sender gets to read the answer.
const DRAINED_MAX: usize = 16 * 1024 * 1024;
/// How long a body may take to come (docs/reference/quotas.md#handlers: request execution time).
const BODY_TIME: Duration = Duration::from_secs(30);
/// For how long a browser need not ask again.
const PREFLIGHT_MAX_AGE_S: &str = "172800";

/// With the members in the order that AppSync has over HTTP.
#[derive(Serialize)]
struct Answer<'a> {
    failed: &'a [Failed],
    successful: &'a [Successful],
}

/// Answers a request to publish.
pub async fn publish(plane: &DataPlane, source: &Source, body: Body) -> Response<Body> {
    match attempt(plane, source, body).await {
        Ok(text) => answer(200, text),
        Err(problem) => refused(&problem),
    }
}

async fn attempt(plane: &DataPlane, source: &Source, body: Body) -> Result<String, Problem> {
    let (body, message) = match message(body).await {
        Ok(read) => read,
        Err(problem) => {
            publication::refused(plane, source, "publish", None, &problem);
            return Err(problem);
        }
    };
    let presented = of_headers(&source.headers);
    let (channel, events) = (&message.channel, message.events);
    let receipt = publication::publish(plane, source, channel, events, &presented, &body).await?;
    Ok(text(&receipt))
}

/// The result of a publish, as AppSync returns it over HTTP.
pub fn text(receipt: &Receipt) -> String {
    let answer = Answer { failed: &receipt.failed, successful: &receipt.successful };
    serde_json::to_string(&answer).expect("texts and numbers can be written as JSON")
}

/// The body as it came, which is signed, and what it says.
pub async fn message(body: Body) -> Result<(Vec<u8>, Message), Problem> {
    let read = timeout(BODY_TIME, read(body)).await;
    let body = read.map_err(|_| {
        Problem::new(408, "RequestTimeoutException").saying("The request took too long to come")
    })??;
    match Message::read(&body) {
        Some(message) => Ok((body, message)),
        None => Err(Problem::bad_request("The request is not a JSON object")),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut read, mut size) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The request was interrupted"))?;
        size += chunk.len();
        if size <= REQUEST_MAX {
            read.extend_from_slice(&chunk);
        } else {
            read = Vec::new();
        }
        if size > DRAINED_MAX {
            break;
        }
    }
    match size <= REQUEST_MAX {
        true => Ok(read),
        false => Err(too_large()),
    }
}

/// An answer with a JSON text.
pub fn answer(status: u16, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    put(headers, "content-type", "application/json; charset=utf-8");
    put(headers, "x-amzn-requestid", &ids::request_id());
    put(headers, "x-amzn-appsync-tokensconsumed", "1");
    put(headers, "access-control-allow-origin", "*");
    put(headers, "access-control-expose-headers", "x-amzn-RequestId,x-amzn-ErrorType");
    response
}

pub fn refused(problem: &Problem) -> Response<Body> {
    let mut response = answer(problem.status, json!({ "errors": [problem] }).to_string());
    put(response.headers_mut(), "x-amzn-errortype", &problem.error_type);
    response
}

/// What a browser asks before it asks.
pub fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = answer(204, String::new());
    let headers = response.headers_mut();
    headers.remove("content-type");
    put(headers, "access-control-allow-methods", "POST, GET, OPTIONS");
    let wanted = asked.get("access-control-request-headers").cloned();
    let wanted = wanted.unwrap_or(HeaderValue::from_static("*"));
    headers.insert(HeaderName::from_static("access-control-allow-headers"), wanted);
    put(headers, "access-control-max-age", PREFLIGHT_MAX_AGE_S);
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
