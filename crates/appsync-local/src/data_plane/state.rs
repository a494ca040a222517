//! The state that all requests of the data plane share: it is built once per emulator, and decides nothing
//! itself.
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::data_plane::apis::Apis;
use crate::data_plane::auth::{
    Authorizer, LambdaAuthorizer, LocalIssuer, TokenRequest, TokenVerifier,
};
use crate::data_plane::feed::ActivityFeed;
use crate::data_plane::handlers::HandlerRunner;
use crate::data_plane::outbound::OutboundClient;
use crate::data_plane::websocket::connections::{ConnectionSummary, Connections};
use crate::data_plane::websocket::hub::Hub;
use crate::store::Store;

/// The interval of keep-alive frames (docs/reference/data-plane.md#keep-alive).
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How long a connection may last without a complete request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the service waits for connected clients when it stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// The settings of a data plane: how it reaches services outside the emulator.
#[derive(Clone, Default)]
pub struct Settings {
    /// The endpoint of the Lambda Invoke API. Without it, no function can be invoked.
    pub lambda_endpoint: Option<String>,
    /// The endpoints of the services of data sources, by service name: `dynamodb`, `events`, …
    pub endpoints: BTreeMap<String, String>,
    /// The URL from which the keys of an issuer of tokens are read, by issuer, if it is not the issuer itself.
    pub issuers: BTreeMap<String, String>,
    /// The secret keys for the verification of signatures, by access key id, in addition to the emulator's own.
    pub credentials: BTreeMap<String, String>,
    /// Whether the console is disabled.
    pub without_console: bool,
}

impl fmt::Debug for Settings {
    /// Omits the secret keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("lambda_endpoint", &self.lambda_endpoint)
            .field("endpoints", &self.endpoints)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

/// The data plane of one emulator.
pub struct DataPlane {
    pub(crate) store: Arc<Store>,
    /// The activity of the data plane.
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
    /// Creates the data plane of the APIs in a store. It serves nothing until it is passed to
    /// [`serve`](crate::serve) or [`router_of`](crate::router_of).
    pub fn new(store: Arc<Store>, settings: Settings) -> Arc<Self> {
        let outbound = OutboundClient::new(Arc::clone(&store), settings.lambda_endpoint.clone());
        let (outbound, feed) = (Arc::new(outbound), ActivityFeed::new());
        let issuer = Arc::new(LocalIssuer::new(store.folder()));
        let authorizer = Authorizer {
            store: Arc::clone(&store),
            credentials: settings.credentials,
            tokens: TokenVerifier::new(
                settings.issuers,
                Arc::clone(&issuer),
                Arc::clone(&outbound),
            ),
            lambda_authorizer: LambdaAuthorizer::new(Arc::clone(&outbound)),
        };
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
    pub fn create_token(&self, request: &TokenRequest) -> Result<String, String> {
        self.issuer.create_token(&self.store, request)
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
