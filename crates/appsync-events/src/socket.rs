//! One WebSocket connection to an Event API: its handshake, its operations, and what it brings.
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

use crate::batch::body;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::credentials::NOTHING;
use crate::error::{Error, ErrorKind};
use crate::frame::{self, PublishResponse, ServerFrame};
use crate::network::Stream;

const PROTOCOL: &str = "aws-appsync-event-ws";
/// Within this time the server says that it is alive, where it names no other
/// (docs/reference/data-plane.md#keep-alive).
const KEEP_ALIVE: Duration = Duration::from_secs(300);
/// For the server's part of a farewell; whoever leaves does not wait for long.
const FAREWELL: Duration = Duration::from_secs(2);

/// An open connection.
pub struct Socket {
    client: Client,
    stream: WebSocketStream<Box<dyn Stream>>,
    /// In this time something has to come.
    keep_alive: Duration,
    last_id: u64,
    /// What came while an answer was waited for.
    waiting: VecDeque<SocketEvent>,
}

/// What a connection brings of its own accord.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketEvent {
    /// An event, as JSON text, for the subscription `id`.
    Event { id: String, event: String },
    /// What went wrong there, without an end of the connection.
    DeliveryFailed { id: String, error: Error },
}

impl Socket {
    /// Connects and waits until the server lets us in.
    pub async fn open(client: &Client, credentials: &Credentials) -> Result<Self, Error> {
        let wait = client.timing.answer;
        let opened = timeout(wait, Self::shake_hands(client, credentials)).await;
        let mut socket = opened.unwrap_or_else(|_| {
            let message = format!("no answer to the upgrade within {} s", wait.as_secs_f32());
            Err(Error::new(ErrorKind::Unreachable, "connect", message))
        })?;
        socket.send("connect", frame::init()).await?;
        socket.acknowledged(wait).await?;
        Ok(socket)
    }

    async fn shake_hands(client: &Client, credentials: &Credentials) -> Result<Self, Error> {
        let endpoint = &client.endpoint;
        let proof = Value::Object(credentials.proof(endpoint, NOTHING).await?).to_string();
        let protocols = format!("{PROTOCOL}, header-{}", URL_SAFE_NO_PAD.encode(proof));
        let unsendable =
            |_| Error::new(ErrorKind::Invalid, "connect", "the credentials fit into no header");
        let mut protocols = HeaderValue::try_from(protocols).map_err(unsendable)?;
        protocols.set_sensitive(true);
        let request = endpoint.realtime.to_string().into_client_request();
        let mut request =
            request.map_err(|it| Error::new(ErrorKind::Invalid, "connect", it.to_string()))?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocols);
        let stream = client.net.dial(&endpoint.realtime).await?;
        let (stream, _) = client_async(request, stream).await.map_err(|it| not_upgraded(&it))?;
        Ok(Self {
            client: client.clone(),
            stream,
            keep_alive: KEEP_ALIVE,
            last_id: 0,
            waiting: VecDeque::new(),
        })
    }

    async fn acknowledged(&mut self, wait: Duration) -> Result<(), Error> {
        loop {
            match self.frame("connect", wait).await? {
                ServerFrame::Ack { timeout_ms } => {
                    let told = timeout_ms.filter(|it| *it > 0).map(Duration::from_millis);
                    self.keep_alive = told.unwrap_or(KEEP_ALIVE);
                    return Ok(());
                }
                ServerFrame::KeepAlive | ServerFrame::Data { .. } => {}
                ServerFrame::Answer { whole, .. } => return Err(frame::error("connect", &whole)),
            }
        }
    }

    /// Subscribes, and returns the id under which events come.
    pub async fn subscribe(
        &mut self,
        channel: &str,
        credentials: &Credentials,
    ) -> Result<String, Error> {
        let signed = json!({ "channel": channel }).to_string();
        let proof = credentials.proof(&self.client.endpoint, &signed).await?;
        let id = self.id();
        self.send("subscribe", frame::subscribe(&id, channel, proof)).await?;
        self.answer("subscribe", &id).await?;
        Ok(id)
    }

    /// Publishes one batch.
    pub async fn publish(
        &mut self,
        channel: &str,
        events: &[String],
        credentials: &Credentials,
    ) -> Result<PublishResponse, Error> {
        let proof = credentials.proof(&self.client.endpoint, &body(channel, events)).await?;
        let id = self.id();
        self.send("publish", frame::publish(&id, channel, events, proof)).await?;
        // Until there is an answer, nobody knows whether it was published.
        let answer = self.answer("publish", &id).await.map_err(|error| match error.kind {
            ErrorKind::Lost => Error { kind: ErrorKind::Uncertain, ..error },
            _ => error,
        })?;
        PublishResponse::deserialize(&answer).map_err(|_| {
            let message = "the answer is not that of an Event API";
            Error::new(ErrorKind::Foreign, "publish", message)
        })
    }

    pub async fn unsubscribe(&mut self, id: &str) -> Result<(), Error> {
        self.send("unsubscribe", frame::unsubscribe(id)).await?;
        self.answer("unsubscribe", id).await.map(drop)
    }

    /// What comes next. A connection on which nothing comes, not even a sign of life, is lost.
    pub async fn next(&mut self) -> Result<SocketEvent, Error> {
        loop {
            if let Some(waiting) = self.waiting.pop_front() {
                return Ok(waiting);
            }
            let frame = self.frame("receive", self.keep_alive).await?;
            self.keep("receive", frame)?;
        }
    }

    /// The same, if it has not ended since it was last used.
    pub fn if_alive(mut self) -> Option<Self> {
        loop {
            match self.stream.next().now_or_never() {
                None => return Some(self),
                Some(Some(Ok(message))) if !message.is_close() => {}
                Some(_) => return None,
            }
        }
    }

    /// Takes leave, so that the server need not find out that nobody is there.
    pub async fn close(mut self) {
        let farewell = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let leaving = async {
            self.stream.close(Some(farewell)).await?;
            while self.stream.next().await.is_some_and(|it| it.is_ok()) {}
            Ok::<(), WsError>(())
        };
        if let Ok(Err(error)) = timeout(FAREWELL, leaving).await {
            tracing::debug!(%error, "no farewell");
        }
    }

    fn id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    async fn send(&mut self, operation: &'static str, text: String) -> Result<(), Error> {
        tracing::trace!(operation, bytes = text.len(), "sends");
        self.stream.send(Message::text(text)).await.map_err(|error| lost(operation, &error))
    }

    /// The answer to what was sent under `id`. Events that come before it wait.
    async fn answer(&mut self, operation: &'static str, id: &str) -> Result<Value, Error> {
        let wait = self.client.timing.answer;
        let answered = timeout(wait, async {
            loop {
                let frame = self.frame(operation, wait).await?;
                match frame {
                    ServerFrame::Answer { kind, id: of, whole }
                        if of == id && kind != "broadcast_error" =>
                    {
                        return match kind.ends_with("_success") {
                            true => Ok(whole),
                            false => Err(frame::error(operation, &whole)),
                        };
                    }
                    // An error without an id answers the last that was sent.
                    ServerFrame::Answer { kind, id: of, whole }
                        if of.is_empty() && kind == "error" =>
                    {
                        return Err(frame::error(operation, &whole));
                    }
                    other => self.keep(operation, other)?,
                }
            }
        });
        answered.await.unwrap_or_else(|_| {
            let message = format!("no answer within {} s", wait.as_secs_f32());
            Err(Error::new(ErrorKind::Lost, operation, message))
        })
    }

    /// Keeps what somebody wants to know.
    fn keep(&mut self, operation: &'static str, frame: ServerFrame) -> Result<(), Error> {
        match frame {
            ServerFrame::Data { id, events } => {
                let events = events.into_iter();
                self.waiting
                    .extend(events.map(|event| SocketEvent::Event { id: id.clone(), event }));
            }
            ServerFrame::Answer { kind, whole, .. } if kind == "connection_error" => {
                return Err(frame::error(operation, &whole));
            }
            ServerFrame::Answer { kind, id, whole } if kind.ends_with("error") => {
                let error = frame::error("deliver", &whole);
                self.waiting.push_back(SocketEvent::DeliveryFailed { id, error });
            }
            ServerFrame::Answer { .. } | ServerFrame::Ack { .. } | ServerFrame::KeepAlive => {}
        }
        Ok(())
    }

    /// The next frame, within `limit`.
    async fn frame(
        &mut self,
        operation: &'static str,
        limit: Duration,
    ) -> Result<ServerFrame, Error> {
        loop {
            let message = timeout(limit, self.stream.next()).await.map_err(|_| {
                let seconds = limit.as_secs_f32();
                let message = format!("nothing came for {seconds} s, not even a sign of life");
                Error::new(ErrorKind::Lost, operation, message)
            })?;
            let text = match message {
                None => {
                    let message = "the server ended the connection without a reason";
                    return Err(Error::new(ErrorKind::Lost, operation, message));
                }
                Some(Err(error)) => return Err(lost(operation, &error)),
                Some(Ok(Message::Text(text))) => text.to_string(),
                Some(Ok(Message::Binary(bytes))) => String::from_utf8_lossy(&bytes).into_owned(),
                Some(Ok(Message::Close(frame))) => return Err(closed(operation, frame.as_ref())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            };
            match ServerFrame::read(&text) {
                Some(frame) => return Ok(frame),
                None => tracing::debug!(bytes = text.len(), "no frame of an Event API"),
            }
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("client", &self.client).finish_non_exhaustive()
    }
}

/// AppSync closes with the usual code also when something went wrong, so that it tells little.
fn closed(operation: &'static str, frame: Option<&CloseFrame>) -> Error {
    let how = frame.map(|it| match it.reason.as_str() {
        "" => format!(" (code {})", u16::from(it.code)),
        reason => format!(" (code {}: {reason})", u16::from(it.code)),
    });
    let how = how.unwrap_or_default();
    Error::new(ErrorKind::Lost, operation, format!("the server ended the connection{how}"))
}

fn lost(operation: &'static str, error: &WsError) -> Error {
    Error::new(ErrorKind::Lost, operation, format!("the connection broke: {error}"))
}

/// Why there was no upgrade.
fn not_upgraded(error: &WsError) -> Error {
    let WsError::Http(response) = error else {
        let kind = if matches!(error, WsError::Io(_)) {
            ErrorKind::Unreachable
        } else {
            ErrorKind::Foreign
        };
        return Error::new(kind, "connect", format!("no WebSocket: {error}"));
    };
    let answer = response.body().as_ref().and_then(|it| serde_json::from_slice(it).ok());
    let error = match answer {
        Some(answer) => frame::error("connect", &answer),
        None => Error::answered("connect", "", "no reason is given"),
    };
    let error = error.with_status(response.status());
    // Nothing was done, so that it may be tried again.
    let kind = if error.kind == ErrorKind::Uncertain { ErrorKind::Unreachable } else { error.kind };
    Error { kind, ..error }
}
