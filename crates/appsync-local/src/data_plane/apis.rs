//! Finds the API that a request is for, by id, host or domain name, and returns its current state. It never
//! changes an API.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::lock::lock;
use crate::state::{Api, State};
use crate::store::Store;

/// The API that a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetApi {
    pub account: String,
    pub region: String,
    pub api_id: String,
    /// The custom domain of the request (`ctx.request.domainName`), if it has one.
    pub domain: Option<String>,
}

/// The APIs of one store. They are copied once per change of the store, not once per request.
pub struct Apis {
    store: Arc<Store>,
    snapshot: Mutex<Snapshot>,
}

/// The APIs at one change of the store.
#[derive(Default)]
struct Snapshot {
    change: u64,
    apis: HashMap<(String, String, String), Arc<Api>>,
    /// By the API's id, by the first part of its hosts, and by its custom domain names.
    names: Option<HashMap<String, TargetApi>>,
}

impl Apis {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, snapshot: Mutex::default() }
    }

    /// Finds the API with this id, or with hosts that begin with this name. Both are unique across accounts.
    pub fn find(&self, name: &str) -> Option<TargetApi> {
        self.lookup(name).filter(|api| api.domain.is_none())
    }

    /// Finds the API of a domain name, or of its wildcard: `*.example.com` for `events.example.com`.
    pub fn find_by_domain(&self, name: &str) -> Option<TargetApi> {
        let wildcard = || self.lookup(&format!("*.{}", name.split_once('.')?.1));
        let mut target = self.lookup(name).or_else(wildcard).filter(|api| api.domain.is_some())?;
        target.domain = Some(name.to_owned());
        Some(target)
    }

    fn lookup(&self, name: &str) -> Option<TargetApi> {
        let change = self.store.change_number();
        let mut snapshot = self.snapshot(change);
        if snapshot.names.is_none() {
            snapshot.names = Some(self.store.read(|state| index_names(state)));
        }
        snapshot.names.as_ref()?.get(name).cloned()
    }

    /// Locks the snapshot of this change of the store. The lock is acquired before the store's, never after it.
    fn snapshot(&self, change: u64) -> MutexGuard<'_, Snapshot> {
        let mut snapshot = lock(&self.snapshot);
        if snapshot.change != change {
            *snapshot = Snapshot { change, ..Snapshot::default() };
        }
        snapshot
    }

    /// Returns the current state of an API.
    pub fn api(&self, target: &TargetApi) -> Option<Arc<Api>> {
        let key = (target.account.clone(), target.region.clone(), target.api_id.clone());
        let change = self.store.change_number();
        if let Some(api) = self.snapshot(change).apis.get(&key) {
            return Some(Arc::clone(api));
        }
        let api = self.store.read(|state| {
            let region = state.accounts.get(&key.0).and_then(|account| account.regions.get(&key.1));
            region.and_then(|region| region.apis.get(&key.2)).cloned().map(Arc::new)
        })?;
        let mut snapshot = lock(&self.snapshot);
        if snapshot.change == change {
            snapshot.apis.insert(key, Arc::clone(&api));
        }
        Some(api)
    }
}

fn index_names(state: &State) -> HashMap<String, TargetApi> {
    let mut names = HashMap::new();
    for (account, entries) in state.accounts.iter() {
        for (region, entries) in entries.regions.iter() {
            let target = |api_id: &str, domain: Option<&String>| TargetApi {
                account: account.to_owned(),
                region: region.to_owned(),
                api_id: api_id.to_owned(),
                domain: domain.cloned(),
            };
            for api in entries.apis.values() {
                for name in [&api.id, &api.dns_prefix] {
                    names.insert(name.clone(), target(&api.id, None));
                }
            }
            for domain in entries.domains.values() {
                if let Some(association) = &domain.association {
                    let name = domain.name.to_ascii_lowercase();
                    names.insert(name, target(&association.api_id, Some(&domain.name)));
                }
            }
        }
    }
    names
}
