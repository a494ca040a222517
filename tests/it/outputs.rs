//! What outputs tell other tools, in every format and wherever they are written.
use std::collections::BTreeMap;

use provision::render::outputs::{Outputs, amplify, outputs, variables};
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

fn observed(section: &str, properties: &Value, attributes: Attributes) -> LiveResource {
    let row = KINDS.iter().copied().find(|row| row.section == section).unwrap();
    let properties = Properties::from_typed(properties);
    LiveResource { kind: row, properties, attributes, digest: None }
}

fn seen(ours: impl IntoIterator<Item = (&'static str, LiveResource)>) -> Outputs {
    let ours: BTreeMap<Address, LiveResource> = ours
        .into_iter()
        .map(|(text, observed)| (Address::parse(text).unwrap(), observed))
        .collect();
    let site = Site {
        emulator_url: None,
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        partition: "aws".into(),
        now_epoch_s: 0,
    };
    outputs("s", &site, &LiveState { managed: ours, ..LiveState::default() }, true)
}

fn api(modes: &[&str]) -> LiveResource {
    let modes: Vec<Value> = modes.iter().map(|mode| json!({ "AuthType": mode })).collect();
    let properties = json!({ "Name": "n", "EventConfig": {
        "AuthProviders": modes, "ConnectionAuthModes": modes,
        "DefaultPublishAuthModes": modes, "DefaultSubscribeAuthModes": modes } });
    let attributes = Attributes::default().with("ApiId", Some("id")).with("Dns.Http", Some("h"));
    observed("apis", &properties, attributes)
}

fn key(expires: u32, value: &str) -> LiveResource {
    let attributes = Attributes::default().with("ApiKeyId", Some(value));
    observed("apiKeys", &json!({ "Expires": expires }), attributes)
}

#[test]
fn a_custom_domain_comes_with_its_endpoints_and_the_record_to_make() {
    let attributes = Attributes::default()
        .with("DomainName", Some("e.example.com"))
        .with("AppSyncDomainName", Some("d1.cloudfront.net"))
        .with("HostedZoneId", Some("Z2"));
    let domain = observed("domains", &json!({ "DomainName": "e.example.com" }), attributes.clone());
    let to = |id: &str| json!({ "DomainName": "e.example.com", "ApiId": id });
    let association = |id: &str| observed("association", &to(id), attributes.clone());
    // Made here; made elsewhere and used here.
    for ours in [
        vec![
            ("domains/e", domain.clone()),
            ("domains/e-f", domain.clone()),
            ("domains/e/association", association("id")),
        ],
        vec![("domains/e/association", association("id"))],
    ] {
        let outputs = seen([("apis/a", api(&["AWS_IAM"]))].into_iter().chain(ours));
        let found = json!(outputs.apis[0].custom_domains[0]);
        let expected = json!({
            "key": "e", "name": "e.example.com",
            "appsyncDomainName": "d1.cloudfront.net", "hostedZoneId": "Z2",
            "http": { "host": "e.example.com", "url": "https://e.example.com/event" },
            "realtime": { "host": "e.example.com", "url": "wss://e.example.com/event/realtime" },
            "record": { "name": "e.example.com", "type": "CNAME", "value": "d1.cloudfront.net" },
        });
        assert_eq!(found, expected);
        assert_eq!(outputs.apis[0].custom_domains.len(), 1);
        assert!(outputs.domains.iter().all(|domain_outputs| domain_outputs.key == "e-f"));
    }
    let outputs = seen([("apis/a", api(&["AWS_IAM"])), ("domains/e", domain)]);
    assert!(outputs.apis[0].custom_domains.is_empty());
    assert_eq!(outputs.domains[0].name, "e.example.com");
}

#[test]
fn two_that_would_have_one_name_are_both_named() {
    let one = || api(&["API_KEY"]);
    let twins = variables(&seen([("apis/my-api", one()), ("apis/my_api", one())])).unwrap_err();
    assert_eq!(twins, "apis/my-api and apis/my_api would both be MY_API_API_ID");
    let keys = [
        ("apis/a", one()),
        ("apis/a/apiKeys/x-y", key(1, "k")),
        ("apis/a/apiKeys/x_y", key(1, "l")),
    ];
    let twins = variables(&seen(keys)).unwrap_err();
    assert_eq!(twins, "apis/a/apiKeys/x-y and apis/a/apiKeys/x_y would both be A_API_KEY_X_Y");
}

#[test]
fn amplify_gets_the_first_mode_that_can_be_used_and_the_key_that_lasts_longest() {
    let check = |modes: &[&str], keys: &[(&'static str, LiveResource)], expected: Value| {
        let outputs = seen([("apis/a", api(modes))].into_iter().chain(keys.iter().cloned()));
        let mut whole = json!({ "endpoint": "https://h/event", "region": "eu-west-1" });
        whole.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
        let found = amplify(&outputs.apis[0]).configuration;
        assert_eq!(found, json!({ "API": { "Events": whole } }), "{modes:?}");
    };
    let keys =
        [("apis/a/apiKeys/new", key(20, "later")), ("apis/a/apiKeys/old", key(10, "sooner"))];
    check(&["API_KEY"], &keys, json!({ "defaultAuthMode": "apiKey", "apiKey": "later" }));
    check(&["API_KEY", "AWS_IAM"], &[], json!({ "defaultAuthMode": "iam" }));
    check(&["AMAZON_COGNITO_USER_POOLS"], &keys, json!({ "defaultAuthMode": "userPool" }));
    check(&["OPENID_CONNECT"], &[], json!({ "defaultAuthMode": "oidc" }));
    check(&["AWS_LAMBDA"], &[], json!({ "defaultAuthMode": "lambda" }));
}

#[test]
fn outputs_are_as_their_schema_says() {
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
fn endpoints_of_a_local_aws_are_where_it_is_served_and_amplify_gets_them_with_tls() {
    let world = world();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let asked = |more: &[&str]| world.run(&[&["outputs", "spec.yaml", "--local"], more].concat());
    let id = asked(&["--query", "apis.a.id"]).out;
    let Ran { out, err, .. } = asked(&["--query", "apis.a.http.url"]);
    assert!(out.contains(".appsync-api.") && err.contains("`provision local`"), "{out}{err}");
    let serving = world.serve(&[]);
    let Ran { out, err, .. } = asked(&["--query", "apis.a.realtime.url"]);
    let url = serving.url.replace("http", "ws");
    assert_eq!(out, format!("{url}/apis/{}/event/realtime\n", id.trim()));
    assert_eq!(err, "");
    let Ran { out, err, .. } = asked(&["--format", "amplify"]);
    let url = serving.url.replace("http://127.0.0.1", "https://localhost");
    assert!(out.contains(&format!("\"endpoint\": \"{url}/apis/{}/event\"", id.trim())), "{out}");
    assert!(err.contains("provision local trust"), "{err}");
}

#[test]
fn an_api_is_chosen_by_its_key() {
    let world = world();
    let two = SPEC.to_owned() + &SPEC.lines().last().unwrap().replace("  a:", "  other:") + "\n";
    world.write("spec.yaml", &two);
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let asked = |more: &[&str]| world.run(&[&["outputs", "spec.yaml", "--local"], more].concat());
    let Ran { code, out, err } = asked(&["--format", "amplify"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("a, other") && err.contains("`--api a`"), "{err}");
    let Ran { code, out, err } = asked(&["--format", "amplify", "--api", "other"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("https://") && !out.contains("apiKey\":"), "{out}");
    assert!(err.contains("`--reveal` puts it in"), "{err}");
    assert!(asked(&["--api", "othr"]).err.contains("did you mean `other`?"));
    let env = asked(&["--format", "env", "--api", "other"]).out;
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
fn keys_are_masked_for_github_and_shown_to_nobody_else() {
    let world = world();
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let arguments = ["outputs", "spec.yaml", "--local", "--format", "github", "--reveal"];
    let Ran { out, err, .. } = world.run(&arguments);
    let value = out.lines().find_map(|line| line.strip_prefix("a_api_key_web=")).unwrap();
    assert!(!err.contains(value), "{err}");
    let done = world.command(&arguments).env("GITHUB_ACTIONS", "true").output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(err.contains(&format!("::add-mask::{value}\n")), "{err}");
    let filed = [&arguments[..], &["--out", "github.txt"]].concat();
    let done = world.command(&filed).env("GITHUB_ACTIONS", "true").output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(err.contains(&format!("::add-mask::{value}\n")), "{err}");
    assert!(done.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn a_file_with_keys_is_its_owners_alone_whatever_it_was() {
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
fn what_could_not_be_written_in_the_end_is_refused_before_anything_is_changed() {
    let world = world();
    for file in ["no/such/folder/f", "."] {
        let Ran { code, err, .. } =
            world.run(&["apply", "spec.yaml", "--local", "--yes", "--outputs-file", file]);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("can't be written"), "{err}");
    }
    assert_eq!(world.run(&["outputs", "spec.yaml", "--local"]).code, 1, "there is no API");
}

#[test]
fn outputs_are_written_after_a_part_failed_and_after_all_was_deleted() {
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
