//! What the requests of the data plane share.
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::emulator::answer::Fault;
use crate::emulator::events::auth::{KeysOfIssuers, LocalIssuer, Remembered};
use crate::emulator::events::feed::Feed;
use crate::emulator::events::outbound::Outbound;
use crate::emulator::events::place::Place;
use crate::emulator::state::Api;
use crate::emulator::store::Store;

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
    pub(in crate::emulator) store: Arc<Store>,
    pub(in crate::emulator) settings: Settings,
    pub feed: Feed,
    pub(in crate::emulator) outbound: Outbound,
    pub(in crate::emulator) issuer: LocalIssuer,
    pub(in crate::emulator) keys: KeysOfIssuers,
    pub(in crate::emulator) verdicts: Remembered,
    apis: Mutex<Seen>,
}

/// APIs as they were at one change of the store.
#[derive(Default)]
struct Seen {
    change: u64,
    apis: HashMap<(String, String, String), Arc<Api>>,
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
            apis: Mutex::default(),
        })
    }

    /// The API at `place`, as it is now. Copied once a change of the store, not once a request.
    pub(in crate::emulator) fn api(&self, place: &Place) -> Option<Arc<Api>> {
        let key = (place.account.clone(), place.region.clone(), place.api_id.clone());
        let change = self.store.change_number();
        {
            let mut seen = self.apis.lock().expect("nobody panics while holding it");
            if seen.change != change {
                *seen = Seen { change, apis: HashMap::new() };
            }
            if let Some(api) = seen.apis.get(&key) {
                return Some(Arc::clone(api));
            }
        }
        let found = self.store.look(|state| {
            let region = state.accounts.get(&key.0).and_then(|it| it.regions.get(&key.1));
            let api = region.and_then(|it| it.apis.get(&key.2));
            api.cloned().map(Arc::new).ok_or_else(|| Fault::not_found("no such API"))
        });
        let api = found.ok()?;
        let mut seen = self.apis.lock().expect("nobody panics while holding it");
        if seen.change == change {
            seen.apis.insert(key, Arc::clone(&api));
        }
        Some(api)
    }
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plane").field("store", &self.store).finish()
    }
}
