//! Publishing batches of events. A batch is sent again only if it was certainly not published, unless
//! the caller prefers duplicates to losses.
use std::fmt;

use crate::channel::Channel;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::event::request_body;
use crate::http_publisher::HttpPublisher;
use crate::publish_response::PublishResponse;
use crate::socket::Socket;

/// Publishes events over one connection, which it opens and reopens when needed.
///
/// ```no_run
/// use appsync_events::{Channel, Client, Credentials, Endpoint, Event, Secret};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new(Endpoint::parse("https://events.example.com/event")?);
/// let mut publisher = client.publisher(Credentials::ApiKey(Secret::new("da2-…")));
/// let channel = Channel::parse("/default/room")?;
/// let response = publisher.publish(&channel, &[Event::new(&"hello")?]).await?;
/// for rejected in &response.failed {
///     eprintln!("event {} was rejected: {:?}", rejected.index, rejected.message);
/// }
/// publisher.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    credentials: Credentials,
    transport: Transport,
    delivery: Delivery,
}

/// What happens to a batch when it is unknown whether it was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// It is not sent again, and may be lost.
    #[default]
    AtMostOnce,
    /// It is sent again, and may be published twice.
    AtLeastOnce,
}

enum Transport {
    Http(HttpPublisher),
    WebSocket { connect_credentials: Credentials, socket: Option<Box<Socket>> },
}

impl Client {
    /// A publisher over HTTP with these credentials.
    pub fn publisher(&self, credentials: Credentials) -> Publisher {
        Publisher::new(self.clone(), credentials)
    }
}

impl Publisher {
    /// A publisher over HTTP that delivers at most once.
    pub fn new(client: Client, credentials: Credentials) -> Self {
        let transport = Transport::Http(HttpPublisher::default());
        Self { client, credentials, transport, delivery: Delivery::AtMostOnce }
    }

    /// Publishes over a WebSocket instead. An API can require another auth mode for
    /// connecting than for publishing, hence the separate credentials.
    pub fn with_websocket(self, connect_credentials: Credentials) -> Self {
        let transport = Transport::WebSocket { connect_credentials, socket: None };
        Self { transport, ..self }
    }

    /// Publishes with this guarantee.
    pub fn with_delivery(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Publishes one batch in one request: at most [`EVENTS_MAX`](crate::EVENTS_MAX) events.
    /// [`Batches`](crate::Batches) splits more than that.
    ///
    /// A batch that AppSync throttles or that could not be sent is sent again after a delay; see
    /// [`Timing`](crate::Timing) for the limits.
    ///
    /// # Errors
    ///
    /// If no event of the batch was published, or if that is unknown
    /// ([`ErrorKind::UnknownOutcome`]). If AppSync accepts some events and rejects others, the
    /// [`PublishResponse`] has both.
    pub async fn publish(
        &mut self,
        channel: &Channel,
        events: &[Event],
    ) -> Result<PublishResponse, Error> {
        let timing = self.client.timing;
        let mut attempt = 1;
        loop {
            let error = match self.publish_once(channel, events).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let max_attempts = match error.kind() {
                ErrorKind::Throttled => timing.max_attempts,
                ErrorKind::Unreachable => timing.max_connect_attempts,
                ErrorKind::UnknownOutcome if self.delivery == Delivery::AtLeastOnce => {
                    timing.max_attempts
                }
                _ => 1,
            };
            if attempt >= max_attempts {
                return Err(error);
            }
            let delay = timing.backoff(attempt);
            tracing::debug!(%error, ?delay, "publishing again");
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    /// Closes the connection with a closing handshake.
    pub async fn close(self) {
        if let Transport::WebSocket { socket: Some(socket), .. } = self.transport {
            socket.close().await;
        }
    }

    async fn publish_once(
        &mut self,
        channel: &Channel,
        events: &[Event],
    ) -> Result<PublishResponse, Error> {
        let Self { client, credentials, transport, .. } = self;
        let channel = channel.as_str();
        match transport {
            Transport::Http(http) => {
                http.send(client, credentials, request_body(channel, events)).await
            }
            Transport::WebSocket { connect_credentials, socket: open_socket } => {
                let mut socket = match open_socket.take().and_then(|socket| socket.if_open()) {
                    Some(socket) => socket,
                    None => {
                        Socket::open(client, connect_credentials).await.map_err(not_published)?
                    }
                };
                let response = socket.publish(channel, events, credentials).await;
                let is_unknown = |error: &Error| error.kind() == ErrorKind::UnknownOutcome;
                if !response.as_ref().is_err_and(is_unknown) {
                    *open_socket = Some(Box::new(socket));
                }
                response
            }
        }
    }
}

/// An error while connecting: nothing was published yet.
fn not_published(error: Error) -> Error {
    match error.kind() {
        ErrorKind::ConnectionLost | ErrorKind::UnknownOutcome => {
            error.with_kind(ErrorKind::Unreachable)
        }
        _ => error,
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::WebSocket { .. } => "WebSocket",
        })
    }
}
