//! What the requests of the data plane share.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::data_plane::apis::Apis;
use crate::data_plane::auth::{Authorizer, LocalIssuer, TokenAsked};
use crate::data_plane::feed::Feed;
use crate::data_plane::handlers::Handlers;
use crate::data_plane::outbound::client::Outbound;
use crate::data_plane::settings::Settings;
use crate::data_plane::websocket::connections::{Connected, Connections};
use crate::data_plane::websocket::hub::Hub;
use crate::store::Store;

/// How often a client hears that its connection lives (docs/reference/data-plane.md#keep-alive).
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How long a connection may stay open without a whole request.
const SILENCE: Duration = Duration::from_secs(30);

/// How long the service waits for those who are connected when it ends.
const ENDING: Duration = Duration::from_secs(3);

/// The data plane of one emulator.
pub struct DataPlane {
    pub(crate) store: Arc<Store>,
    pub feed: Feed,
    pub(crate) apis: Arc<Apis>,
    pub(crate) issuer: Arc<LocalIssuer>,
    pub(crate) authorizer: Authorizer,
    pub(crate) handlers: Handlers,
    pub(crate) hub: Arc<Hub>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) keep_alive: Duration,
    pub(crate) silence: Duration,
    pub(crate) without_console: bool,
}

impl DataPlane {
    pub fn new(store: Arc<Store>, settings: Settings) -> Arc<Self> {
        let outbound = Outbound::new(Arc::clone(&store), settings.lambda_endpoint.clone());
        let (outbound, feed) = (Arc::new(outbound), Feed::new());
        let issuer = Arc::new(LocalIssuer::new(store.folder()));
        let authorizer =
            Authorizer::new(Arc::clone(&store), &settings, &outbound, Arc::clone(&issuer));
        let handlers =
            Handlers::new(Arc::clone(&store), outbound, settings.endpoints, feed.clone());
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
            keep_alive: KEEP_ALIVE,
            silence: SILENCE,
            without_console: settings.without_console,
        })
    }

    /// Who is connected now.
    pub fn connections(&self) -> Vec<Connected> {
        self.connections.shown()
    }

    /// A token that an API here takes.
    pub fn token(&self, asked: &TokenAsked) -> Result<String, String> {
        self.issuer.token(&self.store, asked)
    }

    /// Returns once every WebSocket has been closed, at the end of the service; but waits for none that does not
    /// answer.
    pub(crate) async fn ended(&self) {
        let _ = timeout(ENDING, self.connections.gone()).await;
    }
}

impl fmt::Debug for DataPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataPlane").field("store", &self.store).finish()
    }
}
