//! Who has access: as data, as diagnostics, and in the four formats of `provision access`.
use std::fs;

use provision::render::access::{AccessDocument, markdown, mermaid, table};
use provision_core::access::Access;
use provision_core::diagnostic::{Diagnostic, Severity};
use provision_core::kinds::auth::{AnyAuthMode, AuthMode};
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, Spec, load};
use serde_json::{Value, json};

use crate::golden::golden;
use crate::specs::{NOON, deploy, folder, site};
use crate::world::{World, root};

/// A spec with every auth mode, and with lists of modes of APIs and of namespaces.
const RICH: &str = "version: 1
stack: rich
apis:
  every-way:
    auth:
      providers:
        - API_KEY
        - AWS_IAM
        - AMAZON_COGNITO_USER_POOLS: { userPoolId: eu-west-1_Customers, appIdClientRegex: '^web|app$' }
        - AMAZON_COGNITO_USER_POOLS: { userPoolId: eu-west-1_Staff }
        - OPENID_CONNECT: { issuer: 'https://id.example.com', clientId: web }
        - AWS_LAMBDA: { function: 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:authorize' }
      connection: [API_KEY, AMAZON_COGNITO_USER_POOLS, OPENID_CONNECT, AWS_LAMBDA]
      publish: [AWS_IAM]
      subscribe: [API_KEY, AMAZON_COGNITO_USER_POOLS]
    apiKeys: { web: {}, partner: {} }
    namespaces:
      default: {}
      orders: { publish: [AWS_IAM, AWS_LAMBDA], subscribe: [OPENID_CONNECT] }
      a-name-as-long-as-names-of-channel-namespaces-get-x: { name: a-name-as-long-as-names-of-channel-namespaces-get, publish: [AMAZON_COGNITO_USER_POOLS] }
  without-key:
    name: 'region ${AWS::Region}'
    auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM] }
    namespaces: { news: {} }
  without-namespace:
    auth: { providers: [AWS_IAM] }
";

fn read(text: &str) -> (Option<Spec>, Vec<String>) {
    let (source, mut problems) = Source::parse("spec.yaml", text.as_bytes());
    let (spec, more) = load(&source, &folder(), NOON, &ParameterValues::new());
    problems.extend(more);
    problems.sort_by_key(|diagnostic| source.span(&diagnostic.location).start);
    let line = |diagnostic: &Diagnostic| {
        let place = source.position(&diagnostic.location);
        let severity = match diagnostic.severity {
            Severity::Error => "",
            Severity::Warning => "?",
            Severity::Note => "i",
        };
        format!("{} {}:{}{severity}", diagnostic.code, place.line, place.column)
    };
    (spec, problems.iter().map(line).collect())
}

fn access(text: &str) -> Access {
    let (spec, problems) = read(text);
    let spec = spec.unwrap_or_else(|| panic!("{problems:?}"));
    Access::from_resources(
        spec.desired.iter().map(|(address, resource)| (address, &resource.properties)),
    )
}

#[test]
fn a_namespace_has_its_own_modes_or_those_of_the_api() {
    let api = json!(access(RICH).apis[0]);
    let check = |pointer: &str, expected: Value| {
        assert_eq!(api.pointer(pointer), Some(&expected), "{pointer} of {api:#}");
    };
    check("/address", json!("apis/every-way"));
    check("/connect/1", json!("AMAZON_COGNITO_USER_POOLS"));
    check("/providers/0", json!({ "mode": "API_KEY", "detail": "keys partner, web" }));
    check("/providers/1", json!({ "mode": "AWS_IAM" }));
    check("/namespaces/1/channels", json!("/default/*"));
    check("/namespaces/1/publish", json!({ "modes": ["AWS_IAM"], "from": "api" }));
    check(
        "/namespaces/2/publish",
        json!({ "modes": ["AWS_IAM", "AWS_LAMBDA"], "from": "namespace" }),
    );
    check("/namespaces/2/subscribe", json!({ "modes": ["OPENID_CONNECT"], "from": "namespace" }));
    check("/unusable", json!([]));
}

#[test]
fn a_mode_without_a_key_is_unusable() {
    let access = access(RICH);
    assert_eq!(access.apis[1].unusable, [AuthMode::ApiKey]);
    let is_usable = |mode: AuthMode| access.apis[1].is_usable(&AnyAuthMode::Known(mode));
    assert!(!is_usable(AuthMode::ApiKey) && is_usable(AuthMode::AwsIam));
}

#[test]
fn live_and_desired_state_give_the_same_access() {
    let (spec, _) = read(RICH);
    let live = deploy(&spec.unwrap().desired, &site(NOON));
    let live_access = Access::from_resources(
        live.managed.iter().map(|(address, resource)| (address, &resource.properties)),
    );
    let desired_access = access(
        &RICH
            .replace("${AWS::Region}", "ap-northeast-1")
            .replace("${AWS::AccountId}", "123456789012"),
    );
    assert_eq!(live_access, desired_access);
}

/// An API with a key and AWS signatures, and `more` in its authorization.
fn spec(more: &str, namespaces: &str) -> String {
    format!(
        "version: 1\nstack: s\napis:\n  a:\n    auth:\n      providers: [AWS_IAM, API_KEY]\n{more}    apiKeys: {{ web: {{}} }}\n    namespaces:\n{namespaces}"
    )
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(read(text).1, expected, "{text}");
}

#[test]
fn publishing_with_a_key_is_a_warning_where_it_is_written() {
    // All providers may publish: reported once, at the provider.
    check(&spec("", "      n: {}\n      m: {}\n"), &["PV404 6:28?"]);
    // The default of the API: reported once, at the item.
    let by_key = "      publish: [AWS_IAM, API_KEY]\n";
    check(&spec(by_key, "      n: {}\n      m: {}\n"), &["PV404 7:26?"]);
    // The list of the namespace, whatever its handler does.
    let own = "      n: { publish: [API_KEY], handlers: { code: echo.js } }\n";
    check(&spec("      publish: [AWS_IAM]\n", own), &["PV404 10:22?"]);
    check(&spec(by_key, own), &["PV404 10:22?"]);
    check(&spec("      publish: [AWS_IAM]\n", "      n: {}\n"), &[]);
    check(&spec(by_key, "      n: { publish: [AWS_IAM] }\n"), &[]);
}

#[test]
fn a_namespace_without_a_usable_mode_is_a_warning() {
    let keyless = |more: &str, namespaces: &str| {
        spec(more, namespaces).replace("    apiKeys: { web: {} }\n", "")
    };
    let iam = "      publish: [AWS_IAM]\n      subscribe: [AWS_IAM]\n";
    // PV205 reports the unusable provider.
    check(&keyless(iam, "      n: { publish: [API_KEY] }\n"), &["PV205 6:28?", "PV401 10:21?"]);
    check(&keyless(iam, "      n: { subscribe: [API_KEY] }\n"), &["PV205 6:28?", "PV402 10:23?"]);
    check(
        &keyless("      publish: [API_KEY]\n", "      n: {}\n      m: {}\n"),
        &["PV205 6:28?", "PV401 7:16?"],
    );
    check(
        &keyless("      subscribe: [API_KEY]\n", "      n: {}\n"),
        &["PV205 6:28?", "PV402 7:18?"],
    );
    check(
        &keyless("      connection: [API_KEY]\n", "      n: {}\n"),
        &["PV205 6:28?", "PV402 7:19?"],
    );
    // One usable mode is enough.
    check(&keyless("", "      n: { publish: [AWS_IAM, API_KEY] }\n"), &["PV205 6:28?"]);
    // An API without a usable mode is reported once.
    let only_key = keyless("", "      n: {}\n").replace("AWS_IAM, ", "");
    check(&only_key, &["PV205 6:19?"]);
}

#[test]
fn a_mode_that_may_subscribe_but_not_connect_is_a_note() {
    let connection = "      connection: [API_KEY]\n      publish: [AWS_IAM]\n";
    check(&spec(connection, "      n: {}\n      m: {}\n"), &["PV403 7:7i"]);
    check(&spec(connection, "      n: { subscribe: [API_KEY, AWS_IAM] }\n"), &["PV403 11:33i"]);
    check(
        &spec(&format!("{connection}      subscribe: [AWS_IAM]\n"), "      n: {}\n"),
        &["PV403 9:19i"],
    );
    // Publishing over HTTP needs no connection
    // (docs/reference/data-plane.md#publishing-over-http).
    check(&spec(&format!("{connection}      subscribe: [API_KEY]\n"), "      n: {}\n"), &[]);
}

#[test]
fn a_mode_without_a_provider_is_reported_once() {
    let lists = ["publish: [AWS_LAMBDA]", "subscribe: [AWS_LAMBDA]"];
    for list in lists {
        let codes =
            read(&spec("      publish: [AWS_IAM]\n", &format!("      n: {{ {list} }}\n"))).1;
        assert!(matches!(codes.as_slice(), [one] if one.starts_with("PV201 ")), "{codes:?}");
    }
}

#[test]
fn an_api_without_a_namespace_is_a_note() {
    check(
        "version: 1\nstack: s\napis:\n  a:\n    auth: { providers: [AWS_IAM] }\n",
        &["PV405 4:3i"],
    );
}

#[test]
fn access_in_each_format_matches_its_golden_file() {
    let access = access(RICH);
    let document = AccessDocument { version: 1, stack: "rich", apis: &access.apis };
    let json = serde_json::to_string_pretty(&document).unwrap() + "\n";
    for (name, text) in [
        ("table.txt", table(&access)),
        ("markdown.md", markdown(&access)),
        ("access.json", json),
        ("mermaid.mmd", mermaid(&access)),
    ] {
        golden(&format!("tests/data/access/{name}"), &text);
    }
}

#[test]
fn the_matrix_fits_into_100_columns() {
    let table = table(&access(RICH));
    let is_matrix_row =
        |line: &&str| ["from", "the API", "its own"].iter().any(|text| line.ends_with(text));
    for line in table.lines().filter(is_matrix_row) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn the_json_is_valid_against_its_schema() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(root("schemas/access.schema.json")).unwrap())
            .unwrap();
    let access = access(RICH);
    let document = json!(AccessDocument { version: 1, stack: "rich", apis: &access.apis });
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&document));
}

#[test]
fn the_command_prints_each_format_to_stdout_and_diagnostics_to_stderr() {
    let world = World::new();
    world.write("spec.yaml", RICH);
    for (format, begins) in [
        ("table", "apis/every-way  "),
        ("markdown", "### `apis/every-way`"),
        ("json", "{\n  \"version\": 1,"),
        ("mermaid", "flowchart LR\n"),
    ] {
        let ran = world.run(&["access", "spec.yaml", "--format", format]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.starts_with(begins), "{}", ran.out);
        assert!(ran.err.contains("PV205") && ran.err.contains("PV405"), "{}", ran.err);
    }
    let staged = "version: 1\nstack: s\nparameters: { stage: {} }\napis: { a: { name: 'a-${stage}', auth: { providers: [AWS_IAM] } } }\n";
    world.write("staged.yaml", staged);
    assert!(world.ok(&["access", "staged.yaml"]).starts_with("apis/a  a-${stage}\n"));
    let prod = world.ok(&["access", "staged.yaml", "--param", "stage=prod"]);
    assert!(prod.starts_with("apis/a  a-prod\n"), "{prod}");
    world.write("empty.yaml", "version: 1\nstack: s\n");
    assert_eq!(world.ok(&["access", "empty.yaml"]), "no API\n");
}
