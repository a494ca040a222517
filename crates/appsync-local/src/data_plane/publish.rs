//! `POST /event`: publishing over HTTP (docs/reference/data-plane.md#publishing-over-http).
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::timeout;

use crate::data_plane::http;
use crate::data_plane::message::Message;
use crate::data_plane::plane::Plane;
use crate::data_plane::problem::Problem;
use crate::data_plane::publication::{self, Failed, REQUEST_MAX, Receipt, Source, Successful};
use crate::data_plane::websocket::handshake::of_headers;

/// What is still read of a body that is too large, so that its sender gets to read the answer.
const DRAINED_MAX: usize = 16 * 1024 * 1024;
/// How long a body may take to come (docs/reference/quotas.md#handlers: request execution time).
const BODY_TIME: Duration = Duration::from_secs(30);

/// With the members in the order that AppSync has over HTTP.
#[derive(Serialize)]
struct Answer<'a> {
    failed: &'a [Failed],
    successful: &'a [Successful],
}

pub async fn answer(plane: &Plane, source: &Source, body: Body) -> Response<Body> {
    match publish(plane, source, body).await {
        Ok(text) => http::answer(200, text),
        Err(problem) => http::refused(&problem),
    }
}

async fn publish(plane: &Plane, source: &Source, body: Body) -> Result<String, Problem> {
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

/// What became of the events, as AppSync tells it over HTTP.
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
        None => Err(Problem::bad_request("The request is no JSON object")),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut read, mut size) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The request broke off"))?;
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
        false => Err(publication::too_large()),
    }
}
