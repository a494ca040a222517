//! Each function: results, and arguments that are rejected with CloudFormation's texts.
use serde_json::json;

use super::{check, check_error, evaluate};
use crate::cloudformation::template::KNOWN_AFTER_APPLY;

const UNKNOWN: &str = KNOWN_AFTER_APPLY;
const GET_ATT: &str = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";
const JOIN: &str = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
const SPLIT: &str = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
const SELECT: &str = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list";
const SUB: &str = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";

#[test]
fn ref_returns_parameters_pseudo_parameters_and_resources() {
    check("!Ref Env", json!("dev"));
    check("!Ref Count", json!("3"));
    check("!Ref Zones", json!(["a", "b", "c"]));
    check("!Ref Ports", json!(["80", "443"]));
    check("!Ref Owner", json!("team"));
    check("!Ref AWS::Region", json!("eu-west-1"));
    check("!Ref AWS::AccountId", json!("123456789012"));
    check("!Ref AWS::Partition", json!("aws"));
    check("!Ref AWS::URLSuffix", json!("amazonaws.com"));
    check("!Ref AWS::StackName", json!("demo"));
    check("!Ref AWS::StackId", json!("arn:aws:cloudformation:eu-west-1:123456789012:stack/demo/1"));
    check("!Ref AWS::NotificationARNs", json!(["arn:one", "arn:two"]));
    check("!Ref Api", json!("<Api>"));
    check("!Ref New", json!(UNKNOWN));
    check("{Ref: Env}", json!("dev"));
    check_error("!Ref [Env]", "Template error: All References must be of type string");
    check_error(
        "[!Ref Nope, !Ref Other, !Ref Nope]",
        "Template format error: Unresolved resource dependencies [Nope, Other] in the Resources block of the template",
    );
    check_error(
        "!Ref AWS::Nope",
        "Template format error: Unresolved resource dependencies [AWS::Nope] in the Resources block of the template",
    );
}

#[test]
fn no_value_removes_properties_and_items() {
    check("!Ref AWS::NoValue", json!("no value"));
    check("[a, !Ref AWS::NoValue, b]", json!(["a", "b"]));
    check("{A: !Ref AWS::NoValue, B: [!Ref AWS::NoValue]}", json!({ "B": [] }));
    check("!If [IsProd, x, !Ref AWS::NoValue]", json!("no value"));
    check("!Join [',', [a, !Ref AWS::NoValue, b]]", json!("a,b"));
    check("!Select [1, [a, !Ref AWS::NoValue, b]]", json!("b"));
    check_error(
        "!Base64 {Ref: 'AWS::NoValue'}",
        "Template error: every Fn::Base64 object must have a String-typed value.",
    );
}

#[test]
fn get_att_returns_attributes() {
    check("!GetAtt Api.Arn", json!("<Api.Arn>"));
    check("!GetAtt Api.Dns.Http", json!("<Api.Dns.Http>"));
    check("!GetAtt [Api, Dns.Http]", json!("<Api.Dns.Http>"));
    check("{'Fn::GetAtt': [Api, Arn]}", json!("<Api.Arn>"));
    check("{'Fn::GetAtt': Api.Arn}", json!("<Api.Arn>"));
    check("!GetAtt [Api, !Ref Env]", json!("<Api.dev>"));
    check("!GetAtt Api.List", json!(["x", "y"]));
    check("!GetAtt New.Arn", json!(UNKNOWN));
    for value in [
        "!GetAtt Api",
        "!GetAtt ''",
        "!GetAtt [Api]",
        "!GetAtt [Api, '']",
        "!GetAtt ['', Arn]",
        "!GetAtt .Arn",
        "!GetAtt Api.",
        "!GetAtt [Api, A, B]",
        "!GetAtt [Api, [A]]",
        "!GetAtt [!Ref Env, Arn]",
        "!GetAtt [Api, !GetAtt Api.Arn]",
        "!GetAtt {a: b}",
    ] {
        check_error(value, GET_ATT);
    }
    check_error(
        "!GetAtt Nope.Arn",
        "Template error: instance of Fn::GetAtt references undefined resource Nope",
    );
    let error = evaluate("{A: [!GetAtt Api.Missing]}").unwrap_err();
    assert_eq!(error.message, "Resource type T does not support attribute {Missing}");
    assert_eq!(error.pointer, "/A/0/Fn::GetAtt");
}

#[test]
fn sub_replaces_variables() {
    check("!Sub plain", json!("plain"));
    check("!Sub 5", json!("5"));
    check(
        "!Sub '${Env}-${AWS::Region}-${Api}-${Api.Dns.Http}'",
        json!("dev-eu-west-1-<Api>-<Api.Dns.Http>"),
    );
    check("!Sub '${!Env} ${Count} $Env ${'", json!("${Env} 3 $Env ${"));
    check("!Sub ['${A}-${Env}', {A: !Join ['+', [x, y]]}]", json!("x+y-dev"));
    check("!Sub ['${Env}', {Env: 7}]", json!("7"));
    check("!Sub ['${A.B}', {A.B: x}]", json!("x"));
    check("!Sub ['x', {}]", json!("x"));
    check("!Sub 'x${New}'", json!(UNKNOWN));
    check("!Sub ['${A}', {A: !GetAtt New.Arn}]", json!(UNKNOWN));
    for value in [
        "!Sub []",
        "!Sub ['x']",
        "!Sub ['x', [y]]",
        "!Sub ['x', {}, {}]",
        "!Sub [[x], {}]",
        "!Sub {a: b}",
        "!Sub [!Ref Env, {}]",
    ] {
        check_error(value, SUB);
    }
    check_error(
        "!Sub '${A B}'",
        "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
    );
    check_error(
        "!Sub '${Zones}'",
        "Template error: variable Zones in Fn::Sub expression does not resolve to a string",
    );
    check_error(
        "!Sub '${Nope.Arn}'",
        "Template error: instance of Fn::Sub references invalid resource attribute Nope.Arn",
    );
    check_error(
        "!Sub '${Env.X}'",
        "Template error: instance of Fn::Sub references invalid resource attribute Env.X",
    );
    check_error(
        "!Sub '${Nope}'",
        "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
    );
    let context = "Template error: every value of the context object of every Fn::Sub object must be a string or a function that returns a string";
    check_error("!Sub ['${A}', {A: [x]}]", context);
    check_error("!Sub ['${A}', {A: {b: c}}]", context);
    check_error("!Sub ['${A}', {A: !Ref Zones}]", context);
}

#[test]
fn join_concatenates() {
    check("!Join ['', [a, 1, true, !Ref Env]]", json!("a1truedev"));
    check("!Join ['|', !Ref Zones]", json!("a|b|c"));
    check("!Join [',', []]", json!(""));
    check("!Join ['-', !Split [',', 'a,b']]", json!("a-b"));
    check("!Join ['-', [a, !Ref New]]", json!(UNKNOWN));
    for value in [
        "!Join x",
        "!Join [',']",
        "!Join [',', x]",
        "!Join [[], []]",
        "!Join [!Ref Env, [a]]",
        "!Join [',', [a], b]",
        "!Join [',', [[a]]]",
        "!Join [',', [{a: b}]]",
        "!Join [',', [!Ref Zones]]",
        "!Join [',', !Ref Env]",
    ] {
        check_error(value, JOIN);
    }
}

#[test]
fn split_keeps_empty_texts() {
    check("!Split [',', 'a,b,,c']", json!(["a", "b", "", "c"]));
    check("!Split ['::', !Ref Env]", json!(["dev"]));
    check("!Split ['/', !GetAtt New.Arn]", json!(UNKNOWN));
    for value in [
        "!Split [',']",
        "!Split x",
        "!Split ['', a]",
        "!Split [!Ref Env, a]",
        "!Split [',', [a]]",
        "!Split [',', !Ref Zones]",
    ] {
        check_error(value, SPLIT);
    }
}

#[test]
fn select_takes_an_item() {
    check("!Select [0, [a, b]]", json!("a"));
    check("!Select ['1', !Ref Zones]", json!("b"));
    check("!Select [!FindInMap [Regions, eu-west-1, Size], !Ref Zones]", json!("c"));
    check("!Select [0, !GetAZs '']", json!("eu-west-1a"));
    check("!Select [0, [a, !Ref New]]", json!("a"));
    check("!Select [1, [a, !Ref New]]", json!(UNKNOWN));
    check("!Select [0, !Split [',', !Ref New]]", json!(UNKNOWN));
    for value in [
        "!Select x",
        "!Select [0]",
        "!Select [0, x]",
        "!Select [x, [a]]",
        "!Select [-1, [a]]",
        "!Select [1.5, [a]]",
        "!Select [[0], [a]]",
        "!Select [0, [a], b]",
        "!Select [!Ref Env, [a]]",
        "!Select [0, !Ref Env]",
    ] {
        check_error(value, SELECT);
    }
    check_error(
        "!Select [3, !Ref Zones]",
        "Template error: Fn::Select cannot select nonexistent value at index 3",
    );
    check_error(
        "!Select [0, []]",
        "Template error: Fn::Select cannot select nonexistent value at index 0",
    );
}

#[test]
fn if_chooses_a_branch() {
    check("!If [IsProd, a, b]", json!("b"));
    check("!If [IsDev, {A: !Ref Env}, b]", json!({ "A": "dev" }));
    check("!If [IsWest, west, other]", json!("west"));
    check("!If [IsProd, !GetAtt Api.Missing, !If [IsDev, x, y]]", json!("x"));
    let condition =
        "Template error: Fn::If requires a list argument with the first element being a condition";
    check_error("!If x", condition);
    check_error("!If []", condition);
    check_error("!If [!Equals [a, b], a, b]", condition);
    check_error(
        "!If [IsProd, a]",
        "Template error: Fn::If requires a list argument with three elements",
    );
    check_error(
        "!If [Nope, a, b]",
        "Template error: unresolved condition dependency Nope in Fn::If",
    );
}

#[test]
fn boolean_functions_are_for_conditions() {
    check_error("!Equals [a, a]", "Template error: Fn::Equals cannot be partially collapsed");
    check_error(
        "[!Not [!Condition IsProd]]",
        "Template error: Fn::Not cannot be partially collapsed",
    );
    // A policy statement with nothing else.
    check(
        "{Condition: {StringEquals: {a: b}}}",
        json!({ "Condition": { "StringEquals": { "a": "b" } } }),
    );
}

#[test]
fn find_in_map_reads_mappings() {
    check("!FindInMap [Regions, !Ref AWS::Region, Ami]", json!("ami-west"));
    check("!FindInMap [Regions, eu-west-1, Size]", json!(2));
    check("!FindInMap [Regions, eu-west-1, Names]", json!(["x", "y"]));
    check_error(
        "!FindInMap [Regions, eu-west-1, Nope]",
        "Template error: Unable to get mapping for Regions::eu-west-1::Nope",
    );
    check_error(
        "!FindInMap [Regions, !Ref Env, Ami]",
        "Template error: Unable to get mapping for Regions::dev::Ami",
    );
    check_error(
        "!FindInMap [Nope, a, b]",
        "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
    );
    let parameters = "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";
    for value in [
        "!FindInMap x",
        "!FindInMap [Regions, a]",
        "!FindInMap [Regions, [a], b]",
        "!FindInMap [Regions, !Sub x, b]",
        "!FindInMap [Regions, a, b, {DefaultValue: c}]",
    ] {
        check_error(value, parameters);
    }
}

#[test]
fn base64_encodes_text() {
    check("!Base64 hello world", json!("aGVsbG8gd29ybGQ="));
    check("!Base64 {'Fn::Sub': '${Env}-x'}", json!("ZGV2LXg="));
    check("!Base64 {Ref: New}", json!(UNKNOWN));
    check_error(
        "!Base64 [a]",
        "Template error: every Fn::Base64 object must have a String-typed value.",
    );
}

#[test]
fn get_azs_returns_the_zones_of_a_region() {
    check("!GetAZs ''", json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
    check("!GetAZs {Ref: 'AWS::Region'}", json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
    check("!GetAZs", json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
    check("!GetAZs us-west-1", json!(["us-west-1a", "us-west-1c"]));
    check_error(
        "!GetAZs [a]",
        "Template error: every Fn::GetAZs object must have a String-typed value.",
    );
}

#[test]
fn cidr_divides_blocks() {
    check("!Cidr [10.0.0.0/16, 2, 8]", json!(["10.0.0.0/24", "10.0.1.0/24"]));
    check("!Select [1, !Cidr [10.0.0.0/16, '2', '8']]", json!("10.0.1.0/24"));
    check("!Cidr [10.0.0.0/16, !Ref Count]", json!(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]));
    check("!Cidr [!GetAtt New.Block, 2, 8]", json!(UNKNOWN));
    for value in [
        "!Cidr x",
        "!Cidr [10.0.0.0/16]",
        "!Cidr [10.0.0.0/16, 0, 8]",
        "!Cidr [10.0.0.0/16, 257, 8]",
        "!Cidr [10.0.0.0/16, 1, 8, 9]",
        "!Cidr [10.0.0.0/16, x, 8]",
        "!Cidr [[a], 1, 8]",
    ] {
        assert!(
            evaluate(value).unwrap_err().message.contains("every Fn::Cidr object requires"),
            "{value}"
        );
    }
}

#[test]
fn import_value_reads_exports() {
    check("!ImportValue shared-vpc", json!("vpc-1"));
    check("!ImportValue {'Fn::Join': ['-', [shared, vpc]]}", json!("vpc-1"));
    check_error("!ImportValue nope", "No export named nope");
    let independent = "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs";
    for value in [
        "!ImportValue {'Fn::GetAtt': [Api, Arn]}",
        "!ImportValue {'Fn::ImportValue': a}",
        "!ImportValue [a]",
        "!ImportValue {'Fn::Select': [0, {'Fn::GetAZs': ''}]}",
    ] {
        check_error(value, independent);
    }
    check_error("!ImportValue {Ref: Api}", independent);
    check_error("!ImportValue {'Fn::Sub': '${Api.Arn}'}", independent);
}

#[test]
fn functions_that_the_emulator_does_not_run_are_rejected_by_name() {
    for (value, name) in [
        ("!Transform {Name: 'AWS::Include'}", "Fn::Transform"),
        ("!GetStackOutput {StackName: a, OutputName: b}", "Fn::GetStackOutput"),
        ("{'Fn::Foo': x}", "Fn::Foo"),
        ("{'Fn::ForEach::X': x}", "Fn::ForEach::X"),
        ("!Length [a]", "Fn::Length"),
        ("!ToJsonString {a: b}", "Fn::ToJsonString"),
        ("!RefAll String", "Fn::RefAll"),
    ] {
        assert!(evaluate(value).unwrap_err().message.contains(name), "{value}");
    }
    // Not a call: an object with several members is data.
    check("{'Fn::Foo': x, b: !Ref Env}", json!({ "Fn::Foo": "x", "b": "dev" }));
}

#[test]
fn dynamic_references_are_resolved_last() {
    check("'{{resolve:ssm:/a:1}}'", json!("value of /a"));
    check("!Sub 'x {{resolve:ssm:${Env}}}'", json!("x value of dev"));
    check("!Join ['', ['{{resolve:ssm:', !Ref Env, '}}']]", json!("value of dev"));
    check("['{{resolve:ssm:a}}{{resolve:ssm:b:2}}']", json!(["value of avalue of b"]));
    check_error("'{{resolve:ssm:missing}}'", "Parameters: [missing] cannot be found.");
    check_error(
        "'{{resolve:ssm-secure:a:1}}'",
        "SSM Secure reference is not supported in: [AWS::AppSync::Api/Properties/P]",
    );
    assert!(
        evaluate("'{{resolve:secretsmanager:a}}'").unwrap_err().message.contains("Secrets Manager")
    );
}

#[test]
fn a_whole_result_is_unknown_only_where_a_part_of_a_text_is() {
    check(
        "{A: !Ref New, B: [x, !Sub '${New}-x'], C: y}",
        json!({ "A": UNKNOWN, "B": ["x", UNKNOWN], "C": "y" }),
    );
}
