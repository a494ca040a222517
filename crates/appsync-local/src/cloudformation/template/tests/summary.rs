//! What GetTemplateSummary reports.
use serde_json::json;

use crate::cloudformation::template::Template;

#[track_caller]
fn check(resources: &str, types: &[&str], capabilities: &[&str], reason: Option<&str>) {
    let text = format!("Transform: AWS::LanguageExtensions\nResources:\n{resources}");
    let template = Template::parse(&text).unwrap();
    assert_eq!(template.resource_types(), types);
    assert_eq!(template.required_capabilities(), capabilities);
    assert_eq!(template.capabilities_reason().as_deref(), reason);
}

#[test]
fn capabilities_depend_on_types_and_names() {
    check(
        "  A: {Type: AWS::S3::Bucket}\n  B: {Type: AWS::S3::Bucket}",
        &["AWS::S3::Bucket"],
        &[],
        None,
    );
    let role = "The following resource(s) require capabilities: [AWS::IAM::Role]";
    check("  A: {Type: AWS::IAM::Role}", &["AWS::IAM::Role"], &["CAPABILITY_IAM"], Some(role));
    check(
        "  A: {Type: AWS::IAM::Role, Properties: {RoleName: a}}\n  B: {Type: AWS::IAM::Policy}",
        &["AWS::IAM::Role", "AWS::IAM::Policy"],
        &["CAPABILITY_NAMED_IAM"],
        Some("The following resource(s) require capabilities: [AWS::IAM::Role, AWS::IAM::Policy]"),
    );
    // The types of loops are known before the loops are expanded.
    check(
        "  Fn::ForEach::X: [X, [a], {'A${X}': {Type: AWS::IAM::Role}}]",
        &["AWS::IAM::Role"],
        &["CAPABILITY_IAM"],
        Some(role),
    );
}

#[test]
fn sections_without_functions_are_returned_as_they_are() {
    let text = "
AWSTemplateFormatVersion: 2010-09-09
Description: what it is
Metadata: {Interface: {a: [1]}}
Transform: [AWS::LanguageExtensions, {Name: AWS::Include}]
Resources: {A: {Type: T}}
";
    let template = Template::parse(text).unwrap();
    assert_eq!(template.format_version(), Some("2010-09-09"));
    assert_eq!(template.description(), Some("what it is"));
    assert_eq!(template.metadata(), Some(&json!({ "Interface": { "a": [1] } })));
    assert_eq!(template.transforms(), ["AWS::LanguageExtensions", "AWS::Include"]);
}
