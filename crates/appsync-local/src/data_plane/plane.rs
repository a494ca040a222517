//! What the requests of the data plane share.
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::timeout;

use crate::data_plane::auth::{KeysOfIssuers, LocalIssuer, Remembered};
use crate::data_plane::feed::Feed;
use crate::data_plane::handlers::Pool;
use crate::data_plane::outbound::client::Outbound;
use crate::data_plane::place::Place;
use crate::data_plane::websocket::connections::{Connected, Connections};
use crate::data_plane::websocket::hub::Hub;
use crate::state::{Api, State};
use crate::store::Store;

/// How often a client hears that its connection lives (docs/reference/data-plane.md#keep-alive).
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How long the service waits for those who are connected when it ends.
const ENDING: Duration = Duration::from_secs(3);

/// How the data plane reaches what is not in it.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where functions are invoked, over the Lambda Invoke API; without, they can't be.
    pub lambda_endpoint: Option<String>,
    /// Where the services of data sources are, by the name they are signed with: `dynamodb`, `events`, …
    pub endpoints: BTreeMap<String, String>,
    /// Where the document of an issuer of tokens is really to be had, by issuer.
    pub issuers: BTreeMap<String, String>,
    /// The secret keys by access key id that signatures are verified with, beside the local AWS's own.
    pub credentials: BTreeMap<String, String>,
    /// Whether there is no page for people.
    pub without_console: bool,
}

impl fmt::Debug for Settings {
    /// Without the secret keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("lambda_endpoint", &self.lambda_endpoint)
            .field("endpoints", &self.endpoints)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

/// The data plane of one local AWS.
pub struct Plane {
    pub(crate) store: Arc<Store>,
    pub(crate) settings: Settings,
    pub feed: Feed,
    pub(crate) outbound: Outbound,
    pub(crate) issuer: LocalIssuer,
    pub(crate) keys: KeysOfIssuers,
    pub(crate) verdicts: Remembered,
    pub(crate) hub: Hub,
    pub(crate) connections: Connections,
    pub(crate) keep_alive: Duration,
    pub(crate) handlers: Pool,
    apis: Mutex<Seen>,
}

/// APIs as they were at one change of the store.
#[derive(Default)]
struct Seen {
    change: u64,
    apis: HashMap<(String, String, String), Arc<Api>>,
    /// By the API's id, by the first part of its hosts, and by the domain names that lead to it.
    names: Option<HashMap<String, Place>>,
}

impl Plane {
    pub fn new(store: Arc<Store>, settings: Settings) -> Arc<Self> {
        let outbound = Outbound::new(Arc::clone(&store), settings.lambda_endpoint.clone());
        let issuer = LocalIssuer::new(store.folder());
        Arc::new(Self {
            store,
            settings,
            feed: Feed::new(),
            outbound,
            issuer,
            keys: KeysOfIssuers::default(),
            verdicts: Remembered::default(),
            hub: Hub::default(),
            connections: Connections::default(),
            keep_alive: KEEP_ALIVE,
            handlers: Pool::new(),
            apis: Mutex::default(),
        })
    }

    /// Who is connected now.
    pub fn connections(&self) -> Vec<Connected> {
        self.connections.shown()
    }

    /// Returns once every WebSocket has been closed, at the end of the service; but waits for none that does not
    /// answer.
    pub(crate) async fn ended(&self) {
        let _ = timeout(ENDING, self.connections.gone()).await;
    }

    /// Where the API is that has this id, or whose hosts begin so. No account has it together with another.
    pub(crate) fn place(&self, name: &str) -> Option<Place> {
        self.named(name).filter(|it| it.domain.is_none())
    }

    /// Where the domain name leads, or one that stands for it: `*.example.com` for `events.example.com`.
    pub(crate) fn place_of_domain(&self, name: &str) -> Option<Place> {
        let above = || self.named(&format!("*.{}", name.split_once('.')?.1));
        let mut place = self.named(name).or_else(above).filter(|it| it.domain.is_some())?;
        place.domain = Some(name.to_owned());
        Some(place)
    }

    fn named(&self, name: &str) -> Option<Place> {
        let change = self.store.change_number();
        let mut seen = self.seen(change);
        if seen.names.is_none() {
            seen.names = Some(self.store.look(|state| names(state)));
        }
        seen.names.as_ref()?.get(name).cloned()
    }

    /// What was seen at this change of the store. Taken before the store, never after.
    fn seen(&self, change: u64) -> MutexGuard<'_, Seen> {
        let mut seen = self.apis.lock().expect("nobody panics while holding it");
        if seen.change != change {
            *seen = Seen { change, ..Seen::default() };
        }
        seen
    }

    /// The API at `place`, as it is now. Copied once a change of the store, not once a request.
    pub(crate) fn api(&self, place: &Place) -> Option<Arc<Api>> {
        let key = (place.account.clone(), place.region.clone(), place.api_id.clone());
        let change = self.store.change_number();
        if let Some(api) = self.seen(change).apis.get(&key) {
            return Some(Arc::clone(api));
        }
        let api = self.store.look(|state| {
            let region = state.accounts.get(&key.0).and_then(|it| it.regions.get(&key.1));
            region.and_then(|it| it.apis.get(&key.2)).cloned().map(Arc::new)
        })?;
        let mut seen = self.apis.lock().expect("nobody panics while holding it");
        if seen.change == change {
            seen.apis.insert(key, Arc::clone(&api));
        }
        Some(api)
    }
}

fn names(state: &State) -> HashMap<String, Place> {
    let mut names = HashMap::new();
    for (account, held) in &state.accounts {
        for (region, held) in &held.regions {
            let place = |api_id: &str, domain: Option<&String>| Place {
                account: account.clone(),
                region: region.clone(),
                api_id: api_id.to_owned(),
                domain: domain.cloned(),
            };
            for api in held.apis.values() {
                for name in [&api.id, &api.dns_prefix] {
                    names.insert(name.clone(), place(&api.id, None));
                }
            }
            for domain in held.domains.values() {
                if let Some(association) = &domain.association {
                    let name = domain.name.to_ascii_lowercase();
                    names.insert(name, place(&association.api_id, Some(&domain.name)));
                }
            }
        }
    }
    names
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plane").field("store", &self.store).finish()
    }
}
