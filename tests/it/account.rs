//! An account that can be copied: the state of an emulator in a folder, so that many runs start from the same state.
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use appsync_local::Store;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::world::{Served, serve_store};

/// The state of an emulator.
#[derive(Clone, Debug)]
pub struct Account(Vec<u8>);

/// An emulator that serves a copy of an account.
pub struct OpenAccount {
    pub store: Arc<Store>,
    pub served: Served,
    /// Deleted when this is dropped.
    _folder: TempDir,
}

/// The name of the state file.
const FILE: &str = "state.json";

impl Account {
    pub const EMPTY: Self = Self(Vec::new());

    /// Serves a copy. `wrap` may add layers to the router.
    pub async fn open(&self, wrap: impl FnOnce(axum::Router) -> axum::Router) -> OpenAccount {
        let folder = tempfile::tempdir().unwrap();
        if !self.0.is_empty() {
            fs::write(folder.path().join(FILE), &self.0).unwrap();
        }
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        let store = Store::open(folder.path(), clock).unwrap();
        let served = serve_store(Arc::clone(&store), wrap).await;
        OpenAccount { store, served, _folder: folder }
    }

    /// The state without random ids and without times.
    pub fn shape(&self) -> Value {
        let mut text = String::from_utf8(self.0.clone()).unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        for (id, name) in names(&state) {
            text = text.replace(&id, &name);
        }
        let mut shape = serde_json::from_str(&text).unwrap();
        remove_times(&mut shape);
        shape
    }
    /// The state as text, to search for what it must not contain.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.clone()).unwrap()
    }
}

impl OpenAccount {
    /// The current state.
    pub fn account(&self) -> Account {
        Account(self.store.state_file().unwrap())
    }
}

/// The random ids in a state, and the names that replace them.
fn names(state: &Value) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let mut name = |id: &Value, name: String| names.push((id.as_str().unwrap().to_owned(), name));
    let of = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    for account in state["accounts"].as_object().unwrap().values() {
        for role in entries(account, "roles") {
            name(&role["id"], format!("<role {}>", of(role, "name")));
        }
        for region in entries(account, "regions") {
            for api in entries(region, "apis") {
                let api_name = of(api, "name");
                name(&api["id"], format!("<api {api_name}>"));
                name(&api["dns_prefix"], format!("<dns {api_name}>"));
                for key in entries(api, "keys") {
                    let description = of(key, "description");
                    name(&key["id"], format!("<key {}>", description.replace(['"', '\\'], "")));
                }
            }
            for domain in entries(region, "domains") {
                name(&domain["appsync_name"], format!("<host {}>", of(domain, "name")));
            }
        }
    }
    names
}

fn entries<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value[member].as_object().into_iter().flat_map(Map::values)
}

/// Removes times, and sorts lists.
fn remove_times(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(remove_times);
            items.sort_by_key(Value::to_string);
        }
        Value::Object(map) => {
            map.retain(|name, _| !name.ends_with("_epoch_s"));
            // Disabled metrics may be omitted.
            map.retain(|name, value| name != "metricsConfig" || value.as_str() == Some("ENABLED"));
            map.values_mut().for_each(remove_times);
        }
        _ => {}
    }
}

/// How much faster than the machine's clock the fast clock is.
const SPEEDUP: u32 = 20;

/// The clients of `served`, with an engine that waits only a fraction of the time.
pub fn with_fast_sleep(served: &Served) -> provision_aws::client::Aws {
    let mut aws = served.aws.clone();
    aws.sleep = SharedAsyncSleep::new(FastSleep);
    aws
}

#[derive(Debug)]
struct FastSleep;

impl AsyncSleep for FastSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        TokioSleep::new().sleep(duration / SPEEDUP)
    }
}

/// The clock of an emulator whose client sleeps fast: it runs faster by the same factor. What takes a second on the
/// emulator has finished after the engine has waited for a second, however fast the machine is.
#[derive(Clone, Debug)]
pub struct FastClock {
    start_time: SystemTime,
    start: Instant,
}

impl FastClock {
    pub fn start() -> Self {
        let start_time = SystemTimeSource::new().now();
        Self { start_time, start: Instant::now() }
    }
    pub fn now_epoch_s(&self) -> i64 {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        i64::try_from(since.as_secs()).unwrap()
    }
}

impl TimeSource for FastClock {
    fn now(&self) -> SystemTime {
        self.start_time + self.start.elapsed() * SPEEDUP
    }
}
