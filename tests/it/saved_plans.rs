//! Saved plans: applied exactly, once, and to the account they were made for, or not at all.
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;

use crate::plans::{SPEC, apply, command_at, edit, run_command, world};
use crate::world::{Ran, serve};

#[test]
fn a_saved_plan_is_applied_exactly_and_once() {
    let world = world();
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    let mode = std::fs::metadata(world.path("plan.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The current content of the spec does not matter.
    world.write("spec.yaml", "nonsense");
    let done = world.run(&["apply", "plan.json", "--local", "--yes"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("5 done.") && done.out.contains("apis/chat"), "{}", done.err);
    let Ran { code, out, err } = world.run(&["apply", "plan.json", "--local", "--yes"]);
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    assert!(err.contains("already applied"), "{err}");
    world.write("spec.yaml", SPEC);
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    for _ in 0..2 {
        let done = world.run(&["apply", "plan.json", "--local"]);
        assert!(done.code == 0 && done.err.contains("No changes"), "{}", done.err);
    }
}

#[test]
fn a_plan_is_stale_after_a_resource_in_it_changed() {
    let world = world();
    apply(&world);
    edit(&world, "rooms: {}", "rooms: { publish: [API_KEY] }");
    edit(&world, "      web: { validFor: 90d }", "      web: { validFor: 90d }\n      app: {}");
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    // A change of another stack does not matter.
    world.write(
        "other.yaml",
        &SPEC.replace("stack: chat", "stack: other").replace("apis:\n  chat", "apis:\n  other"),
    );
    world.ok(&["apply", "other.yaml", "--local", "--yes"]);
    let other = std::fs::read_to_string(world.path("spec.yaml")).unwrap();
    edit(&world, "publish: [API_KEY]", "subscribe: [API_KEY]");
    apply(&world);
    let Ran { code, out, err } = world.run(&["apply", "plan.json", "--local", "--yes"]);
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    assert!(err.contains("apis/chat/apiKeys/app exists now"), "{err}");
    assert!(err.contains("apis/chat/namespaces/rooms was changed (SubscribeAuthModes)"), "{err}");
    assert!(!err.contains("da2-"), "{err}");
    assert!(other.contains("publish: [API_KEY]"));
}

#[test]
fn a_recreated_key_makes_a_plan_stale_though_it_looks_the_same() {
    let world = world();
    let now = ["--now", "2026-11-24T03:00:00Z"];
    let run = |arguments: &[&str]| world.ok(&[arguments, &now[..]].concat());
    run(&["apply", "spec.yaml", "--local", "--yes"]);
    let with_key = std::fs::read_to_string(world.path("spec.yaml")).unwrap();
    edit(&world, "web: { validFor: 90d }", "web: { validFor: 90d, description: Browsers }");
    run(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    edit(&world, "    apiKeys:\n      web: { validFor: 90d, description: Browsers }\n", "");
    run(&["apply", "spec.yaml", "--local", "--yes"]);
    world.write("spec.yaml", &with_key);
    run(&["apply", "spec.yaml", "--local", "--yes"]);
    let Ran { code, err, .. } = world.run(&["apply", "plan.json", "--local", "--yes"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("apis/chat/apiKeys/web was changed (its identity on AWS)"), "{err}");
    let kept = std::fs::read_to_string(world.path("plan.json")).unwrap();
    assert!(!kept.contains("da2-"), "{kept}");
}

#[test]
fn an_edited_saved_plan_is_rejected() {
    let world = world();
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    let text = std::fs::read_to_string(world.path("plan.json")).unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from}");
        world.write("edited.json", &text.replace(from, to));
        let Ran { code, out, err } = world.run(&["apply", "edited.json", "--local", "--yes"]);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(expected), "{err}");
    };
    check("\"API_KEY\"", "\"AWS_LAMBDA\"", "it was edited");
    check("\"destroys\": false", "\"destroys\": true", "it was edited");
    check("\"version\": 2", "\"version\": 3", "created by provision");
    check("\"madeBy\": \"", "\"madeBy\": \"9", "create a new plan");
    // Its formatting does not matter.
    let compact = serde_json::from_str::<Value>(&text).unwrap().to_string();
    world.write("compact.json", &compact);
    world.ok(&["apply", "compact.json", "--local", "--yes"]);
}

#[test]
fn a_saved_plan_overwrites_no_other_file_and_allows_no_other_options() {
    let world = world();
    let Ran { code, err, .. } = world.run(&["plan", "spec.yaml", "--local", "--out", "spec.yaml"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("is not a saved plan"), "{err}");
    for _ in 0..2 {
        world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    }
    for more in [
        &["--param", "a=b"][..],
        &["--target", "apis/chat"],
        &["--allow-unmanaged"],
        &["--allow-empty"],
    ] {
        let Ran { code, err, .. } = world.run(&[&["apply", "plan.json", "--local"], more].concat());
        assert_eq!(code, 64, "{err}");
        assert!(err.contains(more[0]), "{err}");
    }
    let Ran { code, err, .. } = world.run(&["destroy", "plan.json", "--local"]);
    assert_eq!(code, 64, "{err}");
    let Ran { code, err, .. } =
        world.run(&["apply", "plan.json", "--local", "--region", "eu-west-2"]);
    assert_eq!(code, 5, "{err}");
    // Without a terminal to confirm, nothing is applied.
    assert_eq!(world.run(&["apply", "plan.json", "--local"]).code, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_one_account_is_not_applied_to_another() {
    let (world, served) = (world(), serve(|router| router).await);
    let saved =
        run_command(command_at(&world, &served, &["plan", "spec.yaml", "--out", "plan.json"]));
    assert_eq!(saved.code, 0, "{}", saved.err);
    let mut other = command_at(&world, &served, &["apply", "plan.json", "--yes"]);
    other.env("AWS_ACCESS_KEY_ID", "222222222222");
    let Ran { code, err, .. } = run_command(other);
    assert_eq!(code, 5, "{err}");
    assert!(err.contains("account 123456789012") && err.contains("account 222222222222"), "{err}");
}

#[test]
fn a_saved_plan_is_read_from_a_pipe() {
    let world = world();
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    let plan = std::fs::read(world.path("plan.json")).unwrap();
    let mut command = world.command(&["apply", "-", "--local", "--yes"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&plan).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&done.stderr).contains("5 done."));
}

#[test]
fn a_plan_whose_key_would_have_expired_is_stale() {
    let world = world();
    edit(&world, "validFor: 90d", "validFor: 7d");
    let plan = ["plan", "spec.yaml", "--local", "--out", "plan.json", "--now"];
    world.ok(&[&plan[..], &["2026-11-24T03:00:00Z"]].concat());
    let apply = ["apply", "plan.json", "--local", "--yes", "--now"];
    let Ran { code, err, .. } = world.run(&[&apply[..], &["2026-12-03T03:00:00Z"]].concat());
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("apis/chat/apiKeys/web would expire in the past"), "{err}");
    world.ok(&[&apply[..], &["2026-11-25T03:00:00Z"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn allowing_unmanaged_resources_covers_only_those_in_the_plan() {
    let (world, served) = (world(), serve(|router| router).await);
    world.write("spec.yaml", &SPEC.replace("region: eu-west-1\n", "region: ap-northeast-1\n"));
    let run = |arguments: &[&str]| run_command(command_at(&world, &served, arguments));
    assert_eq!(run(&["apply", "spec.yaml", "--yes"]).code, 0);
    let appsync = &served.aws.appsync;
    let apis = appsync.list_apis().send().await.unwrap();
    let id = apis.apis()[0].api_id().unwrap();
    appsync.create_channel_namespace().api_id(id).name("news").send().await.unwrap();
    let destroy = ["plan", "spec.yaml", "--destroy", "--out", "plan.json"];
    let blocked = run(&destroy);
    assert_eq!(blocked.code, 5, "{}", blocked.err);
    let allowed = [&destroy[..], &["--allow-unmanaged"]].concat();
    assert_eq!(run(&allowed).code, 0);
    appsync.create_channel_namespace().api_id(id).name("sport").send().await.unwrap();
    let Ran { code, err, .. } = run(&["apply", "plan.json", "--yes"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("the unmanaged resources that would be deleted with it changed"), "{err}");
    assert_eq!(run(&allowed).code, 0);
    let done = run(&["apply", "plan.json", "--yes"]);
    assert!(done.code == 0 && done.err.contains("5 done."), "{}", done.err);
}

#[test]
fn a_saved_plan_is_recognized_even_if_truncated() {
    let world = world();
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    for command in ["plan", "outputs", "validate", "destroy", "render --cfn", "access"] {
        let words: Vec<&str> = command.split(' ').chain(["plan.json"]).collect();
        let Ran { code, err, .. } = world.run(&words);
        assert_eq!(code, 64, "{command}: {err}");
        assert!(err.contains("`plan.json` is a saved plan, not a spec"), "{command}: {err}");
        assert!(err.contains("`provision apply plan.json`"), "{command}: {err}");
    }
    let text = std::fs::read_to_string(world.path("plan.json")).unwrap();
    world.write("cut.json", &text[..text.len() / 2]);
    let Ran { code, err, .. } = world.run(&["apply", "cut.json", "--local", "--yes"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("cannot apply `cut.json`: not a complete saved plan"), "{err}");
}

#[test]
fn changes_outside_a_limited_plan_are_counted() {
    let world = world();
    apply(&world);
    edit(&world, "rooms: {}", "rooms: { publish: [API_KEY] }");
    edit(&world, "      web: { validFor: 90d }", "      web: { validFor: 90d }\n      app: {}");
    let target = ["apply", "spec.yaml", "--local", "--yes", "--target", "apis/chat/apiKeys/app"];
    for _ in 0..2 {
        let Ran { code, err, .. } = world.run(&target);
        assert!(code == 0 && err.contains("1 more change is required outside this plan"), "{err}");
    }
    let whole = world.run(&["apply", "spec.yaml", "--local", "--yes"]);
    assert!(whole.code == 0 && !whole.err.contains("outside this plan"), "{}", whole.err);
}
