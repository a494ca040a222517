//! A run that is killed at any point: the next run converges, without duplicates, leftovers or printed keys.
use std::collections::BTreeSet;
use std::fs;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use futures_util::stream::{StreamExt, iter};
use provision_aws::live::read_live_state;
use provision_core::diff::compare;
use provision_core::kind::DesiredState;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};
use tokio::sync::{Mutex, oneshot};

use crate::account::{Account, OpenAccount};
use crate::engine::now;
use crate::specs::{Folder, site};
use crate::world::{Running, World, root};

/// The call before or after which the process is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    Before(usize),
    After(usize),
}

/// A command that is killed, and the account that it starts with.
struct Case {
    name: &'static str,
    command: &'static [&'static str],
    begin: Account,
    /// The desired state.
    desired: DesiredState,
    /// Every how many points one is tried, unless `SWEEP=all`.
    every: usize,
    /// The minimum number of kills.
    min_kills: usize,
}

/// Points tried concurrently: each mostly waits until the killed run counts as dead.
const CONCURRENT_POINTS: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_apply_converges_on_the_next_run() {
    let (begin, desired) = (used_domain().await, desired("one.yaml"));
    sweep(Case { name: "apply", command: APPLY_ONE, begin, desired, every: 7, min_kills: 20 })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_update_converges_on_the_next_run() {
    let (begin, desired) = (applied_stack().await, desired("two.yaml"));
    sweep(Case { name: "update", command: APPLY_TWO, begin, desired, every: 7, min_kills: 30 })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_destroy_converges_on_the_next_run() {
    let (begin, desired) = (applied_stack().await, DesiredState::new());
    let expected = used_domain().await.shape();
    let end =
        sweep(Case { name: "destroy", command: DESTROY, begin, desired, every: 7, min_kills: 20 })
            .await;
    assert_eq!(end, expected);
}

const APPLY_ONE: &[&str] = &["apply", "one.yaml", "--yes"];
const APPLY_TWO: &[&str] = &["apply", "two.yaml", "--yes"];
const DESTROY: &[&str] = &["destroy", "one.yaml", "--yes"];

/// An account with only the domain name that the stack uses and does not manage.
pub async fn used_domain() -> Account {
    let account_copy = Account::EMPTY.open(|router| router).await;
    let call = account_copy.served.aws.appsync.create_domain_name().domain_name("used.example.com");
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/others";
    call.certificate_arn(certificate).send().await.unwrap();
    account_copy.account()
}

/// An account with the first stack in it.
async fn applied_stack() -> Account {
    let killer = Arc::new(Killer::default());
    let account_copy = open_intercepted(&used_domain().await, &killer).await;
    killer.run(&world(), &account_copy, APPLY_ONE, None).await;
    account_copy.account()
}

/// The desired state of a spec.
pub fn desired(name: &str) -> DesiredState {
    let source = |name: &str| fs::read_to_string(root("tests/data/sweep").join(name)).unwrap();
    let files = ["echo.js", "quiet.js", "stored.js"];
    let files = Folder(files.map(|file| (file.to_owned(), source(file))).into());
    let (source, problems) = Source::parse(name, source(name).as_bytes());
    assert_eq!(problems, []);
    load(&source, &files, now(), &ParameterValues::new()).0.unwrap().desired
}

/// The specs and their files.
fn world() -> World {
    let world = World::new();
    for entry in fs::read_dir(root("tests/data/sweep")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        world.write(name, &fs::read_to_string(&path).unwrap());
    }
    world
}

/// Kills the command at many points, each in a new account. The next run must result in the state of an undisturbed
/// run, which is returned.
async fn sweep(case: Case) -> serde_json::Value {
    let killer = Arc::new(Killer::default());
    let account_copy = open_intercepted(&case.begin, &killer).await;
    killer.run(&world(), &account_copy, case.command, None).await;
    let calls = killer.calls.load(Ordering::SeqCst);
    let end = account_copy.account();
    assert!(!end.text().contains("provision:run:"), "all run locks are released");
    let expected = end.shape();
    let points = (1..=calls).flat_map(|n| [Point::Before(n), Point::After(n)]);
    let step = if tries_every_point() { 1 } else { case.every };
    let points: Vec<Point> = points.step_by(step).collect();
    let tried = points.len();
    let (case, expected) = (&case, &expected);
    let killed = iter(points).map(|point| async move { kill_at(case, point, expected).await });
    let results: Vec<KillResult> = killed.buffer_unordered(CONCURRENT_POINTS).collect().await;
    let wrong: Vec<&String> = results.iter().flat_map(|result| &result.wrong).collect();
    let killed = results.iter().filter(|result| result.killed).count();
    let report = format!("{}: {calls} calls, {tried} points, {killed} kills\n", case.name);
    fs::write(format!("{}/kills-{}.txt", env!("CARGO_TARGET_TMPDIR"), case.name), &report).unwrap();
    assert!(wrong.is_empty(), "{report}{}", join(&wrong));
    assert!(killed >= case.min_kills, "{report}");
    expected.clone()
}

/// Whether every point is tried.
pub fn tries_every_point() -> bool {
    std::env::vars().any(|(name, value)| name == "SWEEP" && value == "all")
}

struct KillResult {
    killed: bool,
    wrong: Vec<String>,
}

/// Kills the command at one point, runs it again, and returns what differs from an undisturbed run.
async fn kill_at(case: &Case, point: Point, expected: &serde_json::Value) -> KillResult {
    let (world, killer) = (world(), Arc::new(Killer::default()));
    let account_copy = open_intercepted(&case.begin, &killer).await;
    let mut wrong = Vec::new();
    let first = killer.run(&world, &account_copy, case.command, Some(point)).await;
    let second = killer.run(&world, &account_copy, case.command, None).await;
    let live = read_live_state(&account_copy.served.aws, "sweep").await.unwrap();
    let changes = compare(&case.desired, &live, &site(now())).1;
    wrong.extend(
        changes.iter().map(|change| format!("{point:?}: {} differs from the spec", change.address)),
    );
    for Ran { output, killed } in [&first, &second] {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let printed = [&*stderr, &String::from_utf8_lossy(&output.stdout)].concat();
        if keys(&printed).next().is_some() {
            wrong.push(format!("{point:?}: a key is printed"));
        }
        if !killed && output.status.code() != Some(0) {
            wrong.push(format!("{point:?}: {:?}\n{stderr}", output.status.code()));
        }
    }
    let account = account_copy.account();
    let differ = differences("", expected, &account.shape());
    if !differ.is_empty() {
        wrong.push(format!("{point:?}:\n{}", differ.join("\n")));
    }
    KillResult { killed: first.killed, wrong }
}

/// The API keys in a text.
pub fn keys(text: &str) -> impl Iterator<Item = &str> {
    text.split("da2-")
        .skip(1)
        .filter(|part| part.starts_with(|character: char| character.is_ascii_alphanumeric()))
}

/// Where two states differ.
pub fn differences(at: &str, one: &serde_json::Value, other: &serde_json::Value) -> Vec<String> {
    match (one.as_object(), other.as_object()) {
        (Some(ones), Some(others)) => {
            let names: BTreeSet<&String> = ones.keys().chain(others.keys()).collect();
            let nothing = serde_json::Value::Null;
            let each = names.into_iter().flat_map(|name| {
                let of = |value: &serde_json::Value| value.get(name).unwrap_or(&nothing).clone();
                differences(&format!("{at}/{name}"), &of(one), &of(other))
            });
            each.collect()
        }
        _ if one == other => vec![],
        _ => vec![format!("  {at}: expected {one}, found {other}")],
    }
}

fn join(wrong: &[&String]) -> String {
    wrong.iter().map(|wrong| format!("{wrong}\n")).collect()
}

/// Intercepts the calls of a process, and kills it at one of them.
#[derive(Default)]
struct Killer {
    calls: AtomicUsize,
    point: Mutex<Option<Point>>,
    kill: Mutex<Option<oneshot::Sender<()>>>,
}

async fn open_intercepted(account: &Account, killer: &Arc<Killer>) -> OpenAccount {
    let killer = Arc::clone(killer);
    let guard = from_fn(move |request: Request, next: Next| {
        let killer = Arc::clone(&killer);
        async move {
            let n = killer.calls.fetch_add(1, Ordering::SeqCst) + 1;
            let point = *killer.point.lock().await;
            if matches!(point, Some(Point::Before(at)) if at == n) {
                killer.strike().await;
            }
            let answer = next.run(request).await;
            if matches!(point, Some(Point::After(at)) if at == n) {
                killer.strike().await;
            }
            answer
        }
    });
    account.open(|router| router.layer(guard)).await
}

/// How a process ended.
struct Ran {
    output: Output,
    killed: bool,
}

impl Killer {
    /// Requests the kill and never responds, since the caller is about to be killed.
    async fn strike(&self) {
        if let Some(kill) = self.kill.lock().await.take() {
            let _ = kill.send(());
            std::future::pending::<()>().await;
        }
    }

    /// Runs a command, killed at `point`.
    async fn run(
        &self,
        world: &World,
        account_copy: &OpenAccount,
        command: &[&str],
        point: Option<Point>,
    ) -> Ran {
        let (kill, mut struck) = oneshot::channel();
        self.calls.store(0, Ordering::SeqCst);
        *self.point.lock().await = point;
        *self.kill.lock().await = Some(kill);
        let more = ["-v", "--endpoint-url", &account_copy.served.url];
        let mut command = world.command(&[command, &more].concat());
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        let mut running = Running::start(command);
        let killed = tokio::select! {
            struck = &mut struck => struck.is_ok(),
            () = running.wait() => false,
        };
        if killed {
            running.kill();
        }
        Ran { output: running.output().await, killed }
    }
}
