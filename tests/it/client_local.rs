//! `provision publish` and `provision subscribe` for a stack on the emulator.
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::guard::{HANG, written};
use crate::skip::skipped;
use crate::world::{Ran, Serving, World};

const SPEC: &str = "version: 1
stack: s
region: eu-west-1
apis:
  a:
    auth:
      providers:
        - API_KEY
        - AWS_IAM
        - AWS_LAMBDA: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:f' }
      connection: [API_KEY]
    apiKeys: { web: { validFor: 10d }, later: { validFor: 90d } }
    namespaces:
      open: { publish: [AWS_IAM], subscribe: [API_KEY, AWS_IAM] }
      guarded: { publish: [AWS_LAMBDA], subscribe: [AWS_IAM] }
";

/// A world with a running emulator that has the stack.
fn start() -> (World, Serving) {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    let serving = world.serve(&[]);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    (world, serving)
}

fn query(world: &World, path: &str) -> String {
    let path = format!("apis.a.{path}");
    let arguments = ["outputs", "spec.yaml", "--local", "--reveal", "--query", &path];
    world.ok(&arguments).trim().to_owned()
}

/// `provision subscribe`, after it has subscribed.
struct Subscriber {
    child: Child,
    /// The lines that it has printed to stderr.
    stderr: Vec<String>,
    /// Kept open, so that it can print more.
    _pipe: ChildStderr,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Subscriber {
    fn subscribe(world: &World, more: &[&str]) -> Self {
        let hang = written(HANG);
        let arguments = [&["subscribe", "spec.yaml", "--local", "--timeout", &hang], more].concat();
        let channels = more.iter().filter(|item| item.starts_with('/')).count();
        Self::start(world.command(&arguments), channels)
    }
    /// Starts `command`, and returns once it has subscribed to so many channels.
    fn start(mut command: Command, channels: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut reader = BufReader::new(child.stderr.take().unwrap());
        let mut stderr: Vec<String> = Vec::new();
        while stderr.iter().filter(|line| line.starts_with("subscribed")).count() < channels {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0, "it ended: {stderr:?}");
            stderr.push(line);
        }
        Self { child, stderr, _pipe: reader.into_inner() }
    }
    /// Waits until it exits, and returns what it printed.
    fn output(mut self) -> String {
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        out
    }
    /// Interrupts it like Ctrl-C, and returns what it printed to stderr until it had subscribed.
    fn interrupt(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        self.stderr.concat()
    }
}

#[test]
fn events_are_published_over_http_and_websocket_with_the_first_accepted_mode() {
    let (world, _serving) = start();
    let subscriber = Subscriber::subscribe(&world, &["/open/*", "--count", "3", "--format", "raw"]);
    // The namespace requires signatures, connections require a key.
    let publish = |more: &[&str]| {
        world.ok(&[&["publish", "spec.yaml", "--local", "/open/room"], more].concat())
    };
    assert_eq!(publish(&["{\"n\":\"<1>\"}"]), "1 event published to /open/room\n");
    publish(&["2", "--socket"]);
    let document: Value = serde_json::from_str(&publish(&["3", "--format", "json"])).unwrap();
    assert_eq!(document["successful"][0]["index"], 0);
    assert_eq!(subscriber.output(), "{\"n\":\"<1>\"}\n2\n3\n");
    // A subscription with a signature on a connection with a key.
    for more in
        [&["/open/*", "--mode", "iam"][..], &["/guarded/a", "/open/*"], &["/open/*", "/guarded/a"]]
    {
        let subscriber = Subscriber::subscribe(&world, &[more, &["--count", "1"]].concat());
        publish(&["4"]);
        assert!(subscriber.output().ends_with("4\n"));
    }
}

#[test]
fn a_denied_request_is_explained_with_the_namespace_and_the_accepted_modes() {
    let (world, _serving) = start();
    let denied = |more: &[&str]| {
        let Ran { code, out, err } =
            world.run(&[&["publish", "spec.yaml", "--local"], more].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        err
    };
    let err = denied(&["/opne/a", "1"]);
    assert!(err.contains("API a has no channel namespace `opne`"), "{err}");
    assert!(err.contains("did you mean `open`? The API has guarded, open"), "{err}");
    let err = denied(&["/open/a", "1", "--mode", "api-key"]);
    assert!(err.contains("UnauthorizedException") && err.contains("tried with API_KEY"), "{err}");
    assert!(err.contains("publishing in `open` accepts AWS_IAM\n"), "{err}");
    let err = denied(&["/guarded/a", "1"]);
    assert!(
        err.contains("no credentials to publish in `guarded`, which accepts AWS_LAMBDA"),
        "{err}"
    );
    assert!(err.contains("`--token`"), "{err}");
    let err = denied(&["/guarded/a", "1", "--token", "wrong"]);
    assert!(
        err.contains("tried with AWS_LAMBDA") && err.contains("authorizer's function"),
        "{err}"
    );
    assert!(!err.contains("wrong"), "{err}");
    let err = denied(&["/open/a", "1", "--key", "wbe"]);
    assert!(err.contains("no key `wbe`") && err.contains("later, web"), "{err}");
    world.write("spec.yaml", &format!("{SPEC}      new: {{}}\n"));
    let err = denied(&["/new/a", "1"]);
    assert!(
        err.contains(
            "the spec declares it; to create it, run: provision apply spec.yaml --local\n"
        ),
        "{err}"
    );
}

#[test]
fn an_expired_key_is_named() {
    let world = World::new();
    world.write("spec.yaml", &SPEC.replace("publish: [AWS_IAM]", "publish: [API_KEY]"));
    world.ok(&["apply", "spec.yaml", "--local", "--yes", "--now", "2026-01-01T00:00:00Z"]);
    let arguments = ["publish", "spec.yaml", "--local", "/open/a", "1", "--key", "web"];
    let later = [&arguments[..], &["--now", "2026-01-20T00:00:00Z"]].concat();
    let Ran { code, err, .. } = world.run(&later);
    assert_eq!(code, 1);
    assert!(err.contains("key web expired at 2026-01-11T"), "{err}");
    // Without `--key`, the key that expires last is used.
    let later = [&arguments[..5], &["--now", "2026-01-20T00:00:00Z"]].concat();
    assert_eq!(world.run(&later).code, 0);
}

#[test]
fn a_subscriber_is_warned_if_the_emulator_does_not_run() {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let stderr = Subscriber::subscribe(&world, &["/open/a"]).interrupt();
    assert!(
        stderr.contains("provision local") && stderr.contains("subscribed to /open/a"),
        "{stderr}"
    );
    world.ok(&["publish", "spec.yaml", "--local", "/open/a", "1"]);
}

#[test]
fn a_ca_bundle_is_trusted() {
    let (world, _serving) = start();
    let url = query(&world, "http.url").replace("http://127.0.0.1", "https://localhost");
    let publish = ["publish", "spec.yaml", "--local", "/open/a", "1", "--endpoint", &url];
    let Ran { code, err, .. } = world.run(&publish);
    assert_eq!(code, 1);
    assert!(err.contains("TLS") && err.contains("--ca-bundle FILE"), "{err}");
    let bundle = world.ok(&["local", "trust", "--format", "path"]);
    let trusting = [&publish[..], &["--ca-bundle", bundle.trim()]].concat();
    world.ok(&trusting);
    world.ok(&[&trusting[..], &["--socket"]].concat());
    let mut command = world.command(&publish);
    assert!(command.env("AWS_CA_BUNDLE", bundle.trim()).output().unwrap().status.success());
    let nothing = [&publish[..], &["--ca-bundle", "spec.yaml"]].concat();
    assert!(world.run(&nothing).err.contains("no certificate found"));
}

#[test]
fn any_event_api_is_reached_by_its_url() {
    let (world, _serving) = start();
    let url = query(&world, "http.url");
    let iam = ["publish", "--url", &url, "/open/a", "1", "--mode", "iam", "--region", "eu-west-1"];
    let mut command = world.command(&iam);
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let Ran { code, err, .. } = world.run(&["publish", "--url", &url, "/open/a", "1"]);
    assert_eq!(code, 1);
    assert!(err.contains("PROVISION_API_KEY is not set") && err.contains("--mode iam"), "{err}");
    let mut command = world.command(&["subscribe", "--url", &url, "/open/a", "--api-key-env", "K"]);
    command.env("K", query(&world, "apiKeys[0].value"));
    let stderr = Subscriber::start(command, 1).interrupt();
    assert!(stderr.contains("subscribed to /open/a"), "{stderr}");
}

#[test]
fn the_curl_command_runs_as_it_is_printed() {
    let (world, _serving) = start();
    let printed = |more: &[&str]| {
        let publish = ["publish", "spec.yaml", "--local", "/open/a", "{\"a\":\"it's \\\\ <x>\"}"];
        world.ok(&[&publish[..], &["--print", "curl"], more].concat())
    };
    let key = query(&world, "apiKeys[0].value");
    let text = printed(&[]);
    assert!(!text.contains(&key), "{text}");
    assert!(printed(&["--mode", "api-key", "--key", "later", "--reveal"]).contains(&key));
    if Command::new("curl").arg("--version").output().is_err() {
        let name = "client_local::the_curl_command_runs_as_it_is_printed";
        return skipped(name, "curl is not installed");
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &text]).env("AWS_ACCESS_KEY_ID", "local");
    shell.env("AWS_SECRET_ACCESS_KEY", "local").env_remove("AWS_SESSION_TOKEN");
    let subscriber = Subscriber::subscribe(&world, &["/open/a", "--count", "1", "--format", "raw"]);
    let done = shell.output().unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    assert!(out.contains("\"failed\":[]"), "{out}{}", String::from_utf8_lossy(&done.stderr));
    // The shell passes the event on unchanged.
    assert_eq!(subscriber.output(), "{\"a\":\"it's \\\\ <x>\"}\n");
}
