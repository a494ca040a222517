//! `AWS::LanguageExtensions`.
use serde_json::{Value, json};

use super::{TestResources, error_of, with_scope};
use crate::cloudformation::template::{DeletionPolicy, KNOWN_AFTER_APPLY, Resolved};

const HEAD: &str = "
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'alpha,beta-2'}
  Policy: {Type: String, Default: Retain}
Mappings: {M: {a: {k: [x, y], t: one}}}
Conditions: {Never: !Equals [a, b]}
";

/// Returns a section of the processed template.
#[track_caller]
fn processed(text: &str, section: &str) -> Value {
    let text = format!("{HEAD}{text}");
    with_scope(&text, &[], |scope| scope.template().document()[section].clone()).unwrap()
}

#[track_caller]
fn check_value(value: &str, expected: Value) {
    let text = format!(
        "{HEAD}Resources: {{New: {{Type: T}}, R: {{Type: T, Properties: {{P: {value}}}}}}}"
    );
    let resolved = with_scope(&text, &[], |scope| {
        let declaration = scope.template().resource("R").unwrap();
        scope.resolve(&declaration.properties["P"], &TestResources)
    });
    assert_eq!(resolved, Ok(Ok(Resolved::Value(expected))), "{value}");
}

#[track_caller]
fn check_error(resources: &str, expected: &str) {
    assert_eq!(error_of(&format!("{HEAD}Resources: {resources}"), &[]), expected, "{resources}");
}

#[test]
fn loops_make_resources() {
    let text = "
Resources:
  First: {Type: T}
  Fn::ForEach::Topics:
    - Name
    - !Ref Names
    - Topic&{Name}:
        Type: T
        DependsOn: First
        Properties: {Name: {Ref: Name}, Label: !Sub '${Name}-${AWS::Region}', Arn: !GetAtt First.Arn}
  Last: {Type: T, Properties: {Of: !GetAtt Topicbeta2.Arn}}
";
    let topic = |name: &str| {
        json!({
            "Type": "T",
            "DependsOn": "First",
            "Properties": {
                "Name": name,
                "Label": { "Fn::Sub": format!("{name}-${{AWS::Region}}") },
                "Arn": { "Fn::GetAtt": ["First", "Arn"] },
            },
        })
    };
    let resources = processed(text, "Resources");
    let ids: Vec<&String> = resources.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["First", "Topicalpha", "Topicbeta2", "Last"]);
    assert_eq!(resources["Topicalpha"], topic("alpha"));
    assert_eq!(resources["Topicbeta2"], topic("beta-2"));
}

#[test]
fn loops_are_nested() {
    let text = "
Resources:
  Fn::ForEach::Outer:
    - A
    - [x, y]
    - Fn::ForEach::Inner:
        - B
        - ['1', '2']
        - R${A}${B}: {Type: T, Properties: {V: !Sub '${A}${B}', W: '${A}'}}
";
    let resources = processed(text, "Resources");
    let values: Vec<&Value> =
        resources.as_object().unwrap().values().map(|r| &r["Properties"]["V"]).collect();
    let sub = |text: &str| json!({ "Fn::Sub": text });
    assert_eq!(values, [&sub("x1"), &sub("x2"), &sub("y1"), &sub("y2")]);
    // Other texts keep their placeholders.
    assert_eq!(resources["Rx1"]["Properties"]["W"], "${A}");
}

#[test]
fn loops_make_conditions_outputs_and_properties() {
    let text = "
Resources:
  R:
    Type: T
    Properties:
      Fixed: 1
      Fn::ForEach::Members: [K, !FindInMap [M, a, k], {'P${K}': {Value: !Ref K}}]
Outputs:
  Fn::ForEach::Outputs: [N, [A, B], {'Out${N}': {Value: !GetAtt [R, !Ref N]}}]
";
    let properties = &processed(text, "Resources")["R"]["Properties"];
    assert_eq!(*properties, json!({ "Fixed": 1, "Px": { "Value": "x" }, "Py": { "Value": "y" } }));
    assert_eq!(processed(text, "Outputs")["OutB"]["Value"], json!({ "Fn::GetAtt": ["R", "B"] }));
    let text = "
Transform: AWS::LanguageExtensions
Conditions:
  Fn::ForEach::Conditions: [R, [eu-west-1, us-east-1], {'Is&{R}': !Equals [!Ref AWS::Region, !Ref R]}]
Resources: {A: {Type: T, Condition: Iseuwest1}, B: {Type: T, Condition: Isuseast1}}
";
    with_scope(text, &[], |scope| {
        assert!(scope.conditions()["Iseuwest1"]);
        assert_eq!(scope.active_resources().len(), 1);
    })
    .unwrap();
}

#[test]
fn loops_that_are_not_valid_are_rejected() {
    let failed = |detail: &str| format!("Transform AWS::LanguageExtensions failed with: {detail}");
    let layout = failed("Fn::ForEach layout is incorrect");
    for argument in [
        "x",
        "[N, [a]]",
        "[[N], [a], {'A${N}': {Type: T}}]",
        "['', [a], {A: {Type: T}}]",
        "[N, [a], {}]",
        "[N, [a], [x]]",
        "[N, a, {'A${N}': {Type: T}}]",
        "[N, [a], {A: {Type: T}}]",
    ] {
        check_error(&format!("{{'Fn::ForEach::L': {argument}}}"), &layout);
    }
    let collection = failed("Could not find a collection or could not be resolved for Fn::ForEach");
    for items in [
        "{a: b}",
        "!Ref Policy",
        "[!Ref A]",
        "[[[a]]]",
        "!FindInMap [M, a, nope]",
        "!GetAtt A.List",
    ] {
        check_error(
            &format!(
                "{{A: {{Type: T}}, 'Fn::ForEach::L': [N, {items}, {{'A${{N}}': {{Type: T}}}}]}}"
            ),
            &collection,
        );
    }
    let body = "{'A${N}': {Type: T}}";
    check_error(
        &format!("{{'Fn::ForEach::L': [N, [a, a], {body}]}}"),
        &failed("Fn::ForEach::L produces Aa more than once"),
    );
    check_error(
        &format!("{{'Fn::ForEach::L': [N, [a-b], {body}]}}"),
        "Template format error: Resource name Aa-b is non alphanumeric.",
    );
    check_error(
        &format!("{{'Fn::ForEach::L': [N, [], {body}]}}"),
        "Template format error: At least one Resources member must be defined.",
    );
    check_error(
        "{A: {Type: T}}\nOutputs: {'Fn::ForEach::L': [N, [a-b], {'O${N}': {Value: x}}]}",
        &failed("OutputKey 'Oa-b' should be alphanumeric"),
    );
    check_error(
        "{'Fn::ForEach::L': [N, [a], {'A${N}': {Type: T, Condition: 'Is${N}'}}]}",
        &failed("Key Is${N} is missing in the map."),
    );
    check_error(
        "{A: {Type: T}, 'Fn::ForEach::L': [N, [a], {'A${N}': {Type: T, Properties: {P: {Ref: !GetAtt A.Name}}}}]}",
        &failed("Fn::GetAtt in a reference could not be resolved"),
    );
}

#[test]
fn conditions_of_loops_may_be_functions() {
    let text = "
Transform: AWS::LanguageExtensions
Conditions: {Isa: !Equals [a, a], Isb: !Equals [a, b]}
Resources:
  Fn::ForEach::L: [N, [a, b], {'R${N}': {Type: T, Condition: !Sub 'Is${N}'}}]
";
    let active = with_scope(text, &[], |scope| {
        let active = scope.active_resources().into_iter();
        active.map(|resource| resource.logical_id.clone()).collect::<Vec<_>>()
    });
    assert_eq!(active, Ok(vec!["Ra".to_owned()]));
}

#[test]
fn length_counts_items() {
    check_value("!Length [a, b, !Ref New]", json!(3));
    check_value("{'Fn::Length': !Ref Names}", json!(2));
    check_value("!Length {'Fn::Split': [',', 'a,b,c']}", json!(3));
    let unresolved = "Transform AWS::LanguageExtensions failed with: The Fn::Length value could not be resolved for properties";
    for argument in ["!GetAtt R.List", "!Split [',', !Ref New]", "!Ref Policy"] {
        check_error(
            &format!(
                "{{New: {{Type: T}}, R: {{Type: T, Properties: {{P: {{'Fn::Length': {argument}}}}}}}}}"
            ),
            unresolved,
        );
    }
    check_error(
        "{R: {Type: T, Properties: {P: !Length x}}}",
        "Template error: every Fn::Length object requires a list or a function that returns a list",
    );
}

#[test]
fn to_json_string_writes_json() {
    check_value(
        "!ToJsonString {b: [1, !Ref Policy, true], a: !Ref AWS::NoValue}",
        json!(r#"{"b":[1,"Retain",true]}"#),
    );
    check_value("{'Fn::ToJsonString': [a, {b: c}]}", json!(r#"["a",{"b":"c"}]"#));
    check_value("!ToJsonString {a: [!GetAtt New.Arn]}", json!(KNOWN_AFTER_APPLY));
    check_error(
        "{R: {Type: T, Properties: {P: !ToJsonString x}}}",
        "Template error: every Fn::ToJsonString object requires an object or a list",
    );
}

#[test]
fn find_in_map_has_a_default_and_functions_in_keys() {
    check_value("!FindInMap [M, a, t, {DefaultValue: d}]", json!("one"));
    check_value("!FindInMap [M, b, t, {DefaultValue: !Ref Policy}]", json!("Retain"));
    check_value("!FindInMap [Nope, b, t, {DefaultValue: [d]}]", json!(["d"]));
    check_value("!FindInMap [M, !Select [0, [a]], !Sub t]", json!("one"));
    check_value("!FindInMap [!Sub M, a, !Ref New, {DefaultValue: d}]", json!(KNOWN_AFTER_APPLY));
}

#[test]
fn names_may_be_results_of_functions() {
    check_value("{Ref: {'Fn::Sub': New}}", json!(KNOWN_AFTER_APPLY));
    check_value("{'Fn::GetAtt': [{'Fn::Join': ['', [Ne, w]]}, Arn]}", json!(KNOWN_AFTER_APPLY));
    check_error(
        "{R: {Type: T, Properties: {P: {Ref: {'Fn::Sub': '${Policy}'}}}}}",
        "Template format error: Unresolved resource dependencies [Retain] in the Resources block of the template",
    );
}

#[test]
fn policies_may_be_functions() {
    let text = format!(
        "{HEAD}Resources: {{A: {{Type: T, DeletionPolicy: !Ref Policy, UpdateReplacePolicy: !If [Never, Retain, Snapshot]}}}}"
    );
    let policies = |given: &[(&str, &str)]| {
        with_scope(&text, given, |scope| {
            let resource = scope.template().resource("A").unwrap();
            assert_eq!(
                scope.template().document()["Resources"]["A"]["DeletionPolicy"],
                resource.deletion_policy.as_str()
            );
            (resource.deletion_policy, resource.update_replace_policy)
        })
    };
    assert_eq!(policies(&[]), Ok((DeletionPolicy::Retain, DeletionPolicy::Snapshot)));
    assert_eq!(
        policies(&[("Policy", "Delete")]),
        Ok((DeletionPolicy::Delete, DeletionPolicy::Snapshot))
    );
    let unrecognized = "Template format error: Unrecognized DeletionPolicy x for resource A";
    assert_eq!(policies(&[("Policy", "x")]), Err(unrecognized.to_owned()));
}
