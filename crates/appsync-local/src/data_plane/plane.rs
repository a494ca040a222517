//! The state that all requests of the data plane share: it is built once per emulator, and decides nothing
//! itself.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::data_plane::apis::Apis;
use crate::data_plane::auth::{Authorizer, LocalIssuer, TokenRequest};
use crate::data_plane::feed::ActivityFeed;
use crate::data_plane::handlers::HandlerRunner;
use crate::data_plane::outbound::client::OutboundClient;
use crate::data_plane::settings::Settings;
use crate::data_plane::websocket::connections::{ConnectionSummary, Connections};
use crate::data_plane::websocket::hub::Hub;
use crate::store::Store;

/// The interval of keep-alive frames (docs/reference/data-plane.md#keep-alive).
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How long a connection may stay open without a complete request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the service waits for connected clients when it stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// The data plane of one emulator.
pub struct DataPlane {
    pub(crate) store: Arc<Store>,
    pub feed: ActivityFeed,
    pub(crate) apis: Arc<Apis>,
    pub(crate) issuer: Arc<LocalIssuer>,
    pub(crate) authorizer: Authorizer,
    pub(crate) handlers: HandlerRunner,
    pub(crate) hub: Arc<Hub>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) keep_alive_interval: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) without_console: bool,
}

impl DataPlane {
    pub fn new(store: Arc<Store>, settings: Settings) -> Arc<Self> {
        let outbound = OutboundClient::new(Arc::clone(&store), settings.lambda_endpoint.clone());
        let (outbound, feed) = (Arc::new(outbound), ActivityFeed::new());
        let issuer = Arc::new(LocalIssuer::new(store.folder()));
        let authorizer =
            Authorizer::new(Arc::clone(&store), &settings, &outbound, Arc::clone(&issuer));
        let handlers =
            HandlerRunner::new(Arc::clone(&store), outbound, settings.endpoints, feed.clone());
        let (apis, hub) = (Arc::new(Apis::new(Arc::clone(&store))), Arc::<Hub>::default());
        let connections = Connections::new(Arc::clone(&store), Arc::clone(&apis), Arc::clone(&hub));
        Arc::new(Self {
            store,
            feed,
            apis,
            issuer,
            authorizer,
            handlers,
            hub,
            connections: Arc::new(connections),
            keep_alive_interval: KEEP_ALIVE,
            idle_timeout: IDLE_TIMEOUT,
            without_console: settings.without_console,
        })
    }

    /// Returns the open connections, for people who watch.
    pub fn connections(&self) -> Vec<ConnectionSummary> {
        self.connections.summaries()
    }

    /// Creates a token that an API of this emulator accepts.
    ///
    /// # Errors
    ///
    /// Fails if no API, or more than one, matches the request, or if the signing key cannot be read.
    pub fn create_token(&self, asked: &TokenRequest) -> Result<String, String> {
        self.issuer.create_token(&self.store, asked)
    }

    /// Returns when every WebSocket is closed, after the service stopped. It does not wait for clients that do
    /// not answer.
    pub(crate) async fn wait_until_closed(&self) {
        let _ = timeout(SHUTDOWN_TIMEOUT, self.connections.wait_until_none_open()).await;
    }
}

impl fmt::Debug for DataPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataPlane").field("store", &self.store).finish()
    }
}
