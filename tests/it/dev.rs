//! `provision dev`: what it prints and does while its files change.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::{Value, json};

use crate::guard::HANG;
use crate::world::World;

const SPEC: &str = "version: 1
stack: dev
region: eu-west-1
parameters:
  who: { default: web }
apis:
  chat:
    auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM] }
    apiKeys: { key: { description: '${who}' } }
    namespaces:
      lobby: { publish: [API_KEY, AWS_IAM] }
";

/// The program, and every line that it prints on either stream.
struct Dev {
    child: Child,
    lines: Receiver<String>,
    printed: Vec<String>,
    /// Whether keys may be printed.
    reveals: bool,
}

impl Dev {
    fn start(world: &World, more: &[&str]) -> Self {
        let mut command = world.command(&[&["dev", "spec.yaml", "--port", "0"], more].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        forward(child.stdout.take().unwrap(), sender.clone());
        forward(child.stderr.take().unwrap(), sender);
        Self { child, lines, printed: Vec::new(), reveals: more.contains(&"--reveal") }
    }
    /// Waits for a line that contains `part` and was not returned before. The order of the streams is undefined.
    fn until(&mut self, part: &str) -> String {
        loop {
            if let Some(n) = self.printed.iter().position(|text| text.contains(part)) {
                return self.printed.remove(n);
            }
            let line = self.lines.recv_timeout(HANG);
            let line = line.unwrap_or_else(|_| panic!("no {part:?} in {:#?}", self.printed));
            assert!(self.reveals || !line.contains("da2-"), "{line}");
            self.printed.push(line);
        }
    }
    fn interrupt(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn forward(stream: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(true) = line.map(|line| lines.send(line).is_ok()) else { return };
        }
    });
}

/// Saves a file as most editors do: a new file replaces the old one, so no reader sees half of it.
fn save(world: &World, name: &str, text: &str) {
    let new = format!("{name}.new");
    world.write(&new, text);
    std::fs::rename(world.path(&new), world.path(name)).unwrap();
}

/// Publishes with the stack's key, and returns the exit code and what the command prints to stderr.
fn publish(world: &World, channel: &str, more: &[&str]) -> String {
    let publish = ["publish", "spec.yaml", channel, "{\"n\":1}", "--local", "--mode", "api-key"];
    let ran = world.run(&[&publish[..], more].concat());
    format!("{} {}", ran.code, ran.err)
}

#[test]
fn a_saved_spec_is_applied_at_once_and_an_invalid_one_changes_nothing() {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    let mut dev = Dev::start(&world, &[]);
    let http = dev.until("  HTTP  ");
    assert!(http.contains("http://127.0.0.1:"), "{http}");
    dev.until("/_console#");
    dev.until("-H \"x-api-key: $API_KEY\"");
    dev.until("Amplify.configure(");
    dev.until("watching spec.yaml; press Ctrl-C to stop");
    assert!(publish(&world, "/lobby/a", &[]).starts_with("0 "));
    dev.until("→ /lobby/a  {\"n\":1}  API_KEY over http, 0 receivers");

    let more = format!("{SPEC}      news: {{ publish: [API_KEY] }}\n");
    // Written in place: the program may read half of it.
    world.write("spec.yaml", &more);
    dev.until("+ apis/chat/namespaces/news  created");
    assert!(publish(&world, "/news/a", &[]).starts_with("0 "));
    dev.until("→ /news/a");

    // A mistake is shown as `validate` shows it; the emulator keeps what was applied before.
    save(&world, "spec.yaml", &more.replace("namespaces:", "namespace:"));
    dev.until("error[PV101]: unknown key `namespace`");
    dev.until("--> spec.yaml:10:5");
    dev.until("the previous state is unchanged");
    assert!(publish(&world, "/news/a", &[]).contains("spec.yaml has 1 error"));
    save(&world, "spec.yaml", &more.replace("[API_KEY] }", "[AWS_IAM] }"));
    let changed = dev.until("~ apis/chat/namespaces/news");
    assert!(changed.contains("PublishAuthModes changed"), "{changed}");

    save(&world, "spec.yaml", SPEC);
    dev.until("- apis/chat/namespaces/news  deleted");
    assert!(!publish(&world, "/lobby", &[]).starts_with("64 "));
    dev.until("→ /lobby");

    // At the end, the clients of the activity feed are disconnected.
    let address = http.split("//").nth(1).unwrap().split('/').next().unwrap();
    let mut feed = TcpStream::connect(address).unwrap();
    write!(feed, "GET /_provision/feed HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut feed = BufReader::new(feed).lines();
    assert!(feed.any(|result| result.unwrap() == "retry: 500"));
    assert_eq!(dev.interrupt(), 0);
    assert!(feed.all(|result| result.is_ok()));
}

#[test]
fn handlers_and_parameters_files_are_watched() {
    let world = World::new();
    let spec = SPEC.replace("lobby: {", "lobby: { handlers: { code: handlers/lobby.js },");
    world.write("spec.yaml", &spec);
    world.write("values.yaml", "who: one\n");
    let more = ["--params-file", "values.yaml"];
    let mut dev = Dev::start(&world, &[&more[..], &["--reveal"]].concat());
    // Neither the handler nor its folder exists yet; with the handler, the spec is valid.
    dev.until("handlers/lobby.js");
    dev.until("the previous state is unchanged");
    let handler = |text: &str| {
        format!(
            "export function onPublish(ctx) {{\n  console.log('{text}', ctx.request.headers);\n  return ctx.events;\n}}\n"
        )
    };
    save(&world, "handlers/lobby.js", &handler("first"));
    dev.until("+ apis/chat/namespaces/lobby  created");
    dev.until("API key   key: da2-");
    assert!(publish(&world, "/lobby/a", &more).starts_with("0 "));
    let logged = dev.until("· lobby onPublish INFO  first");
    assert!(logged.contains("\"x-api-key\":\"…\""), "{logged}");
    dev.until("→ /lobby/a");
    save(&world, "handlers/lobby.js", &handler("second"));
    let changed = dev.until("~ apis/chat/namespaces/lobby");
    assert!(changed.contains("  handler changed  "), "{changed}");
    assert!(publish(&world, "/lobby/a", &more).starts_with("0 "));
    dev.until("· lobby onPublish INFO  second");
    // A failure is reported with its file, and so is a syntax error at its end.
    save(&world, "handlers/lobby.js", "export const onPublish = (ctx) => ctx.events[7].payload\n");
    dev.until("~ apis/chat/namespaces/lobby");
    publish(&world, "/lobby/a", &more);
    let broke = dev.until("the `onPublish` of `lobby` threw at line 1 column");
    assert!(broke.contains(" (handlers/lobby.js:1:"), "{broke}");
    save(&world, "handlers/lobby.js", "export const onPublish = (ctx) => {\n  return []\n");
    dev.until("error[PV300]: not valid JavaScript");
    dev.until("--> handlers/lobby.js:2:11");
    let failing = "export const onPublish = (ctx) => ctx.events.map((it) => ({ id: it.id, error: 'bad one' }))\n";
    save(&world, "handlers/lobby.js", failing);
    dev.until("~ apis/chat/namespaces/lobby");
    publish(&world, "/lobby/a", &more);
    dev.until("event 0 failed: bad one");
    save(&world, "values.yaml", "who: two\n");
    dev.until("~ apis/chat/apiKeys/key  Description changed");
    assert_eq!(dev.interrupt(), 0);
}

#[test]
fn with_format_json_each_line_is_a_document() {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    let mut dev = Dev::start(&world, &["--format", "json", "--quiet", "--no-console"]);
    let mut next = |part: &str| -> Value { serde_json::from_str(&dev.until(part)).unwrap() };
    let serving = next("serving");
    assert_eq!(serving["console"], Value::Null);
    assert_eq!(next("finished")["succeeded"], 3);
    assert_eq!(next("outputs")["outputs"]["apis"][0]["key"], "chat");
    publish(&world, "/nowhere/a", &[]);
    publish(&world, "/lobby/a", &[]);
    let published = next("published");
    assert_eq!(published["events"], json!([{ "n": 1 }]));
    assert_eq!((&published["over"], &published["mode"]), (&json!("http"), &json!("API_KEY")));
    // A half-saved file deletes nothing.
    save(&world, "spec.yaml", "version: 1\nstack: dev\nregion: eu-west-1\n");
    let kept = next("not-applied");
    assert!(
        kept["reason"].as_str().unwrap().contains("`spec.yaml` declares no resources"),
        "{kept}"
    );
    assert!(kept["hints"][0].as_str().unwrap().contains("provision destroy spec.yaml --local"));
    publish(&world, "/lobby/a", &[]);
    save(&world, "spec.yaml", "version: 2\n");
    assert!(next("not-applied")["reason"].as_str().unwrap().contains("spec.yaml has"));
}

#[test]
fn a_data_folder_in_use_is_an_error_with_alternatives() {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    let serving = world.serve(&[]);
    let ran = world.run(&["dev", "spec.yaml", "--port", "0"]);
    assert_eq!(ran.code, 1);
    let message = format!("an emulator for `.provision` is already running at {}", serving.url);
    assert!(ran.err.contains(&message), "{}", ran.err);
    assert!(ran.err.contains("provision apply spec.yaml --local --yes"), "{}", ran.err);
    let ran = world.run(&["dev", "other.yaml"]);
    assert!(
        ran.err.contains("`other.yaml` is not a file, and `dev` watches a file"),
        "{}",
        ran.err
    );
    let port = serving.url.rsplit(':').next().unwrap();
    let ran = world.run(&["dev", "spec.yaml", "--data-dir", "other", "--port", port]);
    assert!(ran.err.contains("cannot listen on port"), "{}", ran.err);
}
