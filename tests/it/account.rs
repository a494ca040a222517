//! An account that can be copied: all that an AWS remembers, in a folder, so that many runs begin alike.
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use appsync_local::Store;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::world::{Served, serve_store};

/// All that an AWS remembers.
#[derive(Clone, Debug)]
pub struct Account(Vec<u8>);

/// An AWS with an account of its own.
pub struct Opened {
    pub store: Arc<Store>,
    pub served: Served,
    folder: TempDir,
}

/// The file of a store.
const FILE: &str = "state.json";

impl Account {
    pub const EMPTY: Self = Self(Vec::new());

    /// Serves a copy, whose router `wrap` may put something around.
    pub async fn open(&self, wrap: impl FnOnce(axum::Router) -> axum::Router) -> Opened {
        let folder = tempfile::tempdir().unwrap();
        if !self.0.is_empty() {
            fs::write(folder.path().join(FILE), &self.0).unwrap();
        }
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        let store = Store::open(folder.path(), clock).unwrap();
        let served = serve_store(Arc::clone(&store), wrap).await;
        Opened { store, served, folder }
    }

    /// What there is, apart from what AWS chooses by chance and from when.
    pub fn shape(&self) -> Value {
        let mut text = String::from_utf8(self.0.clone()).unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        for (id, name) in names(&state) {
            text = text.replace(&id, &name);
        }
        let mut shape = serde_json::from_str(&text).unwrap();
        timeless(&mut shape);
        shape
    }
    /// The same as text, for what must not be in it.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.clone()).unwrap()
    }
}

impl Opened {
    /// All that this AWS remembers by now.
    pub fn account(&self) -> Account {
        Account(fs::read(Path::new(self.folder.path()).join(FILE)).unwrap())
    }
}

/// What AWS chose by chance, and what to call it instead.
fn names(state: &Value) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let mut name = |id: &Value, name: String| names.push((id.as_str().unwrap().to_owned(), name));
    let of = |it: &Value, member: &str| it[member].as_str().unwrap_or_default().to_owned();
    for account in state["accounts"].as_object().unwrap().values() {
        for role in entries(account, "roles") {
            name(&role["id"], format!("<role {}>", of(role, "name")));
        }
        for region in entries(account, "regions") {
            for api in entries(region, "apis") {
                let called = of(api, "name");
                name(&api["id"], format!("<api {called}>"));
                name(&api["dns_prefix"], format!("<dns {called}>"));
                for key in entries(api, "keys") {
                    let described = of(key, "description");
                    name(&key["id"], format!("<key {}>", described.replace(['"', '\\'], "")));
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

/// Without times, and with lists in an order of their own.
fn timeless(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(timeless);
            items.sort_by_key(Value::to_string);
        }
        Value::Object(map) => {
            map.retain(|name, _| !name.ends_with("_epoch_s"));
            // What AppSync does not count, it may be told or not.
            map.retain(|name, it| name != "metricsConfig" || it.as_str() == Some("ENABLED"));
            map.values_mut().for_each(timeless);
        }
        _ => {}
    }
}

/// How much faster the hurried time runs than the machine's.
const HASTE: u32 = 20;

/// The same clients, and an engine that does not wait as long as it would.
pub fn hurried(served: &Served) -> provision_aws::client::Aws {
    let mut aws = served.aws.clone();
    aws.sleep = SharedAsyncSleep::new(Hurry);
    aws
}

#[derive(Debug)]
struct Hurry;

impl AsyncSleep for Hurry {
    fn sleep(&self, duration: Duration) -> Sleep {
        TokioSleep::new().sleep(duration / HASTE)
    }
}

/// The clock of an AWS beside an engine that hurries: it runs as much faster. What takes a second on this AWS is
/// over after the waits of a second, however fast the machine is.
#[derive(Clone, Debug)]
pub struct HurriedClock {
    begun: SystemTime,
    since: Instant,
}

impl HurriedClock {
    pub fn start() -> Self {
        let begun = SystemTimeSource::new().now();
        Self { begun, since: Instant::now() }
    }
    pub fn now_epoch_s(&self) -> i64 {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        i64::try_from(since.as_secs()).unwrap()
    }
}

impl TimeSource for HurriedClock {
    fn now(&self) -> SystemTime {
        self.begun + self.since.elapsed() * HASTE
    }
}
