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
    let mut command = world.command(&["apply", spec, "--yes", "--endpoint-url", &served.url]);
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
