//! The ways to an API that all namespaces share.
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::auth_mode::AuthMode;
use crate::error::{Error, ErrorKind};
use crate::frame::PublishResponse;
use crate::publisher::Publisher;
use crate::verify::shared_connection::SharedConnection;
use crate::verify::target::{ApiTarget, ModeCredentials};

/// The ways to an API that all namespaces share: a connection and a publisher a mode.
pub struct ModeConnections {
    lines: Vec<(AuthMode, SharedConnection)>,
    publishers: Vec<(AuthMode, Mutex<Publisher>)>,
    /// Why there is no connection, if there is none.
    reason: String,
}

impl ModeConnections {
    /// The connections that were opened, and a publisher for each mode that there are credentials for.
    pub fn new(subject: &ApiTarget, lines: Vec<(AuthMode, SharedConnection)>) -> Self {
        let publisher = |it: &ModeCredentials| {
            let credentials = it.credentials.clone().ok()?;
            let publisher = Publisher::over_http(subject.client.clone(), credentials);
            Some((it.mode, Mutex::new(publisher)))
        };
        let names: Vec<&str> = subject.connect.iter().map(|it| it.as_str()).collect();
        let reason =
            format!("there is no connection to do it on: that takes {}", names.join(" or "));
        Self { lines, publishers: subject.bearers.iter().filter_map(publisher).collect(), reason }
    }
    /// The mode's own connection; else any, for each message says as whom it comes.
    pub fn line(&self, mode: AuthMode) -> Result<&SharedConnection, &str> {
        let own = self.lines.iter().find(|(it, _)| *it == mode);
        own.or(self.lines.first()).map(|(_, line)| line).ok_or(&self.reason)
    }
    /// A mode that something can be published with.
    pub fn any_publisher(&self) -> Option<AuthMode> {
        self.publishers.first().map(|(mode, _)| *mode)
    }
    /// Publishes one event over HTTP, and says when it went.
    pub async fn publish(
        &self,
        mode: AuthMode,
        channel: &str,
        event: String,
    ) -> Result<(Instant, PublishResponse), Error> {
        let Some((_, publisher)) = self.publishers.iter().find(|(it, _)| *it == mode) else {
            return Err(Error::new(
                ErrorKind::NoCredentials,
                "publish",
                "there are no credentials for it",
            ));
        };
        let mut publisher = publisher.lock().await;
        let at = Instant::now();
        publisher.publish(channel, &[event]).await.map(|it| (at, it))
    }
}
