//! Publishing over HTTP: one request for each batch.
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Operation};
use crate::frame::first_error;
use crate::publish_response::PublishResponse;

/// The maximum size of a response, which describes at most five events.
const RESPONSE_BYTES_MAX: usize = 256 * 1024;

/// Sends requests on one connection, and opens another when it is closed.
#[derive(Default)]
pub struct HttpPublisher {
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl HttpPublisher {
    /// Sends one request, once.
    pub async fn send(
        &mut self,
        client: &Client,
        credentials: &Credentials,
        body: String,
    ) -> Result<PublishResponse, Error> {
        let headers = credentials.http_headers(&client.endpoint, &body).await?;
        let mut request = Request::post(client.endpoint.http.path())
            .body(Full::new(Bytes::from(body)))
            .expect("the path is part of a URL that was parsed");
        *request.headers_mut() = headers;
        let mut connection = self.connect(client).await?;
        let response = async {
            let response = connection.send_request(request).await;
            read(response.map_err(|error| send_error(&error))?).await
        };
        let limit = client.timing.request_timeout;
        let response = timeout(limit, response).await.unwrap_or_else(|_| {
            let message = format!("no response within {} s", limit.as_secs());
            Err(Error::new(ErrorKind::UnknownOutcome, Operation::Publish, message))
        })?;
        self.connection = Some(connection);
        let RawResponse { status, request_id, body } = response;
        interpret(status, &body).map_err(|error| error.with_request_id(request_id))
    }

    /// The connection of the previous request if it is still open, or a new one.
    async fn connect(&mut self, client: &Client) -> Result<SendRequest<Full<Bytes>>, Error> {
        if let Some(mut connection) = self.connection.take()
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        let stream = client.network.connect(&client.endpoint.http).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| {
            Error::new(ErrorKind::Unreachable, Operation::Publish, error.to_string())
        })?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection closed");
            }
        });
        Ok(sender)
    }
}

struct RawResponse {
    status: StatusCode,
    request_id: Option<String>,
    body: Bytes,
}

async fn read(response: Response<Incoming>) -> Result<RawResponse, Error> {
    let (parts, body) = response.into_parts();
    let request_id = parts.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
    let body = Limited::new(body, RESPONSE_BYTES_MAX).collect().await.map_err(|error| {
        let message = format!("the response is incomplete: {error}");
        Error::new(ErrorKind::UnknownOutcome, Operation::Publish, message)
    })?;
    Ok(RawResponse {
        status: parts.status,
        request_id: request_id.map(str::to_owned),
        body: body.to_bytes(),
    })
}

fn interpret(status: StatusCode, body: &[u8]) -> Result<PublishResponse, Error> {
    let unexpected = || Error::from_unexpected_status(Operation::Publish, status);
    let document: Option<Value> = serde_json::from_slice(body).ok();
    match document.filter(Value::is_object) {
        Some(document) if status.is_success() && document.get("errors").is_none() => {
            PublishResponse::deserialize(&document).map_err(|_| unexpected())
        }
        Some(document) => Err(first_error(Operation::Publish, &document).with_status(status)),
        None if status.is_success() || status.is_redirection() => Err(unexpected()),
        None => {
            let error = Error::from_answer(Operation::Publish, "", "no reason given");
            Err(error.with_status(status))
        }
    }
}

/// The error of a connection that was lost. A request that was canceled was not sent.
fn send_error(error: &hyper::Error) -> Error {
    let kind = if error.is_canceled() { ErrorKind::Unreachable } else { ErrorKind::UnknownOutcome };
    let message = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    Error::new(kind, Operation::Publish, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Result<PublishResponse, Error> {
        interpret(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn a_response_has_the_accepted_and_the_rejected_events() {
        let body = r#"{"failed":[{"identifier":"x","index":0,"code":401,"message":"Message required"}],
            "successful":[{"identifier":"y","index":1}]}"#;
        let published = response(200, body).unwrap();
        assert_eq!(published.successful[0].index, 1);
        assert_eq!(published.failed[0].message.as_deref(), Some("Message required"));
        assert_eq!(response(200, "{}").unwrap(), PublishResponse::default());
    }

    #[test]
    fn each_error_response_has_its_kind() {
        for (status, body, kind) in [
            (401, r#"{"errors":[{"errorType":"UnauthorizedException"}]}"#, ErrorKind::Unauthorized),
            (403, r#"{"errors":[{"message":"no"}]}"#, ErrorKind::Forbidden),
            (403, "<html>", ErrorKind::Forbidden),
            (
                400,
                r#"{"errors":[{"errorType":"BadRequestException","message":"m"}]}"#,
                ErrorKind::InvalidRequest,
            ),
            (429, "", ErrorKind::Throttled),
            (500, r#"{"errors":[{"errorType":"InternalFailure"}]}"#, ErrorKind::UnknownOutcome),
            (502, "bad gateway", ErrorKind::UnknownOutcome),
            (404, "", ErrorKind::UnexpectedResponse),
            (200, "<html>", ErrorKind::UnexpectedResponse),
            (301, "", ErrorKind::UnexpectedResponse),
        ] {
            assert_eq!(response(status, body).unwrap_err().kind(), kind, "{status} {body}");
        }
    }
}
