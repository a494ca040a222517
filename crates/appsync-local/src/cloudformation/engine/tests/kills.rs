//! A kill at every point at which the state is durable: the operation goes on when the emulator starts again, and
//! nothing is left that no stack has.
use std::fs;
use std::path::Path;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use serde_json::{Value, json};

use crate::cloudformation;
use crate::cloudformation::engine::tests::{World, api, namespace, template};
use crate::state::Api;
use crate::state::stacks::{Stack, StackStatus};
use crate::store::Store;

const JOURNAL: &str = "state.journal";

fn open(folder: &Path) -> World {
    let clock = SharedTimeSource::new(SystemTimeSource::new());
    World { store: Store::open(folder, clock).unwrap() }
}

/// Runs `operation` in a folder, and returns the folder as a kill after each durable change would leave it: the state
/// file, and ever longer journals.
async fn durable_states(
    before: Option<&Value>,
    operation: impl AsyncFn(&World),
) -> (Vec<u8>, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("state");
    let world = open(&dir);
    if let Some(template) = before {
        world.create(template).await;
    }
    let known = fs::read(dir.join(JOURNAL)).unwrap_or_default().len();
    operation(&world).await;
    let (state, journal) =
        (fs::read(dir.join("state.json")).unwrap(), fs::read(dir.join(JOURNAL)).unwrap());
    let ends = journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let prefixes: Vec<Vec<u8>> = ends
        .map(|(at, _)| journal[..=at].to_vec())
        .filter(|prefix| prefix.len() >= known)
        .collect();
    assert!(prefixes.len() > 4, "the operation is several changes");
    (state, prefixes)
}

/// The names of the namespaces of all APIs, and how many APIs and roles there are.
fn contents(world: &World) -> (usize, Vec<String>) {
    world.store.read(|state| {
        let regions = state.accounts.values().flat_map(|account| account.regions.values());
        let apis: Vec<&Api> = regions.flat_map(|region| region.apis.values()).collect();
        let namespaces = apis.iter().flat_map(|api| api.namespaces.values());
        (apis.len(), namespaces.map(|namespace| namespace.name.clone()).collect())
    })
}

/// The physical ids of the stack's resources that exist.
fn live_resources(stack: &Stack) -> usize {
    stack
        .resources
        .values()
        .filter(|resource| !resource.status.text().starts_with("DELETE"))
        .count()
}

async fn after_each_kill(
    before: Option<&Value>,
    operation: impl AsyncFn(&World),
    check: impl Fn(&World),
) {
    let (state, journals) = durable_states(before, operation).await;
    for journal in journals {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("state");
        drop(open(&dir));
        fs::write(dir.join("state.json"), &state).unwrap();
        fs::write(dir.join(JOURNAL), &journal).unwrap();
        let world = open(&dir);
        let has_stack = world.store.read(|state| {
            let regions = state.accounts.values().flat_map(|account| account.regions.values());
            regions.flat_map(|region| region.stacks.values()).count()
        }) > 0;
        if !has_stack {
            continue;
        }
        cloudformation::resume(&world.store).await;
        check(&world);
        // The next deployment succeeds.
        let next = template(&json!({ "Api": api("next"), "Next": namespace("next") })).to_string();
        let members = [("StackName", "s"), ("TemplateBody", next.as_str())];
        let action = match world.stack("s").status {
            StackStatus::DeleteComplete => "CreateStack",
            _ => "UpdateStack",
        };
        world.call(action, &members).await.unwrap();
        let stack = world.stack("s");
        assert!(
            matches!(stack.status, StackStatus::CreateComplete | StackStatus::UpdateComplete),
            "{}",
            stack.status.text()
        );
        assert_eq!(contents(&world), (1, vec!["next".to_owned()]));
    }
}

#[tokio::test]
async fn a_creation_goes_on_after_a_kill() {
    let body = template(&json!({ "Api": api("a"), "N": namespace("n"), "M": namespace("m") }));
    let create = async |world: &World| {
        world.create(&body).await;
    };
    after_each_kill(None, create, |world| {
        let stack = world.stack("s");
        assert_eq!(stack.status, StackStatus::CreateComplete);
        assert_eq!(contents(world), (1, vec!["m".to_owned(), "n".to_owned()]));
        assert_eq!(live_resources(&stack), 3);
    })
    .await;
}

#[tokio::test]
async fn an_update_goes_on_after_a_kill() {
    let before =
        template(&json!({ "Api": api("a"), "N": namespace("one"), "Old": namespace("old") }));
    let after =
        template(&json!({ "Api": api("b"), "N": namespace("two"), "New": namespace("new") }));
    let update = async |world: &World| {
        world.update(&after).await.unwrap();
    };
    after_each_kill(Some(&before), update, |world| {
        let stack = world.stack("s");
        // The kill came before the update was durable, or the update is complete.
        let expected = match stack.status {
            StackStatus::CreateComplete => ["old", "one"],
            StackStatus::UpdateComplete => ["new", "two"],
            other => panic!("{}", other.text()),
        };
        assert_eq!(contents(world), (1, expected.map(str::to_owned).to_vec()));
        assert_eq!(live_resources(&stack), 3);
    })
    .await;
}

#[tokio::test]
async fn a_deletion_goes_on_after_a_kill() {
    let before = template(&json!({ "Api": api("a"), "N": namespace("n") }));
    let delete = async |world: &World| {
        world.call("DeleteStack", &[("StackName", "s")]).await.unwrap();
    };
    after_each_kill(Some(&before), delete, |world| {
        let stack = world.stack("s");
        match stack.status {
            StackStatus::CreateComplete => assert_eq!(contents(world), (1, vec!["n".to_owned()])),
            StackStatus::DeleteComplete => assert_eq!(contents(world), (0, vec![])),
            other => panic!("{}", other.text()),
        }
    })
    .await;
}
