//! What a folder has after restarts, kills and failures, and how much is written to it. The file is long because one
//! set of changes serves all of these tests.
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, prop_assert_eq, proptest};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ids;
use crate::protocol::response::AwsError;
use crate::state::folder::served_url;
use crate::state::journal::{JOURNAL_FILE, STATE_FILE};
use crate::state::open_error::OpenError;
use crate::state::{Api, ApiKey, Namespace, Region, State};
use crate::store::Store;

fn open(dir: &Path) -> Arc<Store> {
    try_open(dir).unwrap()
}
fn try_open(dir: &Path) -> Result<Arc<Store>, OpenError> {
    Store::open(dir, SharedTimeSource::new(SystemTimeSource::new()))
}
fn state(store: &Store) -> String {
    String::from_utf8(store.state_file().unwrap()).unwrap()
}
/// The state of a folder after a restart.
fn reopened_state(dir: &Path) -> String {
    state(&open(dir))
}

fn region(state: &mut State) -> &mut Region {
    state.accounts.or_default("1").regions.or_default("r")
}
fn new_api(id: &str) -> Api {
    serde_json::from_value(json!({
        "id": id, "name": id, "owner_contact": null, "event_config": {}, "tags": {}, "dns_prefix": id,
        "created_epoch_s": 0.5, "namespaces": {}, "keys": {},
    }))
    .unwrap()
}
fn new_namespace(name: &str, code: String) -> Namespace {
    Namespace {
        name: name.to_owned(),
        publish: Value::Null,
        subscribe: json!([{ "authType": "API_KEY" }]),
        code: Some(code),
        handlers: json!({}),
        tags: Default::default(),
        created_epoch_s: 0.25,
        modified_epoch_s: 0.25,
    }
}
async fn add_api(store: &Store, id: &str) {
    try_add_api(store, id).await.unwrap();
}
async fn try_add_api(store: &Store, id: &str) -> Result<(), AwsError> {
    store
        .change(|state| {
            region(state).apis.insert(id, new_api(id));
            Ok(())
        })
        .await
}
async fn remove_api(store: &Store, id: &str) {
    let remove = |state: &mut State| Ok(region(state).apis.remove(id));
    store.change(remove).await.unwrap();
}
async fn put_namespace(store: &Store, api: &str, name: &str, code: String) {
    let put = |state: &mut State| {
        let namespaces = &mut region(state).apis.get_mut(api).unwrap().namespaces;
        namespaces.insert(name, new_namespace(name, code));
        Ok(())
    };
    store.change(put).await.unwrap();
}
async fn add_key(store: &Store, api: &str, id: &str) {
    let add = |state: &mut State| {
        let key = ApiKey { id: id.to_owned(), description: None, expires_epoch_s: 1_795_489_200 };
        region(state).apis.get_mut(api).unwrap().keys.insert(id, key);
        Ok(())
    };
    store.change(add).await.unwrap();
}
/// A copy of the files of a store that is still open.
fn copy(dir: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [STATE_FILE, JOURNAL_FILE] {
        fs::copy(dir.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

#[tokio::test]
async fn changes_survive_a_restart_and_a_folder_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("local");
    let store = open(&dir);
    add_api(&store, "a").await;
    assert!(matches!(try_open(&dir), Err(OpenError::InUse { .. })));
    assert_eq!(served_url(&dir), None);
    let announcement = store.announce("http://here").unwrap();
    assert_eq!(served_url(&dir).as_deref(), Some("http://here"));
    drop((announcement, store));
    assert_eq!(served_url(&dir), None);
    assert!(open(&dir).read(|state| region(state).apis.contains_key("a")));
}

#[tokio::test]
async fn a_damaged_or_newer_file_is_an_error_and_never_an_empty_state() {
    let folder = tempfile::tempdir().unwrap();
    let check = |file: &str, text: &str, expected: &str| {
        fs::write(folder.path().join(file), text).unwrap();
        let error = try_open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(file), "{error}");
    };
    check(STATE_FILE, "", "damaged");
    check(STATE_FILE, "{}", "no version");
    check(STATE_FILE, "{\"version\":3}", "knows version 2");
    check(STATE_FILE, "{\"version\":2}", "no generation");
    check(STATE_FILE, "{\"version\":2,\"generation\":4}", "damaged");
    check(STATE_FILE, "{\"version\":1}", "damaged");
    fs::write(folder.path().join(STATE_FILE), r#"{"version":2,"generation":4,"accounts":{}}"#)
        .unwrap();
    let journal = |rest: &str| format!("{{\"version\":2,\"generation\":4}}\n{rest}\n");
    check(JOURNAL_FILE, "{\"version\":3,\"generation\":4}\n", "knows version 2");
    check(JOURNAL_FILE, "{\"version\":2}\n", "no generation");
    check(JOURNAL_FILE, "{\"version\":2,\"generation\":5}\n", "generation 5");
    check(JOURNAL_FILE, &journal("[[\"accounts\""), "line 2: EOF");
    check(
        JOURNAL_FILE,
        &journal("[[\"accounts\",\"1\",null]]"),
        "line 2: a record of a value that does not exist",
    );
    check(
        JOURNAL_FILE,
        &journal("[[\"accounts\",\"1\",{}]]\n[[\"stacks\",\"1\",{}]]"),
        "line 3: an unknown table",
    );
    fs::remove_file(folder.path().join(STATE_FILE)).unwrap();
    check(JOURNAL_FILE, &journal(""), "missing or older");
}

#[tokio::test]
async fn a_state_file_of_version_1_opens_and_is_converted_by_the_first_change() {
    let folder = tempfile::tempdir().unwrap();
    let version_1 =
        r#"{"version":1,"accounts":{"1":{"roles":{},"regions":{"r":{"apis":{},"domains":{}}}}}}"#;
    fs::write(folder.path().join(STATE_FILE), version_1).unwrap();
    let store = open(folder.path());
    assert_eq!(fs::read_to_string(folder.path().join(STATE_FILE)).unwrap(), version_1);
    add_api(&store, "a").await;
    let expected = state(&store);
    drop(store);
    let file = fs::read_to_string(folder.path().join(STATE_FILE)).unwrap();
    assert!(file.starts_with("{\"version\":2,\"generation\":1,"), "{file}");
    assert_eq!(reopened_state(folder.path()), expected);
}

/// Every prefix of the journal that a kill can leave.
#[tokio::test]
async fn a_journal_cut_at_any_byte_has_the_changes_whose_lines_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    add_api(&store, "a").await;
    let mut states = vec![state(&store)];
    put_namespace(&store, "a", "n", "é".to_owned()).await;
    states.push(state(&store));
    let replace = |state: &mut State| {
        region(state).apis.remove("a");
        region(state).apis.insert("b", new_api("b"));
        Ok(())
    };
    store.change(replace).await.unwrap();
    states.push(state(&store));
    let journal = fs::read(folder.path().join(JOURNAL_FILE)).unwrap();
    for end in 0..=journal.len() {
        let copy = copy(folder.path());
        fs::write(copy.path().join(JOURNAL_FILE), &journal[..end]).unwrap();
        let lines = journal[..end].iter().filter(|byte| **byte == b'\n').count();
        let reopened = open(copy.path());
        assert_eq!(state(&reopened), states[lines.saturating_sub(1)], "{end}");
        // The next change is not written behind half a line.
        if end % 16 == 0 {
            add_api(&reopened, "c").await;
            let expected = state(&reopened);
            drop(reopened);
            assert_eq!(reopened_state(copy.path()), expected, "{end}");
        }
    }
}

#[tokio::test]
async fn a_kill_between_the_state_file_and_its_journal_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    add_api(&store, "a").await;
    put_namespace(&store, "a", "n", String::new()).await;
    let before = copy(folder.path());
    remove_api(&store, "a").await;
    add_api(&store, "b").await;
    // Too large for the journal.
    put_namespace(&store, "b", "large", "x".repeat(100_000)).await;
    let expected = state(&store);
    let killed = copy(folder.path());
    fs::copy(before.path().join(JOURNAL_FILE), killed.path().join(JOURNAL_FILE)).unwrap();
    let reopened = open(killed.path());
    assert_eq!(state(&reopened), expected);
    put_namespace(&reopened, "b", "n", String::new()).await;
    let expected = state(&reopened);
    drop(reopened);
    assert_eq!(reopened_state(killed.path()), expected);
}

#[tokio::test]
async fn concurrent_changes_share_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    add_api(&store, "a").await;
    let before = store.disk_writes().commits;
    let names: Vec<String> = (0..200).map(|number| format!("n{number}")).collect();
    join_all(names.iter().map(|name| put_namespace(&store, "a", name, String::new()))).await;
    let commits = store.disk_writes().commits - before;
    assert!(commits <= 10, "{commits}");
    let expected = state(&store);
    drop(store);
    assert_eq!(reopened_state(folder.path()), expected);
}

#[tokio::test]
async fn a_cancelled_request_neither_loses_nor_reorders_changes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    add_api(&store, "a").await;
    for code in ["1", "2", "3"] {
        // Dropped once it waits for the disk.
        assert!(put_namespace(&store, "a", "n", code.to_owned()).now_or_never().is_none());
        assert!(put_namespace(&store, "a", code, String::new()).now_or_never().is_none());
    }
    put_namespace(&store, "a", "last", String::new()).await;
    let expected = state(&store);
    drop(store);
    assert_eq!(reopened_state(folder.path()), expected);
}

#[tokio::test]
async fn after_a_failed_write_every_change_fails_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("local");
    let store = open(&dir);
    fs::remove_dir_all(&dir).unwrap();
    let message = try_add_api(&store, "a").await.unwrap_err().message;
    assert!(message.contains("cannot write its state"), "{message}");
    fs::create_dir(&dir).unwrap();
    let before = state(&store);
    assert_eq!(try_add_api(&store, "b").await.unwrap_err().message, message);
    assert_eq!(state(&store), before);
}

#[tokio::test]
async fn a_growing_state_is_written_less_than_four_times() {
    let namespaces = async |store: &Store, api: &str| {
        for number in 0..50 {
            put_namespace(store, api, &format!("n{number}"), String::new()).await;
        }
    };
    check_growth(namespaces).await;
    // The smallest values, whose paths weigh most.
    let keys = async |store: &Store, api: &str| {
        for _ in 0..50 {
            add_key(store, api, &format!("da2-{}", ids::random_id())).await;
        }
    };
    check_growth(keys).await;
}

/// 40 APIs, with whatever `fill` adds to each.
async fn check_growth(fill: impl AsyncFn(&Store, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 1..=40 {
        let api = ids::random_id();
        add_api(&store, &api).await;
        fill(&store, &api).await;
        let (bytes, size) = (store.disk_writes().bytes, state(&store).len() as u64);
        assert!(bytes < 4 * size, "{number} APIs: {bytes} bytes written for a state of {size}");
    }
}

#[tokio::test]
async fn a_change_writes_at_most_twice_as_much_in_a_large_state_as_in_a_small_one() {
    let bytes_of_updates = async |namespaces: usize| {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        add_api(&store, "a").await;
        let names: Vec<String> = (0..namespaces).map(|number| format!("n{number}")).collect();
        join_all(names.iter().map(|name| put_namespace(&store, "a", name, "x".repeat(1_000))))
            .await;
        let before = store.disk_writes().bytes;
        for number in 0..600 {
            put_namespace(&store, "a", "n0", "y".repeat(1_000 + number % 10)).await;
        }
        store.disk_writes().bytes - before
    };
    let (small, large) = (bytes_of_updates(1).await, bytes_of_updates(200).await);
    assert!(large < 2 * small, "{small}, {large}");
}

#[derive(Clone, Debug)]
enum Action {
    AddApi(u8),
    RemoveApi(u8),
    RenameApi(u8, String),
    PutNamespace(u8, u8, usize),
    RemoveNamespace(u8, u8),
    AddKey(u8, u8),
    /// Moves an API with its tables to another id.
    MoveApi(u8, u8),
    /// Replaces all namespaces of an API by those of another.
    CopyNamespaces(u8, u8),
    /// Adds an API and then fails.
    Fail(u8),
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    let small = || 0..4_u8;
    prop_oneof![
        4 => small().prop_map(Action::AddApi),
        1 => small().prop_map(Action::RemoveApi),
        1 => (small(), any::<String>()).prop_map(|(api, name)| Action::RenameApi(api, name)),
        4 => (small(), small(), 0..30_000_usize).prop_map(|(api, name, size)| Action::PutNamespace(api, name, size)),
        1 => (small(), small()).prop_map(|(api, name)| Action::RemoveNamespace(api, name)),
        2 => (small(), small()).prop_map(|(api, key)| Action::AddKey(api, key)),
        1 => (small(), small()).prop_map(|(from, to)| Action::MoveApi(from, to)),
        1 => (small(), small()).prop_map(|(from, to)| Action::CopyNamespaces(from, to)),
        1 => small().prop_map(Action::Fail),
        1 => Just(Action::Restart),
    ]
}

fn act(state: &mut State, action: &Action) -> Result<(), AwsError> {
    let apis = &mut region(state).apis;
    let id = |number: &u8| format!("a{number}");
    match action {
        Action::AddApi(api) => {
            apis.insert(id(api), new_api(&id(api)));
        }
        Action::RemoveApi(api) => {
            apis.remove(&id(api));
        }
        Action::RenameApi(api, name) => {
            if let Some(api) = apis.get_mut(&id(api)) {
                api.name.clone_from(name);
                api.tags.insert(name.clone(), "ü\n\"".to_owned());
            }
        }
        Action::PutNamespace(api, name, size) => {
            if let Some(api) = apis.get_mut(&id(api)) {
                api.namespaces.insert(id(name), new_namespace(&id(name), "x".repeat(*size)));
            }
        }
        Action::RemoveNamespace(api, name) => {
            if let Some(api) = apis.get_mut(&id(api)) {
                api.namespaces.remove(&id(name));
            }
        }
        Action::AddKey(api, key) => {
            if let Some(api) = apis.get_mut(&id(api)) {
                let value = ApiKey { id: id(key), description: None, expires_epoch_s: 1 };
                api.keys.insert(id(key), value);
            }
        }
        Action::MoveApi(from, to) => {
            if let Some(api) = apis.remove(&id(from)) {
                apis.insert(id(to), Api::clone(&api));
            }
        }
        Action::CopyNamespaces(from, to) => {
            let namespaces = apis.get(&id(from)).map(|api| api.namespaces.clone());
            if let (Some(namespaces), Some(to)) = (namespaces, apis.get_mut(&id(to))) {
                to.namespaces = namespaces;
            }
        }
        Action::Fail(api) => {
            apis.insert(id(api), new_api("failed"));
            return Err(AwsError::bad_request("failed"));
        }
        Action::Restart => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, ..Default::default() })]
    #[test]
    fn after_any_changes_a_restart_finds_the_state_of_memory(actions in collection::vec(action(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        for action in &actions {
            let before = state(&store);
            if runtime.block_on(store.change(|state| act(state, action))).is_err() {
                prop_assert_eq!(state(&store), before);
            }
            if matches!(action, Action::Restart) {
                let expected = state(&store);
                drop(store);
                store = open(folder.path());
                prop_assert_eq!(state(&store), expected);
            }
        }
        let expected = state(&store);
        drop(store);
        prop_assert_eq!(reopened_state(folder.path()), expected);
    }
}
