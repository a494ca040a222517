//! The emulator's state in a folder: the time of its changes compared with that of as many fsyncs, and the bytes that
//! it writes compared with the size of the state.
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use appsync_local::{Store, router};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tower::ServiceExt;

const APIS: usize = 40;
const NAMESPACES: usize = 50;
const CHANGES: usize = APIS * (NAMESPACES + 1);
/// The control plane reads the scope and does not verify the signature.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260102/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature=0";

pub fn store() {
    println!(
        "\n{:<56} {:>10} {:>10} {:>7}",
        "40 APIs, 50 namespaces each", "takes", "baseline", "ratio"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for concurrency in [1, 32] {
        let folder = tempfile::tempdir().unwrap();
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        let store = Store::open(folder.path(), clock).unwrap();
        let app = router(store.clone());
        let start = Instant::now();
        runtime.block_on(fill(&app, concurrency));
        let (takes, base) = (start.elapsed(), fsyncs(folder.path()));
        println!(
            "{:<56} {:>8.2} s  {:>8.2} s  {:>7.2}",
            format!("store: {CHANGES} changes, {concurrency} at a time; as many fsyncs"),
            takes.as_secs_f64(),
            base.as_secs_f64(),
            takes.as_secs_f64() / base.as_secs_f64()
        );
        let (bytes, size) = (store.disk_writes().bytes, store.state_file().unwrap().len());
        println!(
            "{:<56} {:>7.2} MB {:>7.2} MB {:>7.2}",
            "store: bytes written; size of the state",
            bytes as f64 / 1e6,
            size as f64 / 1e6,
            bytes as f64 / size as f64
        );
    }
}

async fn fill(app: &Router, concurrency: usize) {
    let modes = json!([{ "authType": "API_KEY" }]);
    let config = json!({
        "authProviders": modes,
        "connectionAuthModes": modes,
        "defaultPublishAuthModes": modes,
        "defaultSubscribeAuthModes": modes,
    });
    let tags =
        json!({ "provision:stack": "chat", "provision:address": "apis/chat/namespaces/rooms" });
    for number in 0..APIS {
        let api = json!({ "name": format!("api{number}"), "eventConfig": config });
        let api = post(app, "/v2/apis", &api).await;
        let path = format!("/v2/apis/{}/channelNamespaces", api["api"]["apiId"].as_str().unwrap());
        let creates = (0..NAMESPACES).map(|number| {
            let namespace =
                json!({ "name": format!("n{number}"), "publishAuthModes": modes, "tags": tags });
            let path = &path;
            async move { post(app, path, &namespace).await }
        });
        stream::iter(creates)
            .for_each_concurrent(concurrency, async |create| drop(create.await))
            .await;
    }
}

async fn post(app: &Router, path: &str, body: &Value) -> Value {
    let request =
        Request::post(path).header("authorization", SIGNATURE).header("host", "localhost");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert!(response.status().is_success(), "{response:?}");
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

/// Appends to a file, once per change, and waits for the disk each time.
fn fsyncs(folder: &Path) -> Duration {
    let mut file = File::create(folder.join("baseline")).unwrap();
    let start = Instant::now();
    for _ in 0..CHANGES {
        file.write_all(&[b'x'; 500]).unwrap();
        file.sync_data().unwrap();
    }
    start.elapsed()
}
