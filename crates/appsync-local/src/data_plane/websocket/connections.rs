//! The connections of a data plane: who is there, and what ends them from outside.
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::data_plane::apis::{Apis, TargetApi};
use crate::data_plane::channel::Channel;
use crate::data_plane::websocket::hub::Hub;
use crate::data_plane::websocket::outbox::{CloseReason, Outbox};
use crate::lock::lock;
use crate::state::Api;
use crate::store::Store;

/// The longest that a connection lasts (docs/reference/quotas.md#connections).
const CONNECTION_MAX_S: f64 = 24.0 * 3_600.0;
/// How soon it is noticed that time has passed.
const SWEEP: Duration = Duration::from_secs(1);

/// An authorized connection. No `Debug`: it may hold a key.
pub struct Connection {
    pub number: u64,
    pub target: TargetApi,
    pub mode: &'static str,
    pub since_epoch_s: f64,
    /// When its credentials end, if they do.
    pub expires_epoch_s: Option<f64>,
    /// The API key that it came with; when the key ends, it does.
    pub api_key: Option<String>,
    pub outbox: Arc<Outbox>,
    /// By the client's id.
    pub subscriptions: Mutex<HashMap<Arc<str>, Channel>>,
}

/// A connection, for people who watch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSummary {
    pub api_id: String,
    pub connection: u64,
    pub mode: String,
    pub since_epoch_s: f64,
    pub subscriptions: Vec<SubscriptionSummary>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SubscriptionSummary {
    pub id: String,
    pub channel: String,
}

/// Those of one data plane.
pub struct Connections {
    store: Arc<Store>,
    apis: Arc<Apis>,
    hub: Arc<Hub>,
    next: AtomicU64,
    all: Mutex<HashMap<u64, Arc<Connection>>>,
    sweeping: AtomicBool,
    /// How many sockets are open, those included that say goodbye.
    open_sockets: watch::Sender<usize>,
}

/// A socket is open for as long as this lives.
pub struct SocketGuard {
    connections: Arc<Connections>,
}

impl Drop for SocketGuard {
    fn drop(&mut self) {
        self.connections.open_sockets.send_modify(|it| *it -= 1);
    }
}

impl Connections {
    pub fn new(store: Arc<Store>, apis: Arc<Apis>, hub: Arc<Hub>) -> Self {
        Self {
            store,
            apis,
            hub,
            next: AtomicU64::default(),
            all: Mutex::default(),
            sweeping: AtomicBool::default(),
            open_sockets: watch::Sender::default(),
        }
    }

    /// Counts a socket.
    pub fn open_socket(self: &Arc<Self>) -> SocketGuard {
        self.open_sockets.send_modify(|it| *it += 1);
        SocketGuard { connections: Arc::clone(self) }
    }
    /// Returns once no socket is open.
    pub async fn wait_until_none_open(&self) {
        // The sender lives as long as this.
        let _ = self.open_sockets.subscribe().wait_for(|it| *it == 0).await;
    }

    /// A number that no other connection has.
    pub fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes `connection` in, and watches over it from now on.
    pub fn add(self: &Arc<Self>, connection: &Arc<Connection>) {
        self.all().insert(connection.number, Arc::clone(connection));
        if !self.sweeping.swap(true, Ordering::SeqCst) {
            tokio::spawn(sweep_regularly(Arc::downgrade(self)));
        }
    }

    pub fn remove(&self, number: u64) {
        self.all().remove(&number);
    }

    pub fn summaries(&self) -> Vec<ConnectionSummary> {
        let mut shown: Vec<_> = self.all().values().map(|it| it.summary()).collect();
        shown.sort_by_key(|it| it.connection);
        shown
    }

    /// Ends what must end.
    fn sweep(&self) {
        let (now, closing) = (self.store.now_epoch_s(), self.store.is_closing());
        let all: Vec<_> = self.all().values().cloned().collect();
        let mut apis = HashMap::new();
        for connection in &all {
            let place = &connection.target;
            let api = apis.entry(&place.api_id).or_insert_with(|| {
                let api = self.apis.api(place);
                if let Some(api) = &api {
                    self.hub.retain_namespaces(&api.id, |namespace| {
                        api.namespaces.contains_key(namespace)
                    });
                }
                api
            });
            let end = if closing {
                Some(CloseReason::Shutdown)
            } else {
                connection.close_reason(api.as_deref(), now)
            };
            if let Some(end) = end {
                connection.outbox.close(end);
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        lock(&self.all)
    }
}

impl Connection {
    pub fn subscriptions(&self) -> MutexGuard<'_, HashMap<Arc<str>, Channel>> {
        lock(&self.subscriptions)
    }

    fn summary(&self) -> ConnectionSummary {
        let subscriptions = self.subscriptions();
        let shown = subscriptions.iter().map(|(id, channel)| SubscriptionSummary {
            id: id.to_string(),
            channel: channel.path.clone(),
        });
        let mut shown: Vec<_> = shown.collect();
        shown.sort_by(|one, other| one.id.cmp(&other.id));
        ConnectionSummary {
            api_id: self.target.api_id.clone(),
            connection: self.number,
            mode: self.mode.to_owned(),
            since_epoch_s: self.since_epoch_s,
            subscriptions: shown,
        }
    }

    /// Why it must end, at an API that is there or not.
    fn close_reason(&self, api: Option<&Api>, now_epoch_s: f64) -> Option<CloseReason> {
        let Some(api) = api else { return Some(CloseReason::ApiDeleted) };
        let over = match &self.api_key {
            // A key may have been renewed since, or deleted.
            Some(key) => {
                api.keys.get(key).is_none_or(|it| it.expires_epoch_s as f64 <= now_epoch_s)
            }
            None => self.expires_epoch_s.is_some_and(|it| it <= now_epoch_s),
        };
        match now_epoch_s - self.since_epoch_s >= CONNECTION_MAX_S {
            _ if over => Some(CloseReason::CredentialsExpired),
            true => Some(CloseReason::MaxDuration),
            false => None,
        }
    }
}

/// One task for all connections of a data plane. It ends with the last of them, and with the data plane.
async fn sweep_regularly(connections: Weak<Connections>) {
    let Some(mut changes) = connections.upgrade().map(|it| it.store.changes()) else { return };
    loop {
        tokio::select! {
            // The sender may be gone; then so is the data plane.
            _ = changes.changed() => {}
            () = tokio::time::sleep(SWEEP) => {}
        }
        let Some(connections) = connections.upgrade() else { return };
        connections.sweep();
        let all = connections.all();
        if all.is_empty() {
            // Under the lock: the next connection starts a new watch.
            connections.sweeping.store(false, Ordering::SeqCst);
            return;
        }
    }
}
