//! Outputs for other tools, in every format and to every destination.
use std::collections::BTreeMap;

use provision::render::outputs::{Outputs, amplify, human, outputs, variables};
use provision_core::address::Address;
use provision_core::kind::{LiveResource, LiveState};
use provision_core::kinds::KINDS;
use provision_core::model::{Attributes, Properties, Site};
use serde_json::{Value, json};

use crate::world::{Ran, World, root};

const SPEC: &str = "version: 1\nstack: s\napis:\n  a: { auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM] }, apiKeys: { web: {} } }\n";

fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world
}

fn live_resource(section: &str, properties: &Value, attributes: Attributes) -> LiveResource {
    let row = KINDS.iter().copied().find(|row| row.section == section).unwrap();
    let properties = Properties::from_typed(properties);
    LiveResource { kind: row, properties, attributes, digest: None }
}

fn outputs_of(managed: impl IntoIterator<Item = (&'static str, LiveResource)>) -> Outputs {
    let managed: BTreeMap<Address, LiveResource> = managed
        .into_iter()
        .map(|(text, live_resource)| (Address::parse(text).unwrap(), live_resource))
        .collect();
    let site = Site {
        emulator_url: None,
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        partition: "aws".into(),
        now_epoch_s: 0,
    };
    outputs("s", &site, &LiveState { managed, ..LiveState::default() }, true)
}

fn api(modes: &[&str]) -> LiveResource {
    let modes: Vec<Value> = modes.iter().map(|mode| json!({ "AuthType": mode })).collect();
    let properties = json!({ "Name": "n", "EventConfig": {
        "AuthProviders": modes, "ConnectionAuthModes": modes,
        "DefaultPublishAuthModes": modes, "DefaultSubscribeAuthModes": modes } });
    let attributes = Attributes::default().with("ApiId", Some("id")).with("Dns.Http", Some("h"));
    live_resource("apis", &properties, attributes)
}

fn key(expires: u32, value: &str) -> LiveResource {
    let attributes = Attributes::default().with("ApiKeyId", Some(value));
    live_resource("apiKeys", &json!({ "Expires": expires }), attributes)
}

#[test]
fn a_custom_domain_has_its_endpoints_and_its_dns_record() {
    let attributes = Attributes::default()
        .with("DomainName", Some("e.example.com"))
        .with("AppSyncDomainName", Some("d1.cloudfront.net"))
        .with("HostedZoneId", Some("Z2"));
    let domain =
        live_resource("domains", &json!({ "DomainName": "e.example.com" }), attributes.clone());
    let to = |id: &str| json!({ "DomainName": "e.example.com", "ApiId": id });
    let association = |id: &str| live_resource("association", &to(id), attributes.clone());
    // A domain that the stack manages, and one that it only uses.
    for managed in [
        vec![
            ("domains/e", domain.clone()),
            ("domains/e-f", domain.clone()),
            ("domains/e/association", association("id")),
        ],
        vec![("domains/e/association", association("id"))],
    ] {
        let outputs = outputs_of([("apis/a", api(&["AWS_IAM"]))].into_iter().chain(managed));
        let actual = json!(outputs.apis[0].custom_domains[0]);
        let expected = json!({
            "key": "e", "name": "e.example.com",
            "appsyncDomainName": "d1.cloudfront.net", "hostedZoneId": "Z2",
            "http": { "host": "e.example.com", "url": "https://e.example.com/event" },
            "realtime": { "host": "e.example.com", "url": "wss://e.example.com/event/realtime" },
            "record": { "name": "e.example.com", "type": "CNAME", "value": "d1.cloudfront.net" },
        });
        assert_eq!(actual, expected);
        assert_eq!(outputs.apis[0].custom_domains.len(), 1);
        assert!(outputs.domains.iter().all(|domain_outputs| domain_outputs.key == "e-f"));
    }
    let outputs = outputs_of([("apis/a", api(&["AWS_IAM"])), ("domains/e", domain)]);
    assert!(outputs.apis[0].custom_domains.is_empty());
    assert_eq!(outputs.domains[0].name, "e.example.com");
}

#[test]
fn resources_that_would_share_a_variable_are_an_error_that_names_both() {
    let one = || api(&["API_KEY"]);
    let twins =
        variables(&outputs_of([("apis/my-api", one()), ("apis/my_api", one())])).unwrap_err();
    assert_eq!(twins, "apis/my-api and apis/my_api have the same variable name MY_API_API_ID");
    let keys = [
        ("apis/a", one()),
        ("apis/a/apiKeys/x-y", key(1, "k")),
        ("apis/a/apiKeys/x_y", key(1, "l")),
    ];
    let twins = variables(&outputs_of(keys)).unwrap_err();
    assert_eq!(
        twins,
        "apis/a/apiKeys/x-y and apis/a/apiKeys/x_y have the same variable name A_API_KEY_X_Y"
    );
}

#[test]
fn amplify_gets_the_first_usable_mode_and_the_key_that_expires_last() {
    let check = |modes: &[&str], keys: &[(&'static str, LiveResource)], expected: Value| {
        let outputs = outputs_of([("apis/a", api(modes))].into_iter().chain(keys.iter().cloned()));
        let mut whole = json!({ "endpoint": "https://h/event", "region": "eu-west-1" });
        whole.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
        let actual = amplify(&outputs.apis[0]).configuration;
        assert_eq!(actual, json!({ "API": { "Events": whole } }), "{modes:?}");
    };
    let keys =
        [("apis/a/apiKeys/new", key(20, "later")), ("apis/a/apiKeys/old", key(10, "sooner"))];
    check(&["API_KEY"], &keys, json!({ "defaultAuthMode": "apiKey", "apiKey": "later" }));
    check(&["API_KEY", "AWS_IAM"], &[], json!({ "defaultAuthMode": "iam" }));
    check(&["AMAZON_COGNITO_USER_POOLS"], &keys, json!({ "defaultAuthMode": "userPool" }));
    check(&["OPENID_CONNECT"], &[], json!({ "defaultAuthMode": "oidc" }));
    check(&["AWS_LAMBDA"], &[], json!({ "defaultAuthMode": "lambda" }));
    check(&["NEW_MODE", "AWS_IAM"], &[], json!({}));
}

#[test]
fn outputs_have_the_name_of_a_mode_that_this_version_does_not_know() {
    let outputs = outputs_of([("apis/a", api(&["NEW_MODE", "API_KEY"]))]);
    let modes = json!(["NEW_MODE", "API_KEY"]);
    let expected = json!({
        "providers": [{ "mode": "NEW_MODE" }, { "mode": "API_KEY" }],
        "connection": modes, "publish": modes, "subscribe": modes,
    });
    assert_eq!(json!(outputs)["apis"][0]["authModes"], expected);
    assert!(human(&outputs).contains("connect   NEW_MODE, API_KEY\n"), "{}", human(&outputs));
}

#[test]
fn outputs_are_valid_against_their_schema() {
    let world = World::with_article();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let schema = std::fs::read_to_string(root("schemas/outputs.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for reveal in [&[][..], &["--reveal"]] {
        let arguments = [&["outputs", "spec.yaml", "--local", "--format", "json"], reveal].concat();
        let document: Value = serde_json::from_str(&world.ok(&arguments)).unwrap();
        let errors: Vec<String> =
            schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn endpoints_are_those_of_the_running_emulator_and_amplify_gets_them_with_tls() {
    let world = world();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let run_outputs =
        |more: &[&str]| world.run(&[&["outputs", "spec.yaml", "--local"], more].concat());
    let id = run_outputs(&["--query", "apis.a.id"]).out;
    let Ran { out, err, .. } = run_outputs(&["--query", "apis.a.http.url"]);
    assert!(out.contains(".appsync-api.") && err.contains("`provision local`"), "{out}{err}");
    let serving = world.serve(&[]);
    let Ran { out, err, .. } = run_outputs(&["--query", "apis.a.realtime.url"]);
    let url = serving.url.replace("http", "ws");
    assert_eq!(out, format!("{url}/apis/{}/event/realtime\n", id.trim()));
    assert_eq!(err, "");
    let Ran { out, err, .. } = run_outputs(&["--format", "amplify"]);
    let url = serving.url.replace("http://127.0.0.1", "https://localhost");
    assert!(out.contains(&format!("\"endpoint\": \"{url}/apis/{}/event\"", id.trim())), "{out}");
    assert!(err.contains("provision local trust"), "{err}");
}

#[test]
fn an_api_is_selected_by_its_key() {
    let world = world();
    let two = SPEC.to_owned() + &SPEC.lines().last().unwrap().replace("  a:", "  other:") + "\n";
    world.write("spec.yaml", &two);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let run_outputs =
        |more: &[&str]| world.run(&[&["outputs", "spec.yaml", "--local"], more].concat());
    let Ran { code, out, err } = run_outputs(&["--format", "amplify"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("a, other") && err.contains("`--api a`"), "{err}");
    let Ran { code, out, err } = run_outputs(&["--format", "amplify", "--api", "other"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("https://") && !out.contains("apiKey\":"), "{out}");
    assert!(err.contains("add it with `--reveal`"), "{err}");
    assert!(run_outputs(&["--api", "othr"]).err.contains("did you mean `other`?"));
    let env = run_outputs(&["--format", "env", "--api", "other"]).out;
    assert!(env.lines().all(|line| line.starts_with("OTHER_")), "{env}");
    let Ran { code, err, .. } = world.run(&[
        "apply",
        "spec.yaml",
        "--local",
        "--yes",
        "--outputs-file",
        "f",
        "--outputs-format",
        "amplify",
    ]);
    assert_eq!(code, 64, "{err}");
}

#[test]
fn keys_are_masked_in_github_actions_and_printed_nowhere_else() {
    let world = world();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let arguments = ["outputs", "spec.yaml", "--local", "--format", "github", "--reveal"];
    let Ran { out, err, .. } = world.run(&arguments);
    let value = out.lines().find_map(|line| line.strip_prefix("a_api_key_web=")).unwrap();
    assert!(!err.contains(value), "{err}");
    let done = world.command(&arguments).env("GITHUB_ACTIONS", "true").output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(err.contains(&format!("::add-mask::{value}\n")), "{err}");
    let to_file = [&arguments[..], &["--out", "github.txt"]].concat();
    let done = world.command(&to_file).env("GITHUB_ACTIONS", "true").output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(err.contains(&format!("::add-mask::{value}\n")), "{err}");
    assert!(done.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn a_file_with_keys_is_readable_only_by_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    let mode = || std::fs::metadata(world.path("f")).unwrap().permissions().mode() & 0o777;
    let apply = ["apply", "spec.yaml", "--local", "--yes", "--outputs-file", "f"];
    world.ok(&apply);
    assert_eq!(mode(), 0o644);
    world.ok(&[&apply[..], &["--outputs-reveal", "--outputs-format", "dotenv"]].concat());
    assert_eq!(mode(), 0o600);
    assert!(std::fs::read_to_string(world.path("f")).unwrap().contains("A_API_KEY_WEB=da2-"));
    world.ok(&["outputs", "spec.yaml", "--local", "--out", "f"]);
    assert_eq!(mode(), 0o644);
    world.ok(&[
        "outputs",
        "spec.yaml",
        "--local",
        "--out",
        "f",
        "--query",
        "apis[0].apiKeys[0].value",
        "--reveal",
    ]);
    assert_eq!(mode(), 0o600);
}

#[test]
fn an_outputs_file_that_cannot_be_written_is_an_error_before_any_change() {
    let world = world();
    for file in ["no/such/folder/f", "."] {
        let Ran { code, err, .. } =
            world.run(&["apply", "spec.yaml", "--local", "--yes", "--outputs-file", file]);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("cannot write"), "{err}");
    }
    assert_eq!(world.run(&["outputs", "spec.yaml", "--local"]).code, 1, "there is no API");
}

#[test]
fn outputs_are_written_after_a_partial_failure_and_after_destroy() {
    let world = world();
    let faults = json!({ "rules": [
        { "on": "CreateApiKey", "fault": { "error": { "code": "BadRequestException", "status": 400, "message": "no" } } },
    ] });
    world.write("faults.json", &faults.to_string());
    let read =
        || -> Value { serde_json::from_slice(&std::fs::read(world.path("f")).unwrap()).unwrap() };
    let apply = ["apply", "spec.yaml", "--local", "--yes", "--outputs-file", "f"];
    let server = world.serve(&["--faults", "faults.json"]);
    let Ran { code, err, .. } = world.run(&apply);
    drop(server);
    assert_eq!(code, 3, "{err}");
    assert_eq!(
        (&read()["apis"][0]["key"], &read()["apis"][0]["apiKeys"]),
        (&json!("a"), &json!([]))
    );
    world.ok(&apply);
    assert_eq!(read()["apis"][0]["apiKeys"][0]["key"], "web");
    world.ok(&["destroy", "spec.yaml", "--local", "--yes", "--outputs-file", "f"]);
    assert_eq!(read()["apis"], json!([]));
}
