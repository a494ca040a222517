//! Templates of real projects parse and evaluate. `tests/data/stacks/resolved.json` has what they evaluate to.
use std::fs;

use serde_json::{Map, Value, json};

use super::{TestResources, with_scope};
use crate::cloudformation::template::{OutputDeclaration, ResourceDeclaration, Template};

const ARTICLE: &str = include_str!("../../../../../../tests/data/templates/article.yaml");
const EVERYTHING: &str = include_str!("../../../../../../tests/data/templates/everything.yaml");
const GENERATED: &str = include_str!("../../../../../../tests/data/templates/generated.json");
const HANDWRITTEN: &str = include_str!("../../../../../../tests/data/templates/handwritten.yaml");
const SAM: &str = include_str!("../../../../../../tests/data/templates/sam.yaml");
const GRAPHQL_ONLY: &str = include_str!("../../../../../../tests/data/templates/graphql-only.yaml");
const UNDECIDED: &str = include_str!("../../../../../../tests/data/templates/undecided.yaml");
const NO_RESOURCES: &str = include_str!("../../../../../../tests/data/templates/no-resources.yaml");
const NO_TEMPLATE: &str = include_str!("../../../../../../tests/data/templates/no-template.json");
const A_SPEC: &str = include_str!("../../../../../../tests/data/templates/a-spec.yaml");

/// What the templates evaluate to; `UPDATE=1` writes the file, for review.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/stacks/resolved.json");
const EVERYTHING_PARAMETERS: &[(&str, &str)] = &[
    ("UserPoolId", "eu-west-1_abc"),
    ("CertificateArn", "arn:aws:acm:us-east-1:1:certificate/c"),
    ("Unused", "x"),
];

/// Returns everything that an operation reads from a template.
fn resolved(text: &str, given: &[(&str, &str)]) -> Value {
    let resolved = with_scope(text, given, |scope| {
        let resource = |resource: &ResourceDeclaration| {
            let id = &resource.logical_id;
            let value = json!({
                "Type": resource.resource_type,
                "Properties": scope.resolve_properties(resource, &TestResources).unwrap(),
                "DependsOn": scope.dependencies().dependencies_of(id).collect::<Vec<_>>(),
                "DeletionPolicy": resource.deletion_policy.as_str(),
            });
            (id.clone(), value)
        };
        let output = |output: &OutputDeclaration| {
            let resolved = scope.resolve_output(output, &TestResources).unwrap();
            let value = json!({ "Value": resolved.value, "Export": resolved.export_name });
            (output.logical_id.clone(), value)
        };
        let template = scope.template();
        json!({
            "Order": scope.dependencies().order().unwrap(),
            "Capabilities": template.required_capabilities(),
            "CapabilitiesReason": template.capabilities_reason(),
            "Conditions": scope.conditions(),
            "Resources": scope.active_resources().into_iter().map(resource).collect::<Map<_, _>>(),
            "Outputs": scope.active_outputs().into_iter().map(output).collect::<Map<_, _>>(),
        })
    });
    resolved.unwrap()
}

#[test]
fn whole_templates_evaluate_to_what_was_reviewed() {
    let actual = json!({
        "article.yaml": resolved(ARTICLE, &[]),
        "everything.yaml": resolved(EVERYTHING, EVERYTHING_PARAMETERS),
        "generated.json, without its cycle": resolved(&without_cycle(GENERATED), &[]),
        "handwritten.yaml, without its errors": resolved(&without_errors(HANDWRITTEN), HANDWRITTEN_PARAMETERS),
    });
    let actual = format!("{actual:#}\n");
    if std::env::vars().any(|(name, _)| name == "UPDATE") {
        fs::write(GOLDEN, &actual).unwrap();
    }
    let expected = fs::read_to_string(GOLDEN).unwrap();
    // Line by line, so that a difference is short.
    for (expected, actual) in expected.lines().zip(actual.lines()) {
        assert_eq!(actual, expected, "UPDATE=1 writes {GOLDEN}");
    }
    assert_eq!(actual.len(), expected.len());
}

/// Removes the host of the API from the environment of its authorizer.
fn without_cycle(text: &str) -> String {
    let cycle = r#"{ "Fn::GetAtt": ["EventApiFD2E3A1B", "Dns.Http"] }"#;
    text.replace(cycle, r#""events.example.com""#)
}

const HANDWRITTEN_PARAMETERS: &[(&str, &str)] = &[("Secret", "12345678"), ("Network", "shared")];

/// Corrects everything in the template that CloudFormation rejects, and makes its exports exist.
fn without_errors(text: &str) -> String {
    let corrections = [
        ("*modes", "[{ AuthType: AWS_IAM }]"),
        ("x-modes: &modes\n  - AuthType: AWS_IAM\n", ""),
        ("  Strange: { Properties: {} }\n", ""),
        ("Resources:\n", "Transform: AWS::LanguageExtensions\nResources:\n"),
        ("${Network}-web", "shared-vpc"),
        ("${Network}-api", "shared-vpc"),
        ("!Select [ 2, !Split", "!Select [ 0, !Split"),
    ];
    corrections.iter().fold(text.to_owned(), |text, (wrong, right)| text.replace(wrong, right))
}

/// Returns all resolved properties, by logical id.
#[track_caller]
fn properties(text: &str, given: &[(&str, &str)]) -> Value {
    let resolved = with_scope(text, given, |scope| {
        let resources = scope.active_resources().into_iter();
        let resolve = |resource| scope.resolve_properties(resource, &TestResources).unwrap();
        Value::Object(
            resources.map(|resource| (resource.logical_id.clone(), resolve(resource))).collect(),
        )
    });
    resolved.unwrap()
}

#[test]
fn the_rendered_templates_of_every_init_template() {
    let rendered = [
        include_str!("../../../../../../templates/article/template.yaml"),
        include_str!("../../../../../../templates/chat/template.yaml"),
        include_str!("../../../../../../templates/cognito-lambda/template.yaml"),
        include_str!("../../../../../../templates/data-sources/template.yaml"),
        include_str!("../../../../../../templates/minimal/template.yaml"),
        include_str!("../../../../../../templates/stages/template.yaml"),
    ];
    for text in rendered {
        let template = Template::parse(text).unwrap();
        let required = template.parameters().iter().filter(|parameter| parameter.default.is_none());
        let given: Vec<(&str, &str)> =
            required.map(|parameter| (parameter.name.as_str(), "x")).collect();
        assert!(!resolved(text, &given)["Resources"].as_object().unwrap().is_empty());
    }
}

#[test]
fn the_template_of_the_article() {
    let properties = properties(ARTICLE, &[]);
    let ids: Vec<&String> = properties.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["AppSyncApi", "ApiKey", "NameSpace", "CloudWatchLogsRole"]);
    assert_eq!(properties["ApiKey"], json!({ "ApiId": "<AppSyncApi.ApiId>" }));
    let template = Template::parse(ARTICLE).unwrap();
    assert_eq!(template.description(), Some("Sample AppSync Template"));
    assert_eq!(template.required_capabilities(), ["CAPABILITY_IAM"]);
    with_scope(ARTICLE, &[], |scope| {
        let order = scope.dependencies().order().unwrap();
        assert_eq!(order, ["CloudWatchLogsRole", "AppSyncApi", "ApiKey", "NameSpace"]);
        let outputs = scope.active_outputs();
        assert_eq!(outputs[0].value, json!({ "Fn::GetAtt": ["AppSyncApi", "Dns.Http"] }));
    })
    .unwrap();
}

#[test]
fn a_template_with_every_type_of_appsync_events() {
    let properties = properties(EVERYTHING, EVERYTHING_PARAMETERS);
    assert_eq!(properties["OrdersApi"]["Name"], "orders-dev");
    assert_eq!(
        properties["OrdersLogRole"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"],
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/appsync/apis/*"
    );
    assert_eq!(
        properties["OrdersLogRole"]["Policies"][0]["PolicyDocument"]["Version"], "2012-10-17",
        "a date is text"
    );
    let template = Template::parse(EVERYTHING).unwrap();
    assert_eq!(template.required_capabilities(), ["CAPABILITY_NAMED_IAM"]);
}

#[test]
fn a_template_of_the_cdk() {
    // The function has the API's host in its environment, and the API has the function as its authorizer.
    assert_eq!(
        with_scope(GENERATED, &[], |_| ()).unwrap_err(),
        "Circular dependency between resources: [EventApiFD2E3A1B, AuthorizerFunctionB4DBAA43]"
    );
    let properties = properties(&without_cycle(GENERATED), &[]);
    assert_eq!(properties["EventApiDefaultKey0F1E2D3C"]["Description"], "Café clients 🚀");
    assert_eq!(properties.get("CDKMetadata"), None, "its condition is false in eu-west-1");
    assert_eq!(
        properties["AuthorizerFunctionB4DBAA43"]["Code"]["S3Bucket"],
        "cdk-hnb659fds-assets-123456789012-eu-west-1"
    );
}

#[test]
fn a_template_written_by_hand() {
    let error = |text: &str| Template::parse(text).unwrap_err().0;
    assert_eq!(
        error(HANDWRITTEN),
        "Template error: YAML aliases are not allowed in CloudFormation templates"
    );
    let text = HANDWRITTEN.replace("*modes", "[{ AuthType: AWS_IAM }]");
    assert_eq!(error(&text), "Invalid template property or properties [x-modes]");
    let text = text.replace("x-modes: &modes\n  - AuthType: AWS_IAM\n", "");
    assert_eq!(
        error(&text),
        "Template format error: [/Resources/Strange] Every Resources object must contain a Type member."
    );
    let text = text.replace("  Strange: { Properties: {} }\n", "");
    assert_eq!(
        error(&text),
        "Template format error: [/Resources/Fn::ForEach::Topics] resource definition is malformed"
    );
    let properties = properties(&without_errors(HANDWRITTEN), HANDWRITTEN_PARAMETERS);
    assert_eq!(properties["NotificationsAPI"]["Name"], "notifications-dev");
    assert_eq!(properties["NotificationsAPI"]["OwnerContact"], "a team in dev");
    assert_eq!(properties["Source"]["HttpConfig"]["Endpoint"], "vpc-1");
    assert_eq!(properties["TopicA"], json!({}));
    assert_eq!(properties["TopicB"], json!({}));
    assert_eq!(
        properties["LogRole"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"],
        "arn:aws:logs:*:*:log-group:/aws/appsync/apis/${literal}*"
    );
}

#[test]
fn a_template_of_sam_is_rejected_with_the_way_to_translate_it() {
    let template = Template::parse(SAM).unwrap();
    assert_eq!(template.transforms(), ["AWS::Serverless-2016-10-31"]);
    let error = with_scope(SAM, &[], |_| ()).unwrap_err();
    assert!(error.contains("aws-sam-translator"), "{error}");
}

#[test]
fn other_texts_are_rejected() {
    let error = |text| with_scope(text, &[("Stage", "a"), ("Level", "b")], |_| ()).unwrap_err();
    assert!(Template::parse(GRAPHQL_ONLY).is_ok());
    assert_eq!(
        error(UNDECIDED),
        "Template error: Found circular condition dependency: [Loop, Other]"
    );
    let at_least = "Template format error: At least one Resources member must be defined.";
    assert_eq!(error(NO_RESOURCES), at_least);
    assert_eq!(
        error(NO_TEMPLATE),
        "Invalid template property or properties [name, version, dependencies]"
    );
    assert!(error(A_SPEC).starts_with("Invalid template property or properties ["));
}
