//! Plans: their formats for programs and pull requests, and their safety checks.
use std::process::Command;

use serde_json::{Value, json};

use crate::golden::golden;
use crate::world::{Ran, Served, World, root, serve};

pub const SPEC: &str = "\
version: 1
stack: chat
region: eu-west-1
tags: { team: realtime }
logRoles:
  logs: {}
apis:
  chat:
    auth: { providers: [AWS_IAM, API_KEY], publish: [AWS_IAM] }
    logging: { level: ERROR, role: logs }
    apiKeys:
      web: { validFor: 90d }
    namespaces:
      lobby: {}
      rooms: {}
";
const STACK_TAG: &str = "provision:stack";

pub fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world
}

pub fn edit(world: &World, from: &str, to: &str) {
    let text = std::fs::read_to_string(world.path("spec.yaml")).unwrap();
    assert!(text.contains(from), "{text}");
    world.write("spec.yaml", &text.replace(from, to));
}

pub fn apply(world: &World) {
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
}

/// The plan as JSON, which must be valid against the published schema.
fn plan(world: &World, more: &[&str]) -> Value {
    let arguments = ["plan", "spec.yaml", "--local", "--format", "json"];
    valid(&world.ok(&[&arguments[..], more].concat()))
}

fn valid(plan: &str) -> Value {
    let plan: Value = serde_json::from_str(plan).unwrap();
    let schema = std::fs::read_to_string(root("schemas/plan.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let wrong: Vec<String> = schema.iter_errors(&plan).map(|error| error.to_string()).collect();
    assert_eq!(wrong, [""; 0], "{plan:#}");
    plan
}

fn change_of<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().find(|change| change["address"] == address).unwrap_or(&Value::Null)
}

fn field<'a>(change: &'a Value, path: &str) -> &'a Value {
    let fields = change["fields"].as_array().unwrap();
    fields.iter().find(|field| field["path"] == path).unwrap_or(&Value::Null)
}

/// The program in this world, talking to `served`.
pub fn command_at(world: &World, served: &Served, arguments: &[&str]) -> Command {
    let mut command = world.command(&[arguments, &["--endpoint-url", &served.url]].concat());
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command
}

pub fn run_command(mut command: Command) -> Ran {
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
}

#[test]
fn a_json_plan_marks_values_that_are_unknown() {
    let world = world();
    let first = plan(&world, &[]);
    assert_eq!((&first["outcome"], &first["complete"]), (&json!("changes"), &json!(true)));
    assert_eq!(first["summary"]["create"], 5);
    let role = field(change_of(&first, "apis/chat"), "EventConfig.LogConfig.CloudWatchLogsRoleArn");
    assert_eq!((&role["after"], &role["unknown"]), (&json!("${logRoles/logs.Arn}"), &json!(true)));
    let tag = field(change_of(&first, "apis/chat"), "Tags.team");
    assert_eq!((&tag["after"], &tag["unknown"]), (&json!("realtime"), &Value::Null));
    assert_eq!(tag["at"], json!({ "file": "spec.yaml", "line": 4 }));
    apply(&world);
    assert_eq!(plan(&world, &[])["outcome"], "no-changes");
    edit(&world, "lobby: {}", "lobby: { name: foyer }");
    edit(&world, "      rooms: {}\n", "");
    edit(&world, "level: ERROR", "level: NONE");
    let next = plan(&world, &["--max-deletes", "1"]);
    assert_eq!(next["outcome"], "refused");
    let actions = |address: &str| change_of(&next, address)["actions"].clone();
    assert_eq!(actions("apis/chat"), json!(["update"]));
    assert_eq!(actions("apis/chat/namespaces/lobby"), json!(["delete", "create"]));
    assert_eq!(actions("apis/chat/namespaces/rooms"), json!(["delete"]));
    assert_eq!(change_of(&next, "apis/chat/namespaces/lobby")["replacePaths"], json!(["Name"]));
    let dropped = json!(["current subscriptions to /rooms/* end"]);
    assert_eq!(change_of(&next, "apis/chat/namespaces/rooms")["effects"], dropped);
    assert_eq!(change_of(&next, "apis/chat")["effects"], json!(["logging stops"]));
    assert_eq!(
        next["summary"],
        json!({ "create": 0, "update": 1, "replace": 1, "delete": 1, "unmanaged": 0 })
    );
}

#[test]
fn text_that_looks_like_a_placeholder_is_not_unknown() {
    let world = world();
    edit(&world, "  chat:\n", "  chat:\n    ownerContact: '$${logRoles/logs.Arn}'\n");
    let first = plan(&world, &[]);
    let contact = field(change_of(&first, "apis/chat"), "OwnerContact");
    let text = json!("${logRoles/logs.Arn}");
    assert_eq!((&contact["after"], &contact["unknown"]), (&text, &Value::Null));
    let shown = world.ok(&["plan", "spec.yaml", "--local"]);
    assert!(shown.contains("OwnerContact  ${logRoles/logs.Arn}\n"), "{shown}");
    assert!(shown.contains("RoleArn  ${logRoles/logs.Arn} (known after apply)\n"), "{shown}");
}

#[test]
fn a_plan_says_who_gains_and_who_loses_access() {
    let world = world();
    apply(&world);
    edit(&world, "publish: [AWS_IAM]", "publish: [API_KEY], connection: [API_KEY]");
    edit(&world, "rooms: {}", "rooms: { publish: [AWS_IAM], subscribe: [API_KEY] }");
    let shown = world.ok(&["plan", "spec.yaml", "--local"]);
    let (_, access) = shown.split_once("Access:\n").unwrap();
    let (access, _) = access.split_once("\n\n").unwrap();
    assert_eq!(
        access,
        "  apis/chat: connect lost by AWS_IAM
  /lobby/*: publish lost by AWS_IAM
  /lobby/*: publish gained by API_KEY
  /rooms/*: subscribe lost by AWS_IAM"
    );
    let changes = plan(&world, &[])["access"].clone();
    assert_eq!(
        changes[2],
        json!({
            "address": "apis/chat/namespaces/lobby", "channels": "/lobby/*", "operation": "publish",
            "mode": "API_KEY", "change": "gained", "whole": false,
        })
    );
}

#[test]
fn every_changed_property_has_its_position_in_the_spec() {
    let world = world();
    apply(&world);
    edit(&world, "team: realtime", "team: news");
    edit(&world, "level: ERROR", "level: ALL");
    edit(&world, "validFor: 90d", "validFor: 200d, description: Browsers");
    edit(
        &world,
        "rooms: {}",
        "rooms:\n        handlers:\n          inline: export const onPublish = (ctx) => ctx.events",
    );
    let next = plan(&world, &[]);
    let line =
        |address: &str, path: &str| field(change_of(&next, address), path)["at"]["line"].clone();
    assert_eq!(line("apis/chat", "Tags.team"), 4);
    assert_eq!(line("apis/chat", "EventConfig.LogConfig.LogLevel"), 10);
    assert_eq!(line("apis/chat/apiKeys/web", "Description"), 12);
    assert_eq!(line("apis/chat/namespaces/rooms", "CodeHandlers"), 17);
    // The position of a value that the spec omits is that of the declaration.
    edit(&world, "    logging: { level: ALL, role: logs }\n", "");
    let next = plan(&world, &[]);
    let gone = field(change_of(&next, "apis/chat"), "EventConfig.LogConfig.LogLevel");
    assert_eq!((&gone["after"], &gone["at"]["line"]), (&Value::Null, &json!(8)));
}

#[test]
fn a_target_includes_its_dependencies_and_nothing_else() {
    let world = world();
    let rooms = ["--target", "apis/chat/namespaces/rooms"];
    let partial = plan(&world, &rooms);
    assert_eq!(partial["complete"], false);
    let addresses: Vec<&Value> =
        partial["changes"].as_array().unwrap().iter().map(|partial| &partial["address"]).collect();
    assert_eq!(addresses, ["apis/chat", "apis/chat/namespaces/rooms", "logRoles/logs"]);
    let done = world.run(&[&["apply", "spec.yaml", "--local", "--yes"], &rooms[..]].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("are not changed") && done.err.contains("3 done."), "{}", done.err);
    let rest = plan(&world, &[]);
    assert_eq!(rest["summary"]["create"], 2);
    let done = world.run(&[&["destroy", "spec.yaml", "--local", "--yes"], &rooms[..]].concat());
    assert!(done.code == 0 && done.err.contains("1 done."), "{}", done.err);
    for (address, hint) in [
        ("apis/chat/namespaces/room", "did you mean `apis/chat/namespaces/rooms`?"),
        ("logRoles/nowhere", "shows the address of every change"),
        ("apis", "apis/sample/namespaces/chat"),
    ] {
        let Ran { code, err, .. } =
            world.run(&["plan", "spec.yaml", "--local", "--target", address]);
        assert_eq!(code, 64, "{err}");
        assert!(err.contains(hint), "{err}");
    }
}

#[test]
fn max_deletes_limits_deletions() {
    let world = world();
    apply(&world);
    edit(&world, "      lobby: {}\n      rooms: {}\n", "      lobby: { name: foyer }\n");
    for (most, code) in [("0", 5), ("1", 5), ("2", 0)] {
        let done = world.run(&["apply", "spec.yaml", "--local", "--yes", "--max-deletes", most]);
        assert_eq!(done.code, code, "{most}: {}", done.err);
        let named = done.err.contains("apis/chat/namespaces/lobby, apis/chat/namespaces/rooms");
        assert_eq!(named, code == 5, "{}", done.err);
    }
    // A blocked plan is a plan with changes.
    let destroy = ["plan", "spec.yaml", "--local", "--destroy", "--max-deletes", "1"];
    assert_eq!(world.run(&[&destroy[..], &["--detailed-exitcode"]].concat()).code, 2);
    assert_eq!(
        world.run(&["destroy", "spec.yaml", "--local", "--yes", "--max-deletes", "3"]).code,
        5
    );
    assert_eq!(world.run(&["plan", "spec.yaml", "--local", "--max-deletes", "-1"]).code, 64);
}

#[test]
fn an_empty_spec_deletes_everything_only_with_allow_empty() {
    let world = world();
    apply(&world);
    world.write("spec.yaml", "version: 1\nstack: chat\nregion: eu-west-1\n");
    let plan = world.run(&["plan", "spec.yaml", "--local", "--out", "plan.json"]);
    assert_eq!(plan.code, 5, "{}", plan.err);
    assert!(plan.err.contains("--allow-empty") && !world.path("plan.json").exists());
    let allowed = ["plan", "spec.yaml", "--local", "--allow-empty", "--out", "plan.json"];
    world.ok(&allowed);
    let done = world.run(&["apply", "plan.json", "--local", "--yes"]);
    assert!(done.code == 0 && done.err.contains("5 done."), "{}", done.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmanaged_resource_with_a_desired_name_blocks_the_plan() {
    let (world, served) = (world(), serve(|router| router).await);
    let spec = SPEC.replace("region: eu-west-1\n", "region: ap-northeast-1\n");
    world.write("spec.yaml", &spec);
    let apply = ["apply", "spec.yaml", "--yes"];
    assert_eq!(run_command(command_at(&world, &served, &apply)).code, 0);
    let appsync = &served.aws.appsync;
    let apis = appsync.list_apis().send().await.unwrap();
    let id = apis.apis()[0].api_id().unwrap();
    appsync.create_channel_namespace().api_id(id).name("news").send().await.unwrap();
    let call = appsync.create_channel_namespace().api_id(id).name("sport");
    call.tags(STACK_TAG, "theirs").tags("provision:address", "apis/a").send().await.unwrap();
    world.write(
        "spec.yaml",
        &spec.replace("rooms: {}", "rooms: {}\n      news: {}\n      sport: {}"),
    );
    let shown =
        run_command(command_at(&world, &served, &["plan", "spec.yaml", "--format", "json"]));
    let plan = valid(&shown.out);
    assert_eq!((&plan["outcome"], &plan["summary"]["unmanaged"]), (&json!("refused"), &json!(2)));
    let unmanaged = json!({
        "parent": "apis/chat", "noun": "channel namespace", "name": "sport",
        "owner": { "by": "stack", "name": "theirs" },
    });
    assert_eq!(plan["unmanaged"][1], unmanaged);
    let Ran { code, err, .. } = run_command(command_at(&world, &served, &apply));
    assert_eq!(code, 5, "{err}");
    assert!(
        err.contains("channel namespace `news` already exists (created outside this spec)"),
        "{err}"
    );
    assert!(err.contains("`provision:address=apis/chat/namespaces/news`"), "{err}");
    assert!(
        err.contains("`sport` already exists (created by provision's stack `theirs`)"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_api_with_the_same_name_needs_allow_unmanaged() {
    let (world, served) = (world(), serve(|router| router).await);
    world.write("spec.yaml", &SPEC.replace("region: eu-west-1\n", "region: ap-northeast-1\n"));
    let create = |name: &str| {
        let mode = aws_sdk_appsync::types::AuthMode::builder()
            .auth_type(aws_sdk_appsync::types::AuthenticationType::ApiKey)
            .build()
            .unwrap();
        let provider = aws_sdk_appsync::types::AuthProvider::builder()
            .auth_type(aws_sdk_appsync::types::AuthenticationType::ApiKey)
            .build()
            .unwrap();
        let config = aws_sdk_appsync::types::EventConfig::builder()
            .auth_providers(provider)
            .connection_auth_modes(mode.clone())
            .default_publish_auth_modes(mode.clone())
            .default_subscribe_auth_modes(mode)
            .build()
            .unwrap();
        served.aws.appsync.create_api().name(name).event_config(config).send()
    };
    create("unrelated").await.unwrap();
    let plan = run_command(command_at(&world, &served, &["plan", "spec.yaml"]));
    assert!(plan.code == 0 && !plan.err.contains("refuse"), "{}", plan.err);
    create("chat-chat").await.unwrap();
    let Ran { code, err, .. } =
        run_command(command_at(&world, &served, &["apply", "spec.yaml", "--yes"]));
    assert_eq!(code, 5, "{err}");
    assert!(
        err.contains("Event API `chat-chat` already exists (created outside this spec)"),
        "{err}"
    );
    let adoption_help = "to adopt it, set its tag `provision:stack` to the name of this stack, and `provision:address=apis/chat`";
    assert!(err.contains(adoption_help), "{err}");
    let Ran { out, .. } = run_command(command_at(&world, &served, &["plan", "spec.yaml"]));
    let unmanaged_line = "? Event API chat-chat: created outside this spec, already has this name";
    assert!(out.contains(unmanaged_line), "{out}");
    let allowed = ["apply", "spec.yaml", "--yes", "--allow-unmanaged"];
    assert_eq!(run_command(command_at(&world, &served, &allowed)).code, 0);
    // After the API is created, no confirmation is needed.
    assert_eq!(run_command(command_at(&world, &served, &["apply", "spec.yaml", "--yes"])).code, 0);
}

#[test]
fn a_destroy_plan_without_resources_does_not_say_that_aws_matches_the_spec() {
    let world = world();
    for format in ["human", "markdown"] {
        let out = world.ok(&["plan", "spec.yaml", "--local", "--destroy", "--format", format]);
        assert!(out.contains("The stack has no resources on AWS."), "{out}");
    }
}

#[test]
fn removing_protection_is_shown_with_its_position() {
    let world = world();
    edit(&world, "  chat:\n", "  chat:\n    protect: true\n");
    apply(&world);
    edit(&world, "protect: true", "protect: false");
    let next = plan(&world, &[]);
    let api = change_of(&next, "apis/chat");
    let tag = field(api, "Tags.provision:protect");
    assert_eq!(tag["before"], "true");
    assert_eq!(api["effects"], json!(["it can be deleted"]));
    let shown = world.ok(&["plan", "spec.yaml", "--local"]);
    assert!(shown.contains("Tags.provision:protect  true → (none)  spec.yaml:9"), "{shown}");
}

#[test]
fn a_new_resource_is_shown_with_its_names_and_its_effects() {
    let world = world();
    edit(&world, "web: { validFor: 90d }", "web: {}");
    let source = "    dataSources:
      orders: { lambda: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:f' }, serviceRole: 'arn:aws:iam::123456789012:role/call' }
    namespaces:\n";
    edit(&world, "    namespaces:\n", source);
    let handler = "lobby: { handlers: { onPublish: { dataSource: orders, behavior: DIRECT } } }";
    edit(&world, "lobby: {}", handler);
    let domain = "domains:
  events: { name: events.example.com, certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012', association: { api: chat } }
apis:\n";
    edit(&world, "apis:\n", domain);
    let shown = world.ok(&["plan", "spec.yaml", "--local"]);
    for line in [
        "      ApiId  ${apis/chat.ApiId} (known after apply)\n      DomainName  events.example.com\n",
        "      ! the domain name serves an API\n",
        "DataSourceName  orders\n",
        "      ! it expires in 7d, AWS's default\n",
    ] {
        assert!(shown.contains(line), "{line}{shown}");
    }
    apply(&world);
    edit(&world, "orders: { lambda", "orders: { name: new, lambda");
    let next = plan(&world, &[]);
    assert_eq!(change_of(&next, "apis/chat/dataSources/orders")["effects"], json!([]));
}

#[test]
fn a_markdown_plan_has_a_marker_and_escapes_every_value() {
    let world = world();
    apply(&world);
    let contact = "  chat:\n    ownerContact: \"a`b|c ``` @org <b> \\u001b[31m\"\n";
    edit(&world, "  chat:\n", contact);
    edit(&world, "lobby: {}", "lobby: { name: foyer }");
    let code = "export const onPublish = (ctx) => ctx.events\n// ```` @team </details>\n";
    world.write("rooms.js", code);
    edit(&world, "rooms: {}", "rooms: { handlers: { code: rooms.js }, publish: [API_KEY] }");
    edit(&world, "      web: { validFor: 90d }\n", "");
    edit(&world, "    apiKeys:\n", "");
    let shown =
        world.ok(&["plan", "spec.yaml", "--local", "--format", "markdown", "--max-deletes", "1"]);
    golden("tests/data/plan/plan.md", &redact_timestamps(&shown));
}

fn redact_timestamps(text: &str) -> String {
    let timestamp = regex_lite::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    timestamp.replace_all(text, "TIMESTAMP").into_owned()
}

#[test]
fn a_large_markdown_plan_fits_in_a_comment_and_counts_what_is_omitted() {
    let world = world();
    let code = "x".repeat(900);
    let mut text = SPEC.to_owned();
    for n in 0..45 {
        text.push_str(&format!("      n{n}:\n        handlers:\n          inline: |\n"));
        text.push_str("            export const onPublish = (ctx) => ctx.events\n");
        for _ in 0..4 {
            text.push_str(&format!("            // {code}\n"));
        }
    }
    world.write("spec.yaml", &text);
    let shown = world.ok(&["plan", "spec.yaml", "--local", "--format", "markdown"]);
    assert!(shown.len() < 65_536, "{}", shown.len());
    assert!(shown.starts_with("<!-- provision plan chat -->\n"));
    assert!(shown.contains("`apis/chat/namespaces/n44`"), "{shown}");
    let (_, note) = shown.rsplit_once("\n_").unwrap();
    assert!(note.contains("parts are omitted"), "{note}");
    assert_eq!(shown.matches("<details>").count(), shown.matches("</details>").count());
}
