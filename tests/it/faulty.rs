//! An emulator with faults, and a client that speaks plain HTTP.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use appsync_local::Store;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::guard::unless_it_hangs;

/// A clock that does not advance until a test moves it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<AtomicU64>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(NOW_S)))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// 2027-01-15T08:00:00Z.
pub const NOW_S: u64 = 1_800_000_000;
pub const SIGNED: &str = "20270115T080000Z";

/// An emulator with faults, and a client that speaks plain HTTP.
pub struct Faulty {
    pub store: Arc<Store>,
    pub clock: Clock,
    pub address: SocketAddr,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
    /// The error code.
    pub fn code(&self) -> &str {
        let header =
            self.head.split("x-amzn-errortype: ").nth(1).and_then(|rest| rest.lines().next());
        let element = || self.body.split("<Code>").nth(1)?.split('<').next();
        header.or_else(element).unwrap_or_default()
    }
}

impl Faulty {
    pub async fn start(faults: Value) -> Self {
        let clock = Clock::default();
        let store = Store::in_memory(SharedTimeSource::new(clock.clone()));
        store.set_faults(serde_json::from_value(faults).unwrap());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = appsync_local::router(Arc::clone(&store));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { store, clock, address }
    }

    /// A client of an emulator in another process.
    pub fn at(address: SocketAddr) -> Self {
        let clock = Clock::default();
        Self { store: Store::in_memory(SharedTimeSource::new(clock.clone())), clock, address }
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }
    pub fn set(&self, faults: Value) {
        self.store.set_faults(serde_json::from_value(faults).unwrap());
    }

    /// Returns the response, or `None` if the connection is closed without a byte.
    pub async fn send(&self, head: &str, body: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (address, length) = (self.address, body.len());
        let request = format!(
            "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A reset counts as closed.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }
    pub async fn signed(
        &self,
        service: &str,
        signed: &str,
        head: &str,
        body: &str,
    ) -> Option<Answer> {
        let scope = format!("AKID/20270115/us-east-1/{service}/aws4_request");
        let head = format!(
            "{head}\r\nx-amz-date: {signed}\r\nauthorization: AWS4-HMAC-SHA256 Credential={scope}, Signature=0"
        );
        self.send(&head, body).await
    }
    pub async fn maybe(&self, method: &str, path: &str, body: &str) -> Option<Answer> {
        self.signed("appsync", SIGNED, &format!("{method} {path} HTTP/1.1"), body).await
    }
    pub async fn appsync(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.maybe(method, path, &body).await.unwrap()
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.appsync("GET", path, &Value::Null).await
    }
    pub async fn create_api(&self, name: &str) -> Answer {
        self.appsync("POST", "/v2/apis", &api(name, None)).await
    }
    /// Creates an API, and returns its id.
    pub async fn api(&self) -> String {
        self.create_api("a").await.json()["api"]["apiId"].as_str().unwrap().to_owned()
    }
    pub async fn iam(&self, form: &str) -> Answer {
        self.signed("iam", SIGNED, "POST / HTTP/1.1", form).await.unwrap()
    }
    pub async fn create_role(&self, name: &str) {
        let form = format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={TRUST}");
        assert_eq!(self.iam(&form).await.status, 200);
    }
    pub async fn control(&self, head: &str, body: &str) -> Answer {
        self.send(&format!("{head} HTTP/1.1"), body).await.unwrap()
    }
    /// Returns once a call of `operation` is in progress. The call already has its locks, because the emulator does
    /// nothing between the log entry and the delay of a fault.
    pub async fn until_called(&self, operation: &str) {
        let called = async {
            while !self.store.calls().iter().any(|logged_call| logged_call.operation == operation) {
                tokio::task::yield_now().await;
            }
        };
        unless_it_hangs(called).await;
    }
    /// Operation, status and fault of every call.
    pub fn log(&self) -> Vec<(&'static str, Option<u16>, Option<&'static str>)> {
        self.store
            .calls()
            .into_iter()
            .map(|logged_call| (logged_call.operation, logged_call.status, logged_call.fault))
            .collect()
    }
}

pub const TRUST: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

pub fn api(name: &str, log_role: Option<&str>) -> Value {
    let modes = json!([{ "authType": "API_KEY" }]);
    let mut config = json!({
        "authProviders": modes,
        "connectionAuthModes": modes,
        "defaultPublishAuthModes": modes,
        "defaultSubscribeAuthModes": modes,
    });
    if let Some(arn) = log_role {
        config["logConfig"] = json!({ "logLevel": "ALL", "cloudWatchLogsRoleArn": arn });
    }
    json!({ "name": name, "eventConfig": config })
}

/// One member of each item of a list.
pub fn names(answer: &Answer, list: &str, member: &str) -> Vec<String> {
    let list = answer.json()[list].as_array().cloned().unwrap();
    list.iter().map(|value| value[member].as_str().unwrap().to_owned()).collect()
}
