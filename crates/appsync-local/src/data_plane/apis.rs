//! The APIs that there are: by which names they are reached, and what they are now.
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
    /// The custom domain by which it was reached (`ctx.request.domainName`), if it was.
    pub domain: Option<String>,
}

/// The APIs of one store, copied once a change of it and not once a request.
pub struct Apis {
    store: Arc<Store>,
    snapshot: Mutex<Snapshot>,
}

/// APIs as they were at one change of the store.
#[derive(Default)]
struct Snapshot {
    change: u64,
    apis: HashMap<(String, String, String), Arc<Api>>,
    /// By the API's id, by the first part of its hosts, and by the domain names that lead to it.
    names: Option<HashMap<String, TargetApi>>,
}

impl Apis {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, snapshot: Mutex::default() }
    }

    /// Where the API is that has this id, or whose hosts begin so. No account has it together with another.
    pub fn find(&self, name: &str) -> Option<TargetApi> {
        self.lookup(name).filter(|it| it.domain.is_none())
    }

    /// Where the domain name leads, or one that stands for it: `*.example.com` for `events.example.com`.
    pub fn find_by_domain(&self, name: &str) -> Option<TargetApi> {
        let above = || self.lookup(&format!("*.{}", name.split_once('.')?.1));
        let mut place = self.lookup(name).or_else(above).filter(|it| it.domain.is_some())?;
        place.domain = Some(name.to_owned());
        Some(place)
    }

    fn lookup(&self, name: &str) -> Option<TargetApi> {
        let change = self.store.change_number();
        let mut seen = self.snapshot(change);
        if seen.names.is_none() {
            seen.names = Some(self.store.read(|state| index_names(state)));
        }
        seen.names.as_ref()?.get(name).cloned()
    }

    /// What was seen at this change of the store. Taken before the store, never after.
    fn snapshot(&self, change: u64) -> MutexGuard<'_, Snapshot> {
        let mut seen = lock(&self.snapshot);
        if seen.change != change {
            *seen = Snapshot { change, ..Snapshot::default() };
        }
        seen
    }

    /// The API at `place`, as it is now. Copied once a change of the store, not once a request.
    pub fn api(&self, place: &TargetApi) -> Option<Arc<Api>> {
        let key = (place.account.clone(), place.region.clone(), place.api_id.clone());
        let change = self.store.change_number();
        if let Some(api) = self.snapshot(change).apis.get(&key) {
            return Some(Arc::clone(api));
        }
        let api = self.store.read(|state| {
            let region = state.accounts.get(&key.0).and_then(|it| it.regions.get(&key.1));
            region.and_then(|it| it.apis.get(&key.2)).cloned().map(Arc::new)
        })?;
        let mut seen = lock(&self.snapshot);
        if seen.change == change {
            seen.apis.insert(key, Arc::clone(&api));
        }
        Some(api)
    }
}

fn index_names(state: &State) -> HashMap<String, TargetApi> {
    let mut names = HashMap::new();
    for (account, held) in &state.accounts {
        for (region, held) in &held.regions {
            let place = |api_id: &str, domain: Option<&String>| TargetApi {
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
