//! One WebSocket connection to an Event API: the handshake, operations, and received events.
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::client::Client;
use crate::credentials::{Credentials, EMPTY_BODY};
use crate::error::{Error, ErrorKind, Operation};
use crate::event::Event;
use crate::event::request_body;
use crate::frame::{self, ServerFrame, first_error};
use crate::network::Stream;
use crate::publish_response::PublishResponse;

const PROTOCOL: &str = "aws-appsync-event-ws";
/// The longest silence of a healthy connection, if the server does not name another
/// (docs/reference/data-plane.md#keep-alive).
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(300);
/// How long closing waits for the server's part of the closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// An open connection.
pub struct Socket {
    client: Client,
    stream: WebSocketStream<Box<dyn Stream>>,
    keep_alive_timeout: Duration,
    last_id: u64,
    /// What was received while waiting for an answer.
    pending: VecDeque<SocketEvent>,
}

/// What the server sends without being asked.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketEvent {
    /// An event, as JSON text, for the subscription `id`.
    Event { id: String, payload: String },
    /// An event for the subscription `id` was not delivered. The connection is still usable.
    DeliveryFailed { id: String, error: Error },
}

impl Socket {
    /// Opens a connection and waits for its acknowledgment.
    pub async fn open(client: &Client, credentials: &Credentials) -> Result<Self, Error> {
        let limit = client.timing.answer_timeout;
        let upgraded = timeout(limit, Self::upgrade(client, credentials)).await;
        let mut socket = upgraded.unwrap_or_else(|_| {
            let message = format!("no response to the upgrade within {} s", limit.as_secs_f32());
            Err(Error::new(ErrorKind::Unreachable, Operation::Connect, message))
        })?;
        socket.send(Operation::Connect, frame::connection_init()).await?;
        socket.wait_for_ack(limit).await?;
        Ok(socket)
    }

    async fn upgrade(client: &Client, credentials: &Credentials) -> Result<Self, Error> {
        let invalid =
            |message: String| Error::new(ErrorKind::InvalidRequest, Operation::Connect, message);
        let endpoint = &client.endpoint;
        let auth_object = credentials.auth_object(endpoint, EMPTY_BODY).await?;
        let auth_header = URL_SAFE_NO_PAD.encode(Value::Object(auth_object).to_string());
        let mut protocols = HeaderValue::try_from(format!("{PROTOCOL}, header-{auth_header}"))
            .map_err(|_| invalid("the credentials do not fit into a header".to_owned()))?;
        protocols.set_sensitive(true);
        let request = endpoint.realtime.to_string().into_client_request();
        let mut request = request.map_err(|error| invalid(error.to_string()))?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocols);
        let stream = client.network.connect(&endpoint.realtime).await?;
        let upgraded = client_async(request, stream).await;
        let (stream, _) = upgraded.map_err(|error| upgrade_error(&error))?;
        Ok(Self {
            client: client.clone(),
            stream,
            keep_alive_timeout: KEEP_ALIVE_TIMEOUT,
            last_id: 0,
            pending: VecDeque::new(),
        })
    }

    async fn wait_for_ack(&mut self, limit: Duration) -> Result<(), Error> {
        loop {
            match self.next_frame(Operation::Connect, limit).await? {
                ServerFrame::Ack { timeout_ms } => {
                    let timeout_ms = timeout_ms.filter(|timeout_ms| *timeout_ms > 0);
                    self.keep_alive_timeout =
                        timeout_ms.map_or(KEEP_ALIVE_TIMEOUT, Duration::from_millis);
                    return Ok(());
                }
                ServerFrame::KeepAlive | ServerFrame::Data { .. } => {}
                ServerFrame::Answer { document, .. } => {
                    return Err(first_error(Operation::Connect, &document));
                }
            }
        }
    }

    /// Subscribes, and returns the id of the subscription.
    pub async fn subscribe(
        &mut self,
        channel: &str,
        credentials: &Credentials,
    ) -> Result<String, Error> {
        let signed_body = json!({ "channel": channel }).to_string();
        let auth_object = credentials.auth_object(&self.client.endpoint, &signed_body).await?;
        let id = self.next_id();
        self.send(Operation::Subscribe, frame::subscribe(&id, channel, auth_object)).await?;
        self.answer(Operation::Subscribe, &id).await?;
        Ok(id)
    }

    /// Publishes one batch.
    pub async fn publish(
        &mut self,
        channel: &str,
        events: &[Event],
        credentials: &Credentials,
    ) -> Result<PublishResponse, Error> {
        let signed_body = request_body(channel, events);
        let auth_object = credentials.auth_object(&self.client.endpoint, &signed_body).await?;
        let id = self.next_id();
        self.send(Operation::Publish, frame::publish(&id, channel, events, auth_object)).await?;
        // The frame was sent: without an answer, the events may have been published.
        let answer = self.answer(Operation::Publish, &id).await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::ConnectionLost => error.with_kind(ErrorKind::UnknownOutcome),
            _ => error,
        })?;
        PublishResponse::deserialize(&answer)
            .map_err(|_| Error::unexpected_response(Operation::Publish))
    }

    /// Ends the subscription `id`.
    pub async fn unsubscribe(&mut self, id: &str) -> Result<(), Error> {
        self.send(Operation::Unsubscribe, frame::unsubscribe(id)).await?;
        self.answer(Operation::Unsubscribe, id).await.map(drop)
    }

    /// Waits for the next event. If nothing is received for the keep-alive timeout, not even a
    /// keep-alive frame, the connection is lost.
    pub async fn next(&mut self) -> Result<SocketEvent, Error> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            let frame = self.next_frame(Operation::Receive, self.keep_alive_timeout).await?;
            self.store(Operation::Receive, frame)?;
        }
    }

    /// Returns the connection if it was not closed since its last use.
    pub fn if_open(mut self) -> Option<Self> {
        loop {
            match self.stream.next().now_or_never() {
                None => return Some(self),
                Some(Some(Ok(message))) if !message.is_close() => {}
                Some(_) => return None,
            }
        }
    }

    /// Closes the connection with a closing handshake, so the server need not wait for a timeout.
    pub async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let closing = async {
            self.stream.close(Some(frame)).await?;
            while self.stream.next().await.is_some_and(|message| message.is_ok()) {}
            Ok::<(), WsError>(())
        };
        if let Ok(Err(error)) = timeout(CLOSE_TIMEOUT, closing).await {
            tracing::debug!(%error, "closing handshake failed");
        }
    }

    fn next_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    async fn send(&mut self, operation: Operation, frame: String) -> Result<(), Error> {
        tracing::trace!(%operation, bytes = frame.len(), "sending a frame");
        let sent = self.stream.send(Message::text(frame)).await;
        sent.map_err(|error| connection_error(operation, &error))
    }

    /// Waits for the answer to the frame `id`. Events received before it are stored.
    async fn answer(&mut self, operation: Operation, id: &str) -> Result<Value, Error> {
        let limit = self.client.timing.answer_timeout;
        let answer = timeout(limit, async {
            loop {
                let frame = self.next_frame(operation, limit).await?;
                match frame {
                    ServerFrame::Answer { frame_type, id: answered, document }
                        if answered == id && frame_type != "broadcast_error" =>
                    {
                        return match frame_type.ends_with("_success") {
                            true => Ok(document),
                            false => Err(first_error(operation, &document)),
                        };
                    }
                    // An error without an id answers the last frame.
                    ServerFrame::Answer { frame_type, id: answered, document }
                        if answered.is_empty() && frame_type == "error" =>
                    {
                        return Err(first_error(operation, &document));
                    }
                    frame => self.store(operation, frame)?,
                }
            }
        });
        answer.await.unwrap_or_else(|_| {
            let message = format!("no answer within {} s", limit.as_secs_f32());
            Err(Error::new(ErrorKind::ConnectionLost, operation, message))
        })
    }

    /// Stores a frame that does not answer an operation, for [`next`](Self::next).
    fn store(&mut self, operation: Operation, frame: ServerFrame) -> Result<(), Error> {
        match frame {
            ServerFrame::Data { id, events } => {
                let events = events.into_iter();
                let events = events.map(|payload| SocketEvent::Event { id: id.clone(), payload });
                self.pending.extend(events);
            }
            ServerFrame::Answer { frame_type, document, .. }
                if frame_type == "connection_error" =>
            {
                return Err(first_error(operation, &document));
            }
            ServerFrame::Answer { frame_type, id, document } if frame_type.ends_with("error") => {
                let error = first_error(Operation::Deliver, &document);
                self.pending.push_back(SocketEvent::DeliveryFailed { id, error });
            }
            ServerFrame::Answer { .. } | ServerFrame::Ack { .. } | ServerFrame::KeepAlive => {}
        }
        Ok(())
    }

    /// Waits for the next frame, at most for `limit`.
    async fn next_frame(
        &mut self,
        operation: Operation,
        limit: Duration,
    ) -> Result<ServerFrame, Error> {
        let lost = |message: String| Error::new(ErrorKind::ConnectionLost, operation, message);
        loop {
            let message = timeout(limit, self.stream.next()).await.map_err(|_| {
                let seconds = limit.as_secs_f32();
                lost(format!("nothing received for {seconds} s, not even a keep-alive"))
            })?;
            let text = match message {
                None => {
                    return Err(lost(
                        "the server closed the connection without a reason".to_owned(),
                    ));
                }
                Some(Err(error)) => return Err(connection_error(operation, &error)),
                Some(Ok(Message::Text(text))) => text.to_string(),
                Some(Ok(Message::Binary(bytes))) => String::from_utf8_lossy(&bytes).into_owned(),
                Some(Ok(Message::Close(frame))) => return Err(lost(close_message(frame.as_ref()))),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            };
            match ServerFrame::parse(&text) {
                Some(frame) => return Ok(frame),
                None => tracing::debug!(bytes = text.len(), "not a frame of an Event API"),
            }
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("client", &self.client).finish_non_exhaustive()
    }
}

/// AppSync closes connections with the normal code after errors as well, so the code explains little.
fn close_message(frame: Option<&CloseFrame>) -> String {
    let message = "the server closed the connection";
    match frame.map(|frame| (u16::from(frame.code), frame.reason.as_str())) {
        None => message.to_owned(),
        Some((code, "")) => format!("{message} (code {code})"),
        Some((code, reason)) => format!("{message} (code {code}: {reason})"),
    }
}

fn connection_error(operation: Operation, error: &WsError) -> Error {
    Error::new(ErrorKind::ConnectionLost, operation, format!("the connection was lost: {error}"))
}

/// Why the HTTP connection was not upgraded.
fn upgrade_error(error: &WsError) -> Error {
    let WsError::Http(response) = error else {
        let kind = match error {
            WsError::Io(_) => ErrorKind::Unreachable,
            _ => ErrorKind::UnexpectedResponse,
        };
        return Error::new(kind, Operation::Connect, format!("no WebSocket: {error}"));
    };
    let document = response.body().as_ref().and_then(|body| serde_json::from_slice(body).ok());
    let error = match document {
        Some(document) => first_error(Operation::Connect, &document),
        None => Error::from_answer(Operation::Connect, "", "no reason given"),
    };
    let error = error.with_status(response.status());
    // Opening a connection has no effect, so it can be repeated.
    match error.kind() {
        ErrorKind::UnknownOutcome => error.with_kind(ErrorKind::Unreachable),
        _ => error,
    }
}
