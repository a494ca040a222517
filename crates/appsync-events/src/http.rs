//! Publishing over HTTP: a batch is a request.
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
use crate::error::{Error, ErrorKind};
use crate::frame::{self, PublishResponse};

const OPERATION: &str = "publish";
/// An answer names five events.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Sends requests, over one connection as long as it lasts.
#[derive(Default)]
pub struct HttpPublisher {
    kept: Option<SendRequest<Full<Bytes>>>,
}

impl HttpPublisher {
    /// Sends one request, once.
    pub async fn send(
        &mut self,
        client: &Client,
        credentials: &Credentials,
        body: String,
    ) -> Result<PublishResponse, Error> {
        let headers = credentials.headers(&client.endpoint, &body).await?;
        let mut request = Request::post(client.endpoint.http.path())
            .body(Full::new(Bytes::from(body)))
            .expect("a path that was parsed, and nothing else");
        *request.headers_mut() = headers;
        let mut sender = self.sender(client).await?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            read(response).await
        };
        let limit = client.timing.request;
        let (status, request_id, bytes) = timeout(limit, answered).await.unwrap_or_else(|_| {
            let message = format!("no answer within {} s", limit.as_secs());
            Err(Error::new(ErrorKind::Uncertain, OPERATION, message))
        })?;
        self.kept = Some(sender);
        outcome(status, &bytes).map_err(|error| Error { request_id, ..error })
    }

    /// The connection that is kept, or a new one.
    async fn sender(&mut self, client: &Client) -> Result<SendRequest<Full<Bytes>>, Error> {
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
        {
            return Ok(kept);
        }
        let stream = client.net.dial(&client.endpoint.http).await?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Error::new(ErrorKind::Unreachable, OPERATION, error.to_string()))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection ended");
            }
        });
        Ok(sender)
    }
}

type RawResponse = (StatusCode, Option<String>, Bytes);

async fn read(response: Response<Incoming>) -> Result<RawResponse, Error> {
    let (parts, body) = response.into_parts();
    let request_id = parts.headers.get("x-amzn-requestid").and_then(|it| it.to_str().ok());
    let request_id = request_id.map(str::to_owned);
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| {
        let message = format!("the answer broke off: {error}");
        Error::new(ErrorKind::Uncertain, OPERATION, message)
    })?;
    Ok((parts.status, request_id, body.to_bytes()))
}

/// What an answer says of the events.
fn outcome(status: StatusCode, body: &[u8]) -> Result<PublishResponse, Error> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let is_object = answer.as_ref().is_some_and(Value::is_object);
    match answer.filter(|_| is_object) {
        Some(answer) if status.is_success() && answer.get("errors").is_none() => {
            PublishResponse::deserialize(&answer).map_err(|_| foreign(status))
        }
        Some(answer) => Err(frame::error(OPERATION, &answer).with_status(status)),
        None if status.is_success() || status.is_redirection() => Err(foreign(status)),
        None => Err(Error::answered(OPERATION, "", "no reason is given").with_status(status)),
    }
}

fn foreign(status: StatusCode) -> Error {
    let message = "the answer is not that of an Event API";
    let error = Error::new(ErrorKind::Foreign, OPERATION, message);
    Error { status: Some(status.as_u16()), ..error }
}

/// A connection that broke: before the request was written it certainly was not carried out.
fn broken(error: &hyper::Error) -> Error {
    let kind = if error.is_canceled() { ErrorKind::Unreachable } else { ErrorKind::Uncertain };
    let reason = std::error::Error::source(error).map(|it| format!(": {it}")).unwrap_or_default();
    Error::new(kind, OPERATION, format!("{error}{reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Result<PublishResponse, Error> {
        outcome(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn an_answer_tells_what_was_taken_and_what_was_not() {
        let body = r#"{"failed":[{"identifier":"x","index":0,"code":401,"message":"Message required"}],
            "successful":[{"identifier":"y","index":1}]}"#;
        let published = of(200, body).unwrap();
        assert_eq!(published.successful[0].index, 1);
        assert_eq!(published.failed[0].message.as_deref(), Some("Message required"));
        assert_eq!(of(200, "{}").unwrap(), PublishResponse::default());
    }

    #[test]
    fn each_refusal_is_known_for_what_it_is() {
        for (status, body, kind) in [
            (401, r#"{"errors":[{"errorType":"UnauthorizedException"}]}"#, ErrorKind::Unauthorized),
            (403, r#"{"errors":[{"message":"no"}]}"#, ErrorKind::Refused),
            (403, "<html>", ErrorKind::Refused),
            (
                400,
                r#"{"errors":[{"errorType":"BadRequestException","message":"m"}]}"#,
                ErrorKind::Invalid,
            ),
            (429, "", ErrorKind::Throttled),
            (500, r#"{"errors":[{"errorType":"InternalFailure"}]}"#, ErrorKind::Uncertain),
            (502, "bad gateway", ErrorKind::Uncertain),
            (404, "", ErrorKind::Foreign),
            (200, "<html>", ErrorKind::Foreign),
            (301, "", ErrorKind::Foreign),
        ] {
            assert_eq!(of(status, body).unwrap_err().kind, kind, "{status} {body}");
        }
    }
}
