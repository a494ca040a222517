//! Two concurrent applies of one stack: both succeed or one explains why not, and the state matches one of the specs.
use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::sync::watch;

use crate::guard::unless_it_hangs;
use crate::world::{Running, Served, World, serve};

/// An emulator that distinguishes runs by their session tokens, counts their calls, and holds a run at a call, so that
/// runs meet at the same calls on every machine.
struct Meeting {
    served: Served,
    calls: Arc<Calls>,
}

#[derive(Default)]
struct Calls {
    /// The number of calls, by run.
    counts: watch::Sender<BTreeMap<String, usize>>,
    held: Mutex<Option<(&'static str, Point)>>,
    released: watch::Sender<bool>,
}

/// A call of a run, and on which side of it the run is held.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    Before(usize),
    After(usize),
}

impl Point {
    fn call(self) -> usize {
        let (Self::Before(n) | Self::After(n)) = self;
        n
    }
}

/// Where two runs meet: the first waits there until the second has made so many calls. A first apply reads with four
/// calls, and creates the API with the fifth.
const POINTS: [(Point, usize); 5] = [
    (Point::Before(1), 1),
    (Point::Before(5), 5),
    (Point::After(5), 4),
    (Point::After(6), 9),
    (Point::Before(12), 20),
];

impl Meeting {
    async fn start() -> Self {
        let calls = Arc::new(Calls::default());
        let counted = Arc::clone(&calls);
        let served = serve(|router| {
            router.layer(from_fn(move |request: Request, next: Next| {
                let calls = Arc::clone(&counted);
                async move {
                    let run = request.headers().get("x-amz-security-token");
                    let run =
                        run.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
                    let n = calls.count(&run);
                    calls.hold(&run, Point::Before(n)).await;
                    let answer = next.run(request).await;
                    calls.hold(&run, Point::After(n)).await;
                    answer
                }
            }))
        })
        .await;
        Self { served, calls }
    }

    /// Starts a run, and waits until it is held at a point.
    async fn start_held(
        &self,
        world: &World,
        run: &'static str,
        verb: &str,
        file: &str,
        at: Point,
    ) -> Running {
        *self.calls.held.lock().unwrap() = Some((run, at));
        let mut running = self.begin(world, run, verb, file);
        self.until(run, &mut running, at.call()).await;
        running
    }
    fn begin(&self, world: &World, name: &'static str, verb: &str, file: &str) -> Running {
        let mut command = self.command(world, &[verb, file, "--yes"]);
        command.env("AWS_SESSION_TOKEN", name);
        Running::start(command)
    }
    fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let endpoint = ["--endpoint-url", &self.served.url];
        let mut command = world.command(&[arguments, &endpoint].concat());
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        command.env("AWS_REGION", "ap-northeast-1");
        command
    }
    /// Returns once a run has made so many calls, or has ended.
    async fn until(&self, name: &str, run: &mut Running, calls: usize) {
        let mut counts = self.calls.counts.subscribe();
        let has_made =
            |items: &BTreeMap<String, usize>| items.get(name).is_some_and(|item| *item >= calls);
        let reached = async {
            tokio::select! {
                counted = counts.wait_for(has_made) => drop(counted.unwrap()),
                () = run.wait() => {}
            }
        };
        unless_it_hangs(reached).await;
    }
    fn release(&self) {
        self.calls.released.send_replace(true);
    }

    /// Runs two commands with their files; the second starts while the first is held.
    async fn both(
        &self,
        world: &World,
        [first, second]: [(&str, &str); 2],
        (at, calls): (Point, usize),
    ) -> [Output; 2] {
        let one = self.start_held(world, "one", first.0, first.1, at).await;
        let mut two = self.begin(world, "two", second.0, second.1);
        self.until("two", &mut two, calls).await;
        self.release();
        [one.output().await, two.output().await]
    }
}

impl Calls {
    fn count(&self, run: &str) -> usize {
        let mut n = 0;
        self.counts.send_modify(|counts| {
            let count = counts.entry(run.to_owned()).or_default();
            *count += 1;
            n = *count;
        });
        n
    }
    async fn hold(&self, run: &str, at: Point) {
        let is_held = self.held.lock().unwrap().is_some_and(|held| held == (run, at));
        if is_held {
            let _ = self.released.subscribe().wait_for(|flag| *flag).await;
        }
    }
}
/// A spec in which every resource shows `version`.
fn spec(version: &str) -> String {
    let mode = if version == "one" { "API_KEY" } else { "AWS_IAM" };
    let namespaces: String = (0..8)
        .map(|n| format!("      n{n}: {{ publish: [{mode}], subscribe: [{mode}] }}\n"))
        .collect();
    format!(
        "version: 1\nstack: shared\napis:\n  main:\n    ownerContact: {version}\n    auth: {{ providers: [API_KEY, AWS_IAM] }}\n    \
         apiKeys:\n      web: {{ description: {version} }}\n    namespaces:\n{namespaces}"
    )
}

/// The versions that the state contains: one if it matches one spec.
async fn versions(served: &Served) -> Vec<String> {
    let aws = &served.aws.appsync;
    let apis = aws.list_apis().send().await.unwrap();
    assert_eq!(apis.apis().len(), 1, "one API");
    let id = apis.apis()[0].api_id().unwrap();
    let api = aws.get_api().api_id(id).send().await.unwrap().api.unwrap();
    let mut values = vec![api.owner_contact().unwrap().to_owned()];
    let leftover =
        api.tags().unwrap().keys().filter(|key| key.starts_with("provision:run:")).count();
    assert_eq!(leftover, 0, "all run locks are released");
    let namespaces = aws.list_channel_namespaces().api_id(id).max_results(25).send().await.unwrap();
    assert_eq!(namespaces.channel_namespaces().len(), 8);
    for namespace in namespaces.channel_namespaces() {
        let modes: Vec<&str> = namespace
            .publish_auth_modes()
            .iter()
            .map(|auth_mode| auth_mode.auth_type().as_str())
            .collect();
        values.push(if modes == ["API_KEY"] { "one" } else { "two" }.to_owned());
    }
    let keys = aws.list_api_keys().api_id(id).send().await.unwrap();
    assert_eq!(keys.api_keys().len(), 1, "one key");
    values.push(keys.api_keys()[0].description().unwrap().split(' ').next().unwrap().to_owned());
    values.sort();
    values.dedup();
    values
}

fn check_explained(outputs: &[Output; 2]) {
    for output in outputs {
        let err = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            assert!(
                err.contains("another apply of this stack") || err.contains("another run"),
                "{err}"
            );
        }
    }
    let well = outputs.iter().filter(|output| output.status.success()).count();
    assert!(well > 0, "{outputs:?}");
}

/// The specs of two versions, and of one that both differ from.
fn specs() -> World {
    let world = World::new();
    world.write("one.yaml", &spec("one"));
    world.write("two.yaml", &spec("two"));
    world.write("three.yaml", &spec("two").replace("ownerContact: two", "ownerContact: three"));
    world
}

/// An emulator with the third spec applied.
async fn start_with_third_applied() -> (Meeting, World) {
    let (meeting, world) = (Meeting::start().await, specs());
    let applied = meeting.begin(&world, "three", "apply", "three.yaml").output().await;
    assert!(applied.status.success(), "{applied:?}");
    (meeting, world)
}

const BOTH: [(&str, &str); 2] = [("apply", "one.yaml"), ("apply", "two.yaml")];

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_first_applies_create_one_stack() {
    for at in POINTS {
        let (meeting, world) = (Meeting::start().await, specs());
        let outputs = meeting.both(&world, BOTH, at).await;
        check_explained(&outputs);
        let versions = versions(&meeting.served).await;
        assert_eq!(versions.len(), 1, "{at:?}: {versions:?} {outputs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_updates_leave_the_state_of_one_spec() {
    for at in POINTS {
        let (meeting, world) = start_with_third_applied().await;
        let outputs = meeting.both(&world, BOTH, at).await;
        check_explained(&outputs);
        let versions = versions(&meeting.served).await;
        assert_eq!(versions.len(), 1, "{at:?}: {versions:?} {outputs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_during_an_apply_leaves_nothing_or_the_state_of_the_spec() {
    for (first, second) in [("apply", "destroy"), ("destroy", "apply")] {
        for at in [POINTS[0], POINTS[3], POINTS[4]] {
            let (meeting, world) = start_with_third_applied().await;
            let outputs =
                meeting.both(&world, [(first, "one.yaml"), (second, "one.yaml")], at).await;
            check_explained(&outputs);
            let apis = meeting.served.aws.appsync.list_apis().send().await.unwrap();
            if !apis.apis().is_empty() {
                assert_eq!(versions(&meeting.served).await, ["one"], "{first} {at:?}: {outputs:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_during_an_apply_is_applied_unchanged_or_not_at_all() {
    for at in [POINTS[0], POINTS[3], POINTS[4]] {
        let (meeting, world) = start_with_third_applied().await;
        let plan = meeting.command(&world, &["plan", "one.yaml", "--out", "plan.json"]);
        assert!(Running::start(plan).output().await.status.success());
        let both = [("apply", "two.yaml"), ("apply", "plan.json")];
        let [one, saved] = meeting.both(&world, both, at).await;
        let err = String::from_utf8_lossy(&saved.stderr);
        let stale = saved.status.code() == Some(4);
        assert!(saved.status.success() || stale, "{at:?}: {err}");
        assert!(one.status.success(), "{at:?}: {one:?}");
        let versions = versions(&meeting.served).await;
        assert_eq!(versions.len(), 1, "{at:?}: {versions:?} {err}");
        assert!(!stale || versions == ["two"], "{at:?}: {versions:?} {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_succeeds_when_the_other_one_is_killed() {
    for (first_apply, at, calls) in [
        (true, Point::After(5), 1),
        (true, Point::Before(12), 9),
        (false, Point::After(6), 1),
        (false, Point::Before(12), 9),
    ] {
        let (meeting, world) = match first_apply {
            true => (Meeting::start().await, specs()),
            false => start_with_third_applied().await,
        };
        // It is killed while it is held.
        let mut one = meeting.start_held(&world, "one", "apply", "one.yaml", at).await;
        let mut two = meeting.begin(&world, "two", "apply", "two.yaml");
        meeting.until("two", &mut two, calls).await;
        one.kill();
        let killed = one.output().await;
        let two = two.output().await;
        let err = String::from_utf8_lossy(&two.stderr);
        // If the other run had superseded it before it was killed, it reports that, and is run again.
        if !two.status.success() {
            assert!(
                err.contains("another apply of this stack") || err.contains("another run"),
                "{at:?}: {err}"
            );
            let again = meeting.begin(&world, "again", "apply", "two.yaml").output().await;
            assert!(again.status.success(), "{again:?}");
        }
        let versions = versions(&meeting.served).await;
        assert_eq!(versions, ["two"], "{first_apply} {at:?}: {killed:?} {err}");
    }
}
