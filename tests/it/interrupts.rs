//! Ctrl-C: what is under way is finished, the rest is not begun, and the next run goes on.
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::sync::Notify;

use crate::world::{World, serve};

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_finishes_what_runs_and_goes_on_the_next_time() {
    let (reached, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (reach, release) = (Arc::clone(&reached), Arc::clone(&released));
    let served = serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let (reach, release) = (Arc::clone(&reach), Arc::clone(&release));
            async move {
                if request.method() == "POST" && request.uri().path() == "/v2/apis" {
                    reach.notify_one();
                    release.notified().await;
                }
                next.run(request).await
            }
        }))
    })
    .await;
    let world = World::with_article();
    let apply = ["apply", "spec.yaml", "--yes", "--endpoint-url", &served.url];
    let keys = [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];
    let child = world
        .command(&apply)
        .envs(keys)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    reached.notified().await;
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    // The signal is on its way; the call is let go once the process has said that it heard it.
    let (child, heard) = hear(child, "finishing what is under way").await;
    assert!(heard);
    released.notify_one();
    let done = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(130), "{err}");
    assert!(err.contains("apis/sample created"), "{err}");
    assert!(err.contains("apis/sample/apiKeys/default not created: interrupted"), "{err}");
    assert!(err.contains("interrupted; 2 steps were not tried"), "{err}");

    released.notify_one();
    let again = world.command(&apply).envs(keys).output().unwrap();
    let err = String::from_utf8_lossy(&again.stderr);
    assert!(err.contains("Plan: 2 to create."), "{err}");
    assert_eq!(again.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_after_the_changes_is_not_taken_for_no_change() {
    let made = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let served = serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let made = Arc::clone(&made);
            async move {
                let path = request.uri().path().to_owned();
                let create = request.method() == "POST" && path == "/v2/apis";
                if request.method() == "GET"
                    && path == "/v2/apis"
                    && made.load(std::sync::atomic::Ordering::SeqCst)
                {
                    let denied = axum::http::Response::builder().status(403);
                    let denied = denied.header("x-amzn-errortype", "AccessDeniedException");
                    return denied.body(axum::body::Body::from(r#"{"message":"no"}"#)).unwrap();
                }
                let answer = next.run(request).await;
                made.fetch_or(create, std::sync::atomic::Ordering::SeqCst);
                answer
            }
        }))
    })
    .await;
    let world = World::with_article();
    let apply = ["apply", "spec.yaml", "--yes", "--endpoint-url", &served.url];
    let keys = [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];
    let mut command = world.command(&apply);
    let done = tokio::task::spawn_blocking(move || command.envs(keys).output().unwrap());
    let done = done.await.unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3), "{err}");
    assert!(err.contains("the changes above were made"), "{err}");
}

/// Reads what the process says until it has said `words`.
async fn hear(mut child: std::process::Child, words: &'static str) -> (std::process::Child, bool) {
    use std::io::Read;
    let mut stderr = child.stderr.take().unwrap();
    let (said, stderr) = tokio::task::spawn_blocking(move || {
        let (mut said, mut byte) = (Vec::new(), [0]);
        while stderr.read(&mut byte).unwrap() == 1 {
            said.push(byte[0]);
            if said.ends_with(words.as_bytes()) {
                return (true, stderr);
            }
        }
        (false, stderr)
    })
    .await
    .unwrap();
    child.stderr = Some(stderr);
    (child, said)
}
