//! The connections and publishers of one API, which the checks of all its namespaces share.
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::auth_mode::AuthMode;
use crate::channel::Channel;
use crate::error::{Error, ErrorKind, Operation};
use crate::event::Event;
use crate::publish_response::PublishResponse;
use crate::publisher::Publisher;
use crate::verify::shared_connection::SharedConnection;
use crate::verify::target::{ApiTarget, ModeCredentials};

/// A connection and a publisher for each authorization mode.
pub struct ModeConnections {
    connections: Vec<(AuthMode, SharedConnection)>,
    publishers: Vec<(AuthMode, Mutex<Publisher>)>,
    /// What to report if no mode can connect.
    no_connection: String,
}

impl ModeConnections {
    /// Takes the connections that are open, and creates a publisher for each mode with credentials.
    pub fn new(target: &ApiTarget, connections: Vec<(AuthMode, SharedConnection)>) -> Self {
        let publisher = |mode: &ModeCredentials| {
            let credentials = mode.credentials.clone().ok()?;
            Some((mode.mode, Mutex::new(target.client.publisher(credentials))))
        };
        let modes: Vec<&str> = target.connect.iter().map(|mode| mode.as_str()).collect();
        Self {
            connections,
            publishers: target.credentials.iter().filter_map(publisher).collect(),
            no_connection: format!("no connection: connecting requires {}", modes.join(" or ")),
        }
    }

    /// The connection of `mode`, or else any: each frame has its own credentials.
    pub fn connection(&self, mode: AuthMode) -> Result<&SharedConnection, &str> {
        let own = self.connections.iter().find(|(other, _)| *other == mode);
        let connection = own.or(self.connections.first());
        connection.map(|(_, connection)| connection).ok_or(&self.no_connection)
    }

    /// A mode that has a publisher.
    pub fn any_publisher(&self) -> Option<AuthMode> {
        self.publishers.first().map(|(mode, _)| *mode)
    }

    /// Publishes one event over HTTP, and returns when it was sent.
    pub async fn publish(
        &self,
        mode: AuthMode,
        channel: &Channel,
        event: Event,
    ) -> Result<(Instant, PublishResponse), Error> {
        let publisher = self.publishers.iter().find(|(other, _)| *other == mode);
        let Some((_, publisher)) = publisher else {
            let message = "no credentials for this mode";
            return Err(Error::new(ErrorKind::MissingCredentials, Operation::Publish, message));
        };
        let mut publisher = publisher.lock().await;
        let sent = Instant::now();
        publisher.publish(channel, &[event]).await.map(|response| (sent, response))
    }
}
