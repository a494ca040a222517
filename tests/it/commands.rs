//! Commands as users run them: exit codes, streams, rejections, and secrets that are never printed.
use std::process::Stdio;

use serde_json::Value;

use crate::world::{Ran, World, root};

const MINIMAL: &str = "version: 1\nstack: hello\napis:\n  a:\n    auth: { providers: [API_KEY] }\n    apiKeys: { web: {} }\n";

fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", MINIMAL);
    world
}

/// Starts `provision local` in this world, and returns its URL.
fn local(world: &World) -> (std::process::Child, String) {
    let mut command = world.command(&["local", "--port", "0"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut url = String::new();
    let mut out = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut url).unwrap();
    (server, url.trim().to_owned())
}

#[test]
fn every_command_has_help_with_examples() {
    let world = World::new();
    let help = world.ok(&["--help"]);
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names.iter().filter(|name| **name != "help") {
        assert!(world.ok(&[name, "--help"]).contains("Examples:"), "{name}");
    }
    assert!(world.ok(&["--version"]).starts_with("provision 0."));
}

#[test]
fn an_invalid_command_line_exits_with_64_and_is_reported_on_stderr() {
    let world = world();
    for arguments in [
        &["aply"][..],
        &["apply"],
        &["apply", "spec.yaml", "--parallelism", "0"],
        &["plan", "spec.yaml", "--format", "xml"],
    ] {
        let Ran { code, out, err } = world.run(arguments);
        assert_eq!((code, out.as_str()), (64, ""), "{arguments:?}");
        assert!(err.contains("error:"), "{err}");
    }
    let region = world.run(&["plan", "article.yaml", "--local", "--region", "eu-west-1"]);
    assert_eq!(region.code, 1);
}

#[test]
fn a_region_that_contradicts_the_spec_is_rejected() {
    let world = World::with_article();
    let Ran { code, err, .. } =
        world.run(&["plan", "spec.yaml", "--local", "--region", "eu-west-1"]);
    assert_eq!(code, 64);
    assert!(
        err.contains("--region is eu-west-1, but the spec's region is ap-northeast-1"),
        "{err}"
    );
}

#[test]
fn without_credentials_the_error_suggests_the_emulator() {
    let world = World::with_article();
    for command in ["plan", "apply", "outputs", "destroy"] {
        let Ran { code, out, err } = world.run(&[command, "spec.yaml"]);
        assert_eq!((code, out.as_str()), (1, ""), "{command}: {err}");
        assert!(err.contains("--local"), "{err}");
    }
}

#[test]
fn a_missing_profile_is_named() {
    let world = World::with_article();
    let Ran { code, err, .. } = world.run(&["plan", "spec.yaml", "--profile", "nobody"]);
    assert_eq!(code, 1);
    assert!(err.contains("no profile `nobody`"), "{err}");
}

#[test]
fn the_profile_option_takes_precedence_over_keys_in_the_environment() {
    let world = World::with_article();
    world.write(
        ".aws/credentials",
        "[acct]\naws_access_key_id = 222222222222\naws_secret_access_key = x\n",
    );
    let (mut server, url) = local(&world);
    let plan = ["plan", "spec.yaml", "--profile", "acct", "--endpoint-url", &url];
    let keys = [("AWS_ACCESS_KEY_ID", "111111111111"), ("AWS_SECRET_ACCESS_KEY", "y")];
    let done = world.command(&plan).envs(keys).output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert!(err.contains("account 222222222222"), "{err}");
}

#[test]
fn an_endpoint_that_refuses_connections_is_retried_only_a_few_times() {
    let world = World::with_article();
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let plan = ["plan", "spec.yaml", "--endpoint-url", "http://127.0.0.1:1", "-v"];
    let done = world.command(&plan).envs(keys).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1));
    assert!(err.contains("Connection refused") && err.contains("endpoint URL"), "{err}");
    assert!(err.matches("no response").count() <= 4, "{err}");
}

#[test]
fn without_a_region_the_error_names_every_way_to_set_one() {
    let world = world();
    let Ran { code, err, .. } = world.run(&["plan", "spec.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains("AWS_REGION") && err.contains("--region"), "{err}");
}

#[test]
fn without_a_terminal_changes_need_yes() {
    let world = world();
    for command in ["apply", "destroy"] {
        world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
        world.write("spec.yaml", &MINIMAL.replace("web", "other"));
        let Ran { code, err, .. } = world.run(&[command, "spec.yaml", "--local"]);
        assert_eq!(code, 5, "{command}");
        assert!(err.contains("--yes"), "{err}");
        world.write("spec.yaml", MINIMAL);
    }
}

#[test]
fn pending_changes_exit_with_2_only_with_detailed_exitcode() {
    let world = world();
    assert_eq!(world.run(&["plan", "spec.yaml", "--local"]).code, 0);
    assert_eq!(world.run(&["plan", "spec.yaml", "--local", "--detailed-exitcode"]).code, 2);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    assert_eq!(world.run(&["plan", "spec.yaml", "--local", "--detailed-exitcode"]).code, 0);
}

#[test]
fn an_emptied_spec_deletes_nothing() {
    let world = world();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    world.write("spec.yaml", "version: 1\nstack: hello\n");
    let Ran { code, err, .. } = world.run(&["apply", "spec.yaml", "--local", "--yes"]);
    assert_eq!(code, 5);
    assert!(err.contains("provision destroy"), "{err}");
    world.write("spec.yaml", "# nothing\n");
    assert_eq!(world.run(&["apply", "spec.yaml", "--local", "--yes"]).code, 1);
    world.write("spec.yaml", MINIMAL);
    assert_eq!(world.run(&["plan", "spec.yaml", "--local", "--detailed-exitcode"]).code, 0);
}

#[test]
fn machine_readable_formats_print_nothing_but_their_document() {
    let world = world();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let plan = json(&world.ok(&["plan", "spec.yaml", "--local", "--format", "json"]));
    assert_eq!(plan["changes"][0]["address"], "apis/a");
    let lines = world.ok(&["apply", "spec.yaml", "--local", "--yes", "--format", "json"]);
    let events: Vec<Value> = lines.lines().map(json).collect();
    assert_eq!(events.first().unwrap()["event"], "planned");
    assert_eq!(events.last().unwrap()["event"], "outputs");
    let outputs = json(&world.ok(&["outputs", "spec.yaml", "--local", "--format", "json"]));
    assert_eq!(outputs["apis"][0]["key"], "a");
    json(&world.ok(&["validate", "spec.yaml", "--format", "json"]));
    json(&world.ok(&["schema"]));
    json(&world.ok(&["render", "spec.yaml", "--cfn", "--format", "json"]));
    for line in
        world.ok(&["outputs", "spec.yaml", "--local", "--format", "env", "--reveal"]).lines()
    {
        assert!(line.split_once('=').is_some_and(|(name, _)| name.starts_with("A_")), "{line}");
    }
}

#[test]
fn keys_are_printed_only_with_reveal() {
    let world = world();
    // Longer than what may follow a `da2-` that is part of a request id.
    let key = regex_lite::Regex::new("da2-[a-z0-9]{13}").unwrap();
    let shown = |ran: &Ran| key.is_match(&ran.out) || key.is_match(&ran.err);
    let spec = |days: &str| MINIMAL.replace("web: {}", &format!("web: {{ validFor: {days} }}"));
    for step in [
        &["apply", "spec.yaml", "--local", "--yes", "-vv"][..],
        &["plan", "spec.yaml", "--local", "-vv", "--format", "json"],
        &["outputs", "spec.yaml", "--local", "--format", "json"],
        &["outputs", "spec.yaml", "--local", "--format", "env"],
    ] {
        let ran = world.run(step);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!shown(&ran), "{step:?}");
    }
    // The paths of updates and deletes contain the key.
    world.write("spec.yaml", &spec("200d"));
    let run_with_trace = |arguments: &[&str]| {
        let done = world.command(arguments).env("RUST_LOG", "trace").output().unwrap();
        let (code, out, err) = (
            0,
            String::from_utf8_lossy(&done.stdout).into(),
            String::from_utf8_lossy(&done.stderr).into(),
        );
        Ran { code, out, err }
    };
    let update = run_with_trace(&["apply", "spec.yaml", "--local", "--yes"]);
    assert!(update.err.contains("updated"), "{}", update.err);
    assert!(!shown(&update), "{}", update.err);
    assert!(shown(&world.run(&["outputs", "spec.yaml", "--local", "--reveal"])));
    assert!(!shown(&run_with_trace(&["destroy", "spec.yaml", "--local", "--yes"])));
}

#[test]
fn a_running_emulator_is_used_and_stores_what_is_applied() {
    let world = world();
    let (mut server, url) = local(&world);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let second = world.run(&["local", "--port", "0"]);
    assert_eq!(second.code, 1);
    assert!(second.err.contains("in use"), "{}", second.err);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(world.run(&["plan", "spec.yaml", "--local", "--detailed-exitcode"]).code, 0);
}

#[test]
fn outputs_of_a_stack_that_does_not_exist_are_an_error() {
    let Ran { code, out, err } = world().run(&["outputs", "spec.yaml", "--local"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("has no API"), "{err}");
}

#[test]
fn init_writes_a_spec_that_applies_and_overwrites_nothing() {
    let world = World::new();
    for name in ["minimal", "article"] {
        world.ok(&["init", name, name]);
        let spec = format!("{name}/spec.yaml");
        // The article's stack publishes with a key and has `Resource: '*'`, which are warnings.
        let strict = ["validate", &spec, "--deny-warnings"];
        world.ok(if name == "article" { &strict[..2] } else { &strict });
        world.ok(&["apply", &spec, "--local", "--yes"]);
        assert!(world.path(&format!("{name}/spec.schema.json")).exists());
        let again = world.run(&["init", name, name]);
        assert_eq!(again.code, 1);
        assert!(again.err.contains("already exists"), "{}", again.err);
    }
    assert_eq!(world.run(&["init", "nonsense"]).code, 64);
    assert!(world.ok(&["init", "--list"]).contains("article"));
}

#[test]
fn the_command_that_init_suggests_works_for_every_init_template() {
    let world = World::new();
    for line in world.ok(&["init", "--list"]).lines() {
        let name = line.split(' ').next().unwrap();
        let Ran { err, .. } = world.run(&["init", name, name]);
        let suggestion =
            err.trim().split("try it: provision ").nth(1).unwrap_or_else(|| panic!("{err}"));
        let arguments: Vec<&str> = suggestion.split(' ').collect();
        world.ok(&[&arguments[..], &["--yes"]].concat());
    }
}

#[test]
fn completions_and_man_pages_cover_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(world.ok(&["completions", shell]).contains("provision"), "{shell}");
    }
    assert!(world.ok(&["man"]).contains(".TH provision 1"));
    world.ok(&["man", "--out-dir", "man"]);
    for page in ["provision.1", "provision-apply.1", "provision-local.1"] {
        assert!(world.path("man").join(page).exists(), "{page}");
    }
}

#[test]
fn color_is_used_only_on_request() {
    let world = world();
    let colored = |arguments: &[&str], no_color: &str| {
        let done = world.command(arguments).env("NO_COLOR", no_color).output().unwrap();
        done.stdout.contains(&0x1b)
    };
    assert!(!colored(&["plan", "spec.yaml", "--local"], ""));
    assert!(colored(&["plan", "spec.yaml", "--local", "--color", "always"], ""));
    assert!(!colored(&["plan", "spec.yaml", "--local", "--color", "never"], ""));
}

#[test]
fn a_closed_stdout_is_not_an_error() {
    let world = world();
    let mut child = world.command(&["schema"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_template_is_written_completely_or_not_at_all() {
    let world = World::with_article();
    world.ok(&["render", "spec.yaml", "--cfn", "--out", "template.yaml"]);
    let printed = world.ok(&["render", "spec.yaml", "--cfn"]);
    assert_eq!(std::fs::read_to_string(world.path("template.yaml")).unwrap(), printed);
    let Ran { code, err, .. } =
        world.run(&["render", "spec.yaml", "--cfn", "--out", "no/such/template.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains("does not exist") && err.contains("mkdir -p"), "{err}");
    assert!(err.contains("no/such/template.yaml`: the directory `"), "{err}");
    for place in [".", "/dev/null", "spec.yaml/template.yaml"] {
        let Ran { code, err, .. } = world.run(&["render", "spec.yaml", "--cfn", "--out", place]);
        assert_eq!(code, 1, "{place}: {err}");
        assert!(err.contains("cannot write `"), "{place}: {err}");
    }
    assert!(std::path::Path::new("/dev/null").exists());
}

#[test]
fn resources_that_would_share_an_id_apply_but_do_not_render() {
    let world = World::new();
    let api = "{ auth: { providers: [AWS_IAM] }, namespaces: { NAME: {} } }";
    let (one, two) = (api.replace("NAME", "b-c"), api.replace("NAME", "c"));
    world.write("spec.yaml", &format!("version: 1\nstack: s\napis:\n  a: {one}\n  a-b: {two}\n"));
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let Ran { code, out, err } = world.run(&["render", "spec.yaml", "--cfn"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("would share the logical id `ABCNamespace`"), "{err}");
}

#[test]
fn a_handler_file_must_be_in_the_folder_of_its_spec() {
    let world = World::new();
    let spec = |path: &str| {
        MINIMAL.replace("[API_KEY]", "[API_KEY, AWS_IAM], publish: [AWS_IAM]")
            + &format!("    namespaces: {{ n: {{ handlers: {{ code: {path} }} }} }}\n")
    };
    world.write("stacks/a/h.js", "export const onPublish = (ctx) => ctx.events\n");
    world.write("stacks/outside.js", "export const onPublish = (ctx) => ctx.events\n");
    world.write("stacks/a/empty.js", " \n");
    world.write("stacks/a/large.js", &"x".repeat(32_769));
    std::fs::write(world.path("stacks/a/binary.js"), [0xff, 0xfe]).unwrap();
    let check = |path: &str, expected: &str| {
        world.write("stacks/a/spec.yaml", &spec(path));
        let Ran { err, .. } = world.run(&["validate", "stacks/a/spec.yaml"]);
        assert!(err.contains(expected), "{path}: {err}");
    };
    check("h.js", "1 spec valid");
    check("./../a/h.js", "1 spec valid");
    check("../outside.js", "outside the spec's folder");
    check("/etc/passwd", "relative to the spec");
    check("nowhere.js", "PV230");
    check(".", "it is a directory");
    check("binary.js", "not valid UTF-8");
    check("empty.js", "PV231");
    check("large.js", "PV232");
}

#[test]
fn the_repository_has_the_init_templates() {
    for name in ["minimal", "article"] {
        assert!(root(&format!("templates/{name}/spec.yaml")).exists());
    }
}

#[test]
fn the_spec_in_the_documentation_is_valid() {
    let page = std::fs::read_to_string(root("docs/spec.md")).unwrap();
    let (_, rest) = page.split_once("```yaml spec.yaml\n").unwrap();
    let (spec, _) = rest.split_once("```").unwrap();
    let world = World::new();
    world.write("spec.yaml", spec);
    world.write("handlers/chat.js", "export const onPublish = (ctx) => ctx.events\n");
    let Ran { code, err, .. } = world.run(&["validate", "spec.yaml", "--deny-warnings"]);
    assert_eq!((code, err.as_str()), (0, "1 spec valid\n"));
    world.ok(&["render", "spec.yaml", "--cfn"]);
}

#[test]
fn json_events_say_why_nothing_was_started() {
    let world = world();
    let last =
        |ran: &Ran| -> Value { serde_json::from_str(ran.out.lines().last().unwrap()).unwrap() };
    let json = ["apply", "spec.yaml", "--local", "--format", "json"];
    let unconfirmed = world.run(&json);
    assert_eq!((unconfirmed.code, &last(&unconfirmed)["event"]), (5, &Value::from("refused")));
    assert_eq!(
        last(&unconfirmed)["reasons"][0]["help"],
        "pass `--yes` to apply without confirmation"
    );
    let usage = world.run(&[&json[..], &["--target", "apis/b"]].concat());
    assert_eq!((usage.code, &last(&usage)["event"]), (64, &Value::from("refused")));
    world.ok(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    let plan = ["apply", "plan.json", "--local", "--yes", "--format", "json"];
    world.ok(&plan);
    let stale = world.run(&plan);
    assert_eq!((stale.code, &last(&stale)["event"]), (4, &Value::from("stale")));
    assert!(last(&stale)["reason"].as_str().unwrap().contains("stale"), "{}", stale.out);
}

#[cfg(unix)]
#[test]
fn write_errors_name_the_file_and_a_fix() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    std::fs::write(world.path("file"), "").unwrap();
    let Ran { code, err, .. } = world.run(&["plan", "spec.yaml", "--local=file/state"]);
    assert!(code == 1 && err.contains("help: ") && err.contains("`--local=DIR`"), "{err}");
    std::fs::create_dir(world.path("folder")).unwrap();
    let apply = ["apply", "spec.yaml", "--local", "--yes"];
    let Ran { code, err, .. } = world.run(&[&apply[..], &["--outputs-file", "folder"]].concat());
    assert!(
        code == 1 && err.contains("it is a directory") && err.contains("name a file in it"),
        "{err}"
    );
    assert!(!err.contains("standard output"), "{err}");
    world.ok(&apply);
    let lock = std::fs::metadata(world.path(".provision/lock")).unwrap();
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let done = world.command(&["outputs", "spec.yaml", "--local"]).stdout(full).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{err}");
    assert!(err.contains("cannot write to stdout"), "{err}");
}

#[test]
fn apply_shows_warnings_and_outputs_and_destroy_do_not() {
    let world = world();
    world.write("spec.yaml", &format!("{MINIMAL}    namespaces: {{ chat: {{}} }}\n"));
    let warned = world.run(&["apply", "spec.yaml", "--local", "--yes"]);
    assert!(warned.err.contains("warning[PV"), "{}", warned.err);
    for arguments in
        [&["outputs", "spec.yaml", "--local"][..], &["destroy", "spec.yaml", "--local", "--yes"]]
    {
        let Ran { code, err, .. } = world.run(arguments);
        assert!(code == 0 && !err.contains("warning["), "{err}");
    }
}
