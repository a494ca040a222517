//! The commands in the hints of `provision publish` and `provision subscribe` work as they are printed.
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::guard::until;
use crate::world::{Ran, World, open_files, steady_port};

const SPEC: &str = "version: 1
stack: s
region: eu-west-1
parameters: { user: {} }
tags: { user: '${user}' }
apis:
  a:
    auth:
      providers:
        - API_KEY
        - AMAZON_COGNITO_USER_POOLS: { userPoolId: eu-west-1_AbCdEfGhI }
        - OPENID_CONNECT: { issuer: https://issuer.example }
      connection: [API_KEY]
    apiKeys: { web: { validFor: 10d } }
    namespaces:
      open: { publish: [API_KEY], subscribe: [API_KEY] }
      known: { publish: [AMAZON_COGNITO_USER_POOLS], subscribe: [OPENID_CONNECT] }
      both: { publish: [API_KEY] }
  b:
    auth: { providers: [API_KEY] }
    apiKeys: { web: { validFor: 10d } }
    namespaces: { theirs: {}, both: {} }
";

const ARGUMENTS: &[&str] = &["my spec.yaml", "--local=aws here", "--param", "user=me and you"];

fn world() -> World {
    let world = World::new();
    world.write("my spec.yaml", SPEC);
    world.ok(&[&["apply", "--yes"], ARGUMENTS].concat());
    world
}

fn run_command(world: &World, command: &str, more: &[&str]) -> Ran {
    world.run(&[&[command], ARGUMENTS, more].concat())
}

/// Runs a command of a hint in a shell, and returns what it prints.
fn run_in_shell(world: &World, line: &str) -> String {
    let program = env!("CARGO_BIN_EXE_provision");
    let line = format!("provision() {{ {program} \"$@\"; }}; {line}");
    let mut command = std::process::Command::new("sh");
    let done = command.args(["-c", &line]).current_dir(world.path(".")).output().unwrap();
    assert!(done.status.success(), "{line}\n{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_source_of_the_secret_is_a_command_with_the_same_arguments() {
    let world = world();
    let printed = |more: &[&str]| {
        let Ran { code, out, err } = run_command(&world, "publish", more);
        assert_eq!(code, 0, "{err}");
        // The emulator no longer runs, so its address does not work.
        assert!(err.contains("start `provision local --data-dir 'aws here'`"), "{err}");
        let first = out.lines().next().unwrap().strip_prefix("# ").unwrap().to_owned();
        assert!(first.contains("'aws here'"), "{first}");
        (first, out)
    };
    let (source, out) = printed(&["/open/a", "1", "--print", "curl"]);
    assert!(out.contains("$API_KEY") && !out.contains("da2-"), "{out}");
    assert!(run_in_shell(&world, &format!("{source}; echo $API_KEY")).starts_with("da2-"));
    // A token that is not available, with and without `--mode`.
    for more in [&[][..], &["--mode", "cognito"]] {
        let (source, out) = printed(&[&["/known/a", "1", "--print", "curl"], more].concat());
        assert!(out.contains("-H \"Authorization: $TOKEN\""), "{out}");
        assert!(run_in_shell(&world, &format!("{source}; echo $TOKEN")).starts_with("ey"));
    }
    let (source, _) = printed(&["/known/a", "1", "--mode", "oidc", "--print", "wscat"]);
    assert!(source.contains("--issuer https://issuer.example"), "{source}");
    let revealing = ["/known/a", "1", "--print", "curl", "--reveal"];
    assert_eq!(run_command(&world, "publish", &revealing).code, 1);
}

#[test]
fn a_missing_token_has_a_hint_with_the_command_that_creates_one() {
    let world = world();
    for more in [&["/known/a", "1"][..], &["/known/a", "1", "--mode", "cognito"]] {
        let Ran { code, err, .. } = run_command(&world, "publish", more);
        assert_eq!(code, 1);
        let command = err
            .split("to create one with the emulator, run: ")
            .nth(1)
            .unwrap_or_else(|| panic!("{err}"));
        assert!(run_in_shell(&world, command.lines().next().unwrap()).starts_with("ey"));
    }
}

#[test]
fn a_namespace_that_is_not_applied_has_a_hint_with_the_command_that_applies_it() {
    let world = world();
    world.write("my spec.yaml", &SPEC.replace("theirs: {}", "theirs: {}, new: {}"));
    let Ran { code, err, .. } = run_command(&world, "publish", &["/new/a", "1"]);
    assert_eq!(code, 1);
    let command = err.split("to create it, run: ").nth(1).unwrap_or_else(|| panic!("{err}")).trim();
    run_in_shell(&world, &format!("{command} --yes"));
    assert_eq!(run_command(&world, "publish", &["/new/a", "1"]).code, 0);
}

#[test]
fn the_api_must_be_selected_only_if_several_have_the_channels_namespace() {
    let world = world();
    let Ran { code, out, err } = run_command(&world, "publish", &["/theirs/a", "1"]);
    assert_eq!((code, out.as_str()), (0, "1 event published to /theirs/a\n"), "{err}");
    assert!(err.contains("so no subscriber can receive this event; "), "{err}");
    let Ran { code, err, .. } = run_command(&world, "publish", &["/both/a", "1"]);
    assert_eq!(code, 64);
    assert!(err.contains("more than one with `both`") && err.contains("`--api`: a, b"), "{err}");
    assert_eq!(run_command(&world, "publish", &["/both/a", "1", "--api", "b"]).code, 0);
    let Ran { code, err, .. } = run_command(&world, "publish", &["/missing/a", "1"]);
    assert_eq!(code, 64);
    assert!(err.contains("none with `missing`"), "{err}");
    let further = ["/open/*", "/theirs/*"];
    assert!(run_command(&world, "subscribe", &further).err.contains("none with `open`, `theirs`"));
}

const HANDLERS: &str = "import { util } from '@aws-appsync/utils';
export function onPublish(ctx) { return ctx.events[0].payload.a.b; }
export function onSubscribe(ctx) { util.unauthorized(); }
";

#[test]
fn a_denied_request_has_a_hint_about_who_denied_it() {
    let world = world();
    let handled = "      handled: { publish: [API_KEY], subscribe: [API_KEY], handlers: { code: h.js } }\n  b:";
    world.write("my spec.yaml", &SPEC.replacen("  b:", handled, 1));
    world.write("h.js", HANDLERS);
    world.ok(&[&["apply", "--yes"], ARGUMENTS].concat());
    let denied = |command: &str, more: &[&str]| {
        let Ran { code, err, .. } = run_command(&world, command, more);
        assert_eq!(code, 1, "{err}");
        let help = err.lines().filter_map(|line| line.strip_prefix("help: ")).map(str::to_owned);
        help.collect::<Vec<_>>()
    };
    // A handler that fails publishes nothing.
    for more in [&[][..], &["--at-least-once"], &["--socket"]] {
        let help = denied("publish", &[&["/handled/a", "1"], more].concat());
        assert_eq!(help.len(), 1, "{help:?}");
        assert!(help[0].contains("the handler of `handled` failed, and nothing"), "{help:?}");
    }
    let help = denied("subscribe", &["/handled/a"]);
    assert_eq!(help, ["the handler of `handled` denied it with `util.unauthorized()`"]);
    let help = denied("publish", &["/handled/a", "1", "--mode", "oidc", "--token", "t"]);
    assert_eq!(help, ["it was tried with OPENID_CONNECT; publishing in `handled` accepts API_KEY"]);
}

#[test]
fn a_timeout_of_zero_is_rejected() {
    let Ran { code, err, .. } = World::new().run(&["subscribe", "s", "/a", "--timeout", "0s"]);
    assert_eq!(code, 64);
    assert!(err.contains("must be greater than zero"), "{err}");
}

#[test]
fn publishing_lines_continues_after_the_server_restarts() {
    let world = World::new();
    world.write("spec.yaml", "version: 1\nstack: s\nregion: eu-west-1\napis:\n  a:\n    auth: { providers: [API_KEY] }\n    apiKeys: { web: {} }\n    namespaces: { open: {} }\n");
    let port = steady_port().to_string();
    let serving = world.serve(&["--port", &port]);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let arguments = ["publish", "spec.yaml", "--local", "/open/a", "--format", "json"];
    let mut command = world.command(&arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stderr_lines = BufReader::new(child.stderr.take().unwrap()).lines();
    input.write_all(b"1\n").unwrap();
    assert!(out.next().unwrap().unwrap().contains("\"first\":0"));
    let before = open_files(child.id());
    drop(serving);
    // An event that is sent before the client notices the lost connection may have been published, and is not
    // sent again.
    until(|| open_files(child.id()).is_none_or(|count| Some(count) < before));
    input.write_all(b"2\n").unwrap();
    let line = stderr_lines.next().unwrap().unwrap();
    assert!(line.contains("not sent: ") && line.contains("retrying in "), "{line}");
    let _serving = world.serve(&["--port", &port]);
    assert!(out.next().unwrap().unwrap().contains("\"successful\":[{"));
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
