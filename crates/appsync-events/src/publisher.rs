//! Publishing batches: each is sent again only if it was certainly not published.
use std::fmt;

use crate::batch::body;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::frame::PublishResponse;
use crate::http::HttpPublisher;
use crate::socket::Socket;

/// Publishes batches, over one connection as long as it lasts.
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    publish_as: Credentials,
    way: PublishTransport,
    /// Whether a batch is sent again that may have been published.
    at_least_once: bool,
}

enum PublishTransport {
    Http(HttpPublisher),
    Socket { connect_as: Credentials, open: Option<Box<Socket>> },
}

impl Publisher {
    pub fn over_http(client: Client, publish_as: Credentials) -> Self {
        let way = PublishTransport::Http(HttpPublisher::default());
        Self { client, publish_as, way, at_least_once: false }
    }
    /// Over a WebSocket; an API may want connections in another way than what is published there.
    pub fn over_socket(client: Client, connect_as: Credentials, publish_as: Credentials) -> Self {
        let way = PublishTransport::Socket { connect_as, open: None };
        Self { client, publish_as, way, at_least_once: false }
    }
    /// The same, which would rather publish an event twice than not at all.
    pub fn at_least_once(self, at_least_once: bool) -> Self {
        Self { at_least_once, ..self }
    }

    /// Publishes one batch. What is refused as too much, or could not be sent, is sent again after a while; what may
    /// have been published only if the user wants every event at least once.
    pub async fn publish(
        &mut self,
        channel: &str,
        events: &[String],
    ) -> Result<PublishResponse, Error> {
        let timing = self.client.timing;
        let mut n = 1;
        loop {
            let error = match self.attempt(channel, events).await {
                Ok(published) => return Ok(published),
                Err(error) => error,
            };
            let most = match error.kind {
                ErrorKind::Throttled => timing.attempts,
                ErrorKind::Unreachable => timing.attempts_to_reach,
                ErrorKind::Uncertain if self.at_least_once => timing.attempts,
                _ => 1,
            };
            if n >= most {
                return Err(error);
            }
            let wait = timing.backoff(n);
            tracing::debug!(%error, ?wait, "publishes again");
            tokio::time::sleep(wait).await;
            n += 1;
        }
    }

    /// Takes leave of the connection.
    pub async fn close(self) {
        if let PublishTransport::Socket { open: Some(socket), .. } = self.way {
            socket.close().await;
        }
    }

    async fn attempt(
        &mut self,
        channel: &str,
        events: &[String],
    ) -> Result<PublishResponse, Error> {
        let Self { client, publish_as, way, .. } = self;
        match way {
            PublishTransport::Http(requests) => {
                requests.send(client, publish_as, body(channel, events)).await
            }
            PublishTransport::Socket { connect_as, open } => {
                let alive = open.take().and_then(|it| it.if_alive());
                let mut socket = match alive {
                    Some(socket) => socket,
                    None => Socket::open(client, connect_as).await.map_err(unsent)?,
                };
                let published = socket.publish(channel, events, publish_as).await;
                if !matches!(&published, Err(error) if error.kind == ErrorKind::Uncertain) {
                    *open = Some(Box::new(socket));
                }
                published
            }
        }
    }
}

/// While a connection is opened nothing is published yet.
fn unsent(error: Error) -> Error {
    match error.kind {
        ErrorKind::Lost | ErrorKind::Uncertain => Error { kind: ErrorKind::Unreachable, ..error },
        _ => error,
    }
}

impl fmt::Debug for PublishTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::Socket { .. } => "Socket",
        })
    }
}
