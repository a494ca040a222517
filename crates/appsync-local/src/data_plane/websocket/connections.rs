//! The open connections of a data plane, and the task that closes them when their credentials expire, their API
//! is deleted, a day has passed, or the emulator stops. It never reads a socket.
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
/// The interval of checks for connections that must be closed.
const SWEEP: Duration = Duration::from_secs(1);

/// An authorized connection. No `Debug`: it may contain an API key.
pub struct Connection {
    pub number: u64,
    pub target: TargetApi,
    pub mode: &'static str,
    pub since_epoch_s: f64,
    /// The expiry of its credentials, if they expire.
    pub expires_epoch_s: Option<f64>,
    /// The API key of its credentials. The connection is closed when the key expires or is deleted.
    pub api_key: Option<String>,
    pub outbox: Arc<Outbox>,
    /// By the client's operation id.
    pub subscriptions: Mutex<HashMap<Arc<str>, Channel>>,
}

/// An open connection, for people who watch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSummary {
    /// The API.
    pub api_id: String,
    /// The number of the connection, which is unique in this process.
    pub connection: u64,
    /// The auth mode.
    pub mode: String,
    /// When the client connected.
    pub since_epoch_s: f64,
    /// By operation id.
    pub subscriptions: Vec<SubscriptionSummary>,
}

/// A subscription of a connection, for people who watch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SubscriptionSummary {
    /// The client's operation id.
    pub id: String,
    /// The channel, perhaps with a wildcard.
    pub channel: String,
}

/// The connections of one data plane.
pub struct Connections {
    store: Arc<Store>,
    apis: Arc<Apis>,
    hub: Arc<Hub>,
    next: AtomicU64,
    all: Mutex<HashMap<u64, Arc<Connection>>>,
    sweeping: AtomicBool,
    /// The number of open sockets, including those that are closing.
    open_sockets: watch::Sender<usize>,
}

/// Counts as an open socket until it is dropped.
pub struct SocketGuard {
    connections: Arc<Connections>,
}

impl Drop for SocketGuard {
    fn drop(&mut self) {
        self.connections.open_sockets.send_modify(|count| *count -= 1);
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

    /// Counts a socket until the guard is dropped.
    pub fn open_socket(self: &Arc<Self>) -> SocketGuard {
        self.open_sockets.send_modify(|count| *count += 1);
        SocketGuard { connections: Arc::clone(self) }
    }
    /// Returns when no socket is open.
    pub async fn wait_until_none_open(&self) {
        // The sender lives as long as `self`.
        let _ = self.open_sockets.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Returns a number that no other connection has.
    pub fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds a connection, which is closed when it must be.
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
        let mut summaries: Vec<_> =
            self.all().values().map(|connection| connection.summary()).collect();
        summaries.sort_by_key(|summary| summary.connection);
        summaries
    }

    /// Closes the connections that must be closed.
    fn sweep(&self) {
        let (now, closing) = (self.store.now_epoch_s(), self.store.is_closing());
        let all: Vec<_> = self.all().values().cloned().collect();
        let mut apis = HashMap::new();
        for connection in &all {
            let target = &connection.target;
            let api = apis.entry(&target.api_id).or_insert_with(|| {
                let api = self.apis.api(target);
                if let Some(api) = &api {
                    self.hub.retain_namespaces(&api.id, |namespace| {
                        api.namespaces.contains_key(namespace)
                    });
                }
                api
            });
            let reason = if closing {
                Some(CloseReason::Shutdown)
            } else {
                connection.close_reason(api.as_deref(), now)
            };
            if let Some(reason) = reason {
                connection.outbox.close(reason);
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
        let summaries = subscriptions.iter().map(|(id, channel)| SubscriptionSummary {
            id: id.to_string(),
            channel: channel.path.clone(),
        });
        let mut summaries: Vec<_> = summaries.collect();
        summaries.sort_by(|one, other| one.id.cmp(&other.id));
        ConnectionSummary {
            api_id: self.target.api_id.clone(),
            connection: self.number,
            mode: self.mode.to_owned(),
            since_epoch_s: self.since_epoch_s,
            subscriptions: summaries,
        }
    }

    /// Returns why the connection must be closed, if it must. `api` is `None` if it was deleted.
    fn close_reason(&self, api: Option<&Api>, now_epoch_s: f64) -> Option<CloseReason> {
        let Some(api) = api else { return Some(CloseReason::ApiDeleted) };
        let is_expired = match &self.api_key {
            // A key may have been renewed since, or deleted.
            Some(key) => {
                api.keys.get(key).is_none_or(|key| key.expires_epoch_s as f64 <= now_epoch_s)
            }
            None => {
                self.expires_epoch_s.is_some_and(|expires_epoch_| expires_epoch_ <= now_epoch_s)
            }
        };
        match now_epoch_s - self.since_epoch_s >= CONNECTION_MAX_S {
            _ if is_expired => Some(CloseReason::CredentialsExpired),
            true => Some(CloseReason::MaxDuration),
            false => None,
        }
    }
}

/// Sweeps all connections of a data plane until the last one is closed or the data plane is dropped.
async fn sweep_regularly(connections: Weak<Connections>) {
    let Some(mut changes) = connections.upgrade().map(|connections| connections.store.changes())
    else {
        return;
    };
    loop {
        tokio::select! {
            // The sender is dropped with the data plane.
            _ = changes.changed() => {}
            () = tokio::time::sleep(SWEEP) => {}
        }
        let Some(connections) = connections.upgrade() else { return };
        connections.sweep();
        let all = connections.all();
        if all.is_empty() {
            // Under the lock, so that the next connection starts a new task.
            connections.sweeping.store(false, Ordering::SeqCst);
            return;
        }
    }
}
