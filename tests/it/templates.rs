//! Rendered templates: parameters, keys, limits, and one template for each API.
use std::fs;

use serde_json::{Value, json};

use crate::world::{Ran, World};

fn render(world: &World, arguments: &[&str]) -> Value {
    let line = ["render", "spec.yaml", "--cfn", "--quiet", "--format", "json"];
    serde_json::from_str(&world.ok(&[&line, arguments].concat())).unwrap()
}

fn world(spec: &str) -> World {
    let world = World::new();
    world.write("spec.yaml", spec);
    world
}

const TWO: &str = "\
version: 1
stack: chat-${stage}
parameters:
  stage: { default: dev, allowed: [dev, prod], description: Where this runs }
  team: { pattern: '[a-z]+' }
logRoles:
  logs: {}
apis:
  one:
    name: one-${stage}
    auth: { providers: [API_KEY, AWS_IAM], publish: [AWS_IAM] }
    logging: { level: ERROR, role: logs }
    apiKeys: { web: { validFor: 90d } }
    namespaces: { chat: {} }
  two:
    ownerContact: ${team}
    auth: { providers: [AWS_IAM] }
    logging: { level: ERROR, role: logs }
    namespaces: { news: {} }
domains:
  events:
    name: events.example.com
    certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/c'
    association: { api: two }
";

#[test]
fn parameters_stay_parameters() {
    let template = render(&world(TWO), &[]);
    let stage = json!({ "Type": "String", "Description": "Where this runs", "Default": "dev", "AllowedValues": ["dev", "prod"] });
    assert_eq!(template["Parameters"]["stage"], stage);
    assert_eq!(
        template["Parameters"]["team"],
        json!({ "Type": "String", "AllowedPattern": "[a-z]+" })
    );
    let properties = |id: &str| template["Resources"][id]["Properties"].clone();
    assert_eq!(properties("OneApi")["Name"], json!({ "Fn::Sub": "one-${stage}" }));
    assert_eq!(properties("TwoApi")["Name"], json!({ "Fn::Sub": "chat-${stage}-two" }));
    assert_eq!(properties("TwoApi")["OwnerContact"], json!({ "Ref": "team" }));
}

#[test]
fn keys_are_outputs_only_on_request() {
    let world = world(TWO);
    let outputs = |arguments: &[&str]| render(&world, arguments)["Outputs"].clone();
    assert_eq!(outputs(&[]).get("OneWebApiKey"), None);
    let value = json!({ "Value": { "Fn::GetAtt": ["OneWebApiKey", "ApiKey"] } });
    assert_eq!(outputs(&["--export-keys"])["OneWebApiKey"], value);
}

#[test]
fn each_api_has_a_template_with_everything_it_needs() {
    let world = world(TWO);
    world.ok(&[
        "render",
        "spec.yaml",
        "--cfn",
        "--quiet",
        "--format",
        "json",
        "--split",
        "--out",
        "out",
    ]);
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(world.path(name)).unwrap()).unwrap()
    };
    let keys = |template: &Value, section: &str| -> Vec<String> {
        template[section].as_object().unwrap().keys().cloned().collect()
    };
    let (one, two) = (read("out/one.template.json"), read("out/two.template.json"));
    assert_eq!(
        keys(&one, "Resources"),
        ["OneApi", "OneWebApiKey", "OneChatNamespace", "LogsLogRole"]
    );
    assert_eq!(keys(&one, "Parameters"), ["stage"]);
    // The outputs of the only API have no prefix.
    assert!(keys(&one, "Outputs").contains(&"HttpUrl".to_owned()));
    let two_has =
        ["TwoApi", "TwoNewsNamespace", "EventsDomain", "EventsAssociation", "LogsLogRole"];
    assert_eq!(keys(&two, "Resources"), two_has);
    assert_eq!(keys(&two, "Parameters"), ["stage", "team"]);
    assert!(!world.path("out/template.json").exists());
}

#[test]
fn several_templates_cannot_create_a_role_with_a_custom_name() {
    let world = world(&TWO.replace("logs: {}", "logs: { name: my-role }"));
    world.ok(&["render", "spec.yaml", "--cfn", "--quiet"]);
    let Ran { code, err, .. } =
        world.run(&["render", "spec.yaml", "--cfn", "--split", "--out", "out"]);
    assert_eq!(code, 1);
    assert!(err.contains("PV605") && err.contains("spec.yaml:7:11"), "{err}");
    assert!(!world.path("out").exists());
}

/// Twenty APIs of fifty namespaces.
fn large() -> String {
    let api = |n: usize| {
        let namespaces: String = (0..50).map(|m| format!("      n{m}: {{}}\n")).collect();
        format!("  api{n}:\n    auth: {{ providers: [AWS_IAM] }}\n    namespaces:\n{namespaces}")
    };
    let apis: String = (0..20).map(api).collect();
    format!("version: 1\nstack: large\napis:\n{apis}")
}

#[test]
fn too_many_resources_for_a_template_are_an_error_and_can_be_split() {
    let world = world(&large());
    let Ran { code, err, out } = world.run(&["render", "spec.yaml", "--cfn"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("PV600") && err.contains("1020 resources") && err.contains("--split"),
        "{err}"
    );
    world.ok(&["render", "spec.yaml", "--cfn", "--split", "--out", "out"]);
    assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), 20);
}

#[test]
fn keys_that_a_template_does_not_renew_are_reported() {
    let Ran { code, err, .. } = world(TWO).run(&["render", "spec.yaml", "--cfn"]);
    assert_eq!(code, 0);
    assert!(err.contains("note[PV604]") && err.contains("90d from now"), "{err}");
}

#[test]
fn an_owner_contact_that_is_too_long_for_cloudformation_is_an_error_of_render() {
    let world =
        world(&TWO.replace("ownerContact: ${team}", &format!("ownerContact: {}", "x".repeat(251))));
    world.ok(&["validate", "spec.yaml"]);
    let Ran { code, err, .. } = world.run(&["render", "spec.yaml", "--cfn"]);
    assert_eq!(code, 1);
    assert!(err.contains("error[PV606]") && err.contains("spec.yaml:16:19"), "{err}");
}

#[test]
fn a_spec_without_resources_cannot_be_rendered() {
    let Ran { code, err, out } =
        world("version: 1\nstack: s\n").run(&["render", "spec.yaml", "--cfn"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("a template needs a resource"), "{err}");
}
