//! Two applies of one stack at once: both end well or one explains, and the state is one spec's, whole.
use std::process::{Output, Stdio};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};

use crate::world::{Served, World, serve};

/// An AWS that takes its time, so that the two meet.
async fn slow() -> Served {
    serve(|router| {
        router.layer(from_fn(|request: Request, next: Next| async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            next.run(request).await
        }))
    })
    .await
}

/// A spec in which everything tells `version`.
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

fn begin(world: &World, served: &Served, spec: &str) -> std::process::Child {
    begin_to(world, served, "apply", spec)
}

fn begin_to(world: &World, served: &Served, verb: &str, file: &str) -> std::process::Child {
    let mut command = world.command(&[verb, file, "--yes", "--endpoint-url", &served.url]);
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env("AWS_REGION", "ap-northeast-1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn end(child: std::process::Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap()
}

/// Applies both, the second a little later, and says how it went.
async fn both(served: &Served, world: &World, later: Duration) -> [Output; 2] {
    let one = begin(world, served, "one.yaml");
    tokio::time::sleep(later).await;
    let two = begin(world, served, "two.yaml");
    [end(one).await, end(two).await]
}

/// What the state says of whose it is: one word, if it is one spec's.
async fn versions(served: &Served) -> Vec<String> {
    let aws = &served.aws.appsync;
    let apis = aws.list_apis().send().await.unwrap();
    assert_eq!(apis.apis().len(), 1, "one API");
    let id = apis.apis()[0].api_id().unwrap();
    let api = aws.get_api().api_id(id).send().await.unwrap().api.unwrap();
    let mut found = vec![api.owner_contact().unwrap().to_owned()];
    let leftover = api.tags().unwrap().keys().filter(|it| it.starts_with("provision:run:")).count();
    assert_eq!(leftover, 0, "nobody runs any more");
    let namespaces = aws.list_channel_namespaces().api_id(id).max_results(25).send().await.unwrap();
    assert_eq!(namespaces.channel_namespaces().len(), 8);
    for it in namespaces.channel_namespaces() {
        let modes: Vec<&str> =
            it.publish_auth_modes().iter().map(|it| it.auth_type().as_str()).collect();
        found.push(if modes == ["API_KEY"] { "one" } else { "two" }.to_owned());
    }
    let keys = aws.list_api_keys().api_id(id).send().await.unwrap();
    assert_eq!(keys.api_keys().len(), 1, "one key");
    found.push(keys.api_keys()[0].description().unwrap().split(' ').next().unwrap().to_owned());
    found.sort();
    found.dedup();
    found
}

fn explained(ended: &[Output; 2]) {
    for it in ended {
        let err = String::from_utf8_lossy(&it.stderr);
        if !it.status.success() {
            assert!(err.contains("another apply of this stack"), "{err}");
        }
    }
    let well = ended.iter().filter(|it| it.status.success()).count();
    assert!(well > 0, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_applies_at_once_make_one_stack() {
    for later in [0, 10, 40, 90] {
        let (served, world) = (slow().await, World::new());
        world.write("one.yaml", &spec("one"));
        world.write("two.yaml", &spec("two"));
        let ended = both(&served, &world, Duration::from_millis(later)).await;
        explained(&ended);
        let versions = versions(&served).await;
        assert_eq!(versions.len(), 1, "{later}: {versions:?} {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_updates_at_once_leave_what_one_of_them_says() {
    for later in [0, 10, 40, 90] {
        let (served, world) = (slow().await, World::new());
        world.write("one.yaml", &spec("one"));
        world.write("two.yaml", &spec("two"));
        world.write("three.yaml", &spec("two").replace("ownerContact: two", "ownerContact: three"));
        assert!(end(begin(&world, &served, "three.yaml")).await.status.success());
        let ended = both(&served, &world, Duration::from_millis(later)).await;
        explained(&ended);
        let versions = versions(&served).await;
        assert_eq!(versions.len(), 1, "{later}: {versions:?} {ended:?}");
    }
}

/// Two specs, and a third that is applied.
async fn third_applied() -> (Served, World) {
    let (served, world) = (slow().await, World::new());
    world.write("one.yaml", &spec("one"));
    world.write("two.yaml", &spec("two"));
    world.write("three.yaml", &spec("two").replace("ownerContact: two", "ownerContact: three"));
    assert!(end(begin(&world, &served, "three.yaml")).await.status.success());
    (served, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_beside_an_apply_leaves_nothing_or_what_the_apply_says() {
    for (first, second) in [("apply", "destroy"), ("destroy", "apply")] {
        for later in [0, 40, 150] {
            let (served, world) = third_applied().await;
            let one = begin_to(&world, &served, first, "one.yaml");
            tokio::time::sleep(Duration::from_millis(later)).await;
            let two = begin_to(&world, &served, second, "one.yaml");
            let ended = [end(one).await, end(two).await];
            explained(&ended);
            let apis = served.aws.appsync.list_apis().send().await.unwrap();
            if !apis.apis().is_empty() {
                assert_eq!(versions(&served).await, ["one"], "{first} {later}: {ended:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_beside_an_apply_is_done_as_it_was_or_not_at_all() {
    for later in [0, 40, 150] {
        let (served, world) = third_applied().await;
        let plan = ["plan", "one.yaml", "--out", "plan.json", "--endpoint-url", &served.url];
        let mut plan = world.command(&plan);
        plan.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        plan.env("AWS_REGION", "ap-northeast-1").stdout(Stdio::null()).stderr(Stdio::null());
        assert!(end(plan.spawn().unwrap()).await.status.success());
        let one = begin(&world, &served, "two.yaml");
        tokio::time::sleep(Duration::from_millis(later)).await;
        let saved = end(begin(&world, &served, "plan.json")).await;
        let one = end(one).await;
        let err = String::from_utf8_lossy(&saved.stderr);
        let stale = saved.status.code() == Some(4);
        assert!(saved.status.success() || stale, "{later}: {err}");
        assert!(one.status.success(), "{later}: {one:?}");
        let versions = versions(&served).await;
        assert_eq!(versions.len(), 1, "{later}: {versions:?} {err}");
        assert!(!stale || versions == ["two"], "{later}: {versions:?} {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_of_two_is_killed_the_other_ends_well() {
    for (first_apply, killed_after) in [(true, 250), (true, 400), (false, 250), (false, 400)] {
        let (served, world) = match first_apply {
            true => (slow().await, World::new()),
            false => third_applied().await,
        };
        world.write("one.yaml", &spec("one"));
        world.write("two.yaml", &spec("two"));
        let mut one = begin(&world, &served, "one.yaml");
        tokio::time::sleep(Duration::from_millis(30)).await;
        let two = begin(&world, &served, "two.yaml");
        tokio::time::sleep(Duration::from_millis(killed_after - 30)).await;
        one.kill().unwrap();
        let killed = end(one).await;
        let two = end(two).await;
        let err = String::from_utf8_lossy(&two.stderr);
        // Whom the other has made give way, before it was killed, says so and is run again.
        if !two.status.success() {
            assert!(err.contains("another apply of this stack"), "{killed_after}: {err}");
            let again = end(begin(&world, &served, "two.yaml")).await;
            assert!(again.status.success(), "{again:?}");
        }
        let versions = versions(&served).await;
        assert_eq!(versions, ["two"], "{first_apply} {killed_after}: {killed:?} {err}");
    }
}
