//! The program against the emulator with a latency on every call: the number of calls, the longest chain of
//! calls, and the time compared with that chain.
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use appsync_local::{Store, router};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};

use crate::process::{PROGRAM, write};
use crate::specs::spec;

const LATENCY: Duration = Duration::from_millis(50);

/// When each call started and ended.
type Calls = Arc<Mutex<Vec<(Instant, Instant)>>>;

pub fn network() {
    println!(
        "\n{:<44} {:>6} {:>6} {:>9} {:>6} {:>9}",
        "at 50 ms a call", "calls", "trips", "takes", "ratio", "peak"
    );
    for (name, apis) in [("1 API, 50 namespaces, 3 keys", 1), ("20 such APIs", 20)] {
        let folder = tempfile::tempdir().unwrap();
        let spec = write(folder.path(), "spec.yaml", &spec(apis, 50, 3));
        let aws = Slow::serve();
        for (what, arguments) in [
            ("plan before", &["plan"][..]),
            ("first apply", &["apply", "--yes"]),
            ("plan after", &["plan"]),
            ("no-op apply", &["apply", "--yes"]),
            ("destroy", &["destroy", "--yes"]),
        ] {
            // The fastest of three, where it can be repeated.
            let rounds = if arguments[0] == "plan" || what == "no-op apply" { 3 } else { 1 };
            let run = |_| aws.run(folder.path(), &spec, arguments);
            let best = (0..rounds).map(run).min_by_key(|took| took.takes).unwrap();
            let ratio = best.takes.as_secs_f64() / (LATENCY * best.trips).as_secs_f64();
            println!(
                "{:<44} {:>6} {:>6} {:>6.0} ms {ratio:>6.2} {:>6.1} MB",
                format!("{what}: {name}"),
                best.calls,
                best.trips,
                best.takes.as_secs_f64() * 1e3,
                best.peak_kb as f64 / 1024.0
            );
        }
    }
}

struct Slow {
    url: String,
    calls: Calls,
    _runtime: tokio::runtime::Runtime,
}

struct Took {
    calls: usize,
    /// The longest chain of calls in which each call started after the response to the one before.
    trips: u32,
    takes: Duration,
    peak_kb: u64,
}

impl Slow {
    fn serve() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let calls = Calls::default();
        let seen = Arc::clone(&calls);
        let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
        let router = router(store).layer(from_fn(move |request: Request, next: Next| {
            let seen = Arc::clone(&seen);
            async move {
                let came = Instant::now();
                tokio::time::sleep(LATENCY).await;
                let answer = next.run(request).await;
                seen.lock().unwrap().push((came, Instant::now()));
                answer
            }
        }));
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(local)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, calls, _runtime: runtime }
    }

    fn run(&self, folder: &Path, spec: &str, arguments: &[&str]) -> Took {
        self.calls.lock().unwrap().clear();
        let begun = Instant::now();
        let mut child = Command::new(PROGRAM)
            .args([arguments[0], spec, "--endpoint-url", &self.url])
            .args(&arguments[1..])
            .current_dir(folder)
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")])
            .envs([("AWS_REGION", "eu-west-1"), ("HOME", "/nowhere")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut peak_kb = 0;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            let text =
                fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
            peak_kb = peak.unwrap_or(peak_kb);
            thread::sleep(Duration::from_millis(2));
        };
        let takes = begun.elapsed();
        assert!(status.success(), "{arguments:?}");
        let calls = self.calls.lock().unwrap();
        Took { calls: calls.len(), trips: trips(&calls), takes, peak_kb }
    }
}

/// The longest chain of calls in which each call started after the response to the one before.
fn trips(calls: &[(Instant, Instant)]) -> u32 {
    let mut by_begin: Vec<_> = calls.to_vec();
    by_begin.sort();
    let mut chains: Vec<(Instant, u32)> = Vec::new();
    for (begun, ended) in by_begin {
        let before =
            chains.iter().filter(|(end, _)| *end <= begun).map(|(_, number)| *number).max();
        chains.push((ended, before.unwrap_or(0) + 1));
    }
    chains.iter().map(|(_, number)| *number).max().unwrap_or(0)
}
