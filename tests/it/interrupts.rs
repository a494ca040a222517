//! Ctrl-C: steps in progress finish, the rest does not start, and the next run resumes.
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::sync::Notify;

use crate::guard::unless_it_hangs;
use crate::world::{Served, World, serve};

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_finishes_running_steps_and_resumes_next_time() {
    let gate = CallGate::serve().await;
    let world = World::with_article();
    let apply = ["apply", "spec.yaml", "--yes", "--endpoint-url", &gate.served.url];
    let keys = [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];
    let child = world
        .command(&apply)
        .envs(keys)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    gate.reached().await;
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    // The call is released after the process has reported the signal.
    let words = "finishing changes in progress";
    let (child, printed) = read_until(child, words).await;
    assert!(printed.ends_with(words), "{printed}");
    gate.release();
    let done = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(130), "{err}");
    assert!(err.contains("apis/sample created"), "{err}");
    assert!(err.contains("apis/sample/apiKeys/default not created: interrupted"), "{err}");
    assert!(err.contains("interrupted; 2 steps were not tried"), "{err}");

    gate.release();
    let again = world.command(&apply).envs(keys).output().unwrap();
    let err = String::from_utf8_lossy(&again.stderr);
    assert!(err.contains("Plan: 2 to create."), "{err}");
    assert_eq!(again.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_after_changes_does_not_hide_them() {
    let is_created = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let served = serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let is_created = Arc::clone(&is_created);
            async move {
                let path = request.uri().path().to_owned();
                let create = request.method() == "POST" && path == "/v2/apis";
                if request.method() == "GET"
                    && path == "/v2/apis"
                    && is_created.load(std::sync::atomic::Ordering::SeqCst)
                {
                    let denied = axum::http::Response::builder().status(403);
                    let denied = denied.header("x-amzn-errortype", "AccessDeniedException");
                    return denied.body(axum::body::Body::from(r#"{"message":"no"}"#)).unwrap();
                }
                let answer = next.run(request).await;
                is_created.fetch_or(create, std::sync::atomic::Ordering::SeqCst);
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

/// An emulator in which calls to create an API wait until they are released.
pub struct CallGate {
    reached: Arc<Notify>,
    released: Arc<Notify>,
    pub served: Served,
}

impl CallGate {
    pub async fn serve() -> Self {
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
        Self { reached, released, served }
    }
    /// Returns once a call waits.
    pub async fn reached(&self) {
        unless_it_hangs(self.reached.notified()).await;
    }
    /// Releases the waiting call, or the next one.
    pub fn release(&self) {
        self.released.notify_one();
    }
}

/// Reads the process's stderr until it ends with `words`, or is closed, and returns it.
pub async fn read_until(mut child: Child, words: &'static str) -> (Child, String) {
    let mut stderr = child.stderr.take().unwrap();
    let reading = tokio::task::spawn_blocking(move || {
        let (mut printed, mut byte) = (Vec::new(), [0]);
        while !printed.ends_with(words.as_bytes()) && stderr.read(&mut byte).unwrap() == 1 {
            printed.push(byte[0]);
        }
        (String::from_utf8_lossy(&printed).into_owned(), stderr)
    });
    let (printed, stderr) = unless_it_hangs(reading).await.unwrap();
    child.stderr = Some(stderr);
    (child, printed)
}
