//! The sections of a template and the texts for those that are not valid.
use serde_json::json;

use super::error_of;
use crate::cloudformation::template::{DeletionPolicy, Template};

#[track_caller]
fn check_error(text: &str, expected: &str) {
    let error = Template::parse(text).expect_err(text);
    assert_eq!(error.0, expected, "{text}");
}

/// Checks the error of a resource's attributes.
#[track_caller]
fn check_resource(attributes: &str, expected: &str) {
    check_error(&format!("Resources: {{A: {{Type: T, {attributes}}}}}"), expected);
}

#[track_caller]
fn check_section(section: &str, expected: &str) {
    check_error(&format!("{section}\nResources: {{R: {{Type: T}}}}"), expected);
}

#[test]
fn texts_that_are_not_well_formed_have_positions() {
    check_error(
        "{\n  \"Resources\": {,\n}",
        "Template format error: JSON not well-formed. (line 2, column 17)",
    );
    check_error(
        "{\"Resources\":{\"B\":{\"Type\":\"X\"}}} {}",
        "Template format error: JSON not well-formed. (line 1, column 34)",
    );
    check_error(
        "{\"Resources\": {\"A\": 01}}",
        "Template format error: JSON not well-formed. (line 1, column 22)",
    );
    check_error("{\"é\": nope}", "Template format error: JSON not well-formed. (line 1, column 7)");
    for text in [
        "{",
        "{\"a",
        "{\"a\" 1}",
        "{\"a\": \"\n\"}",
        "{\"a\": \"\\x\"}",
        "{\"a\": \"\\u12\"}",
        "{\"a\": [1,]}",
        "{a: 1}",
        "{\"a\": -}",
        "{\"a\": 1.}",
        "{\"a\": 1e}",
        "{'a': 1}",
    ] {
        let error = Template::parse(text).unwrap_err().0;
        assert!(error.starts_with("Template format error: JSON not well-formed. (line "), "{text}");
    }
    check_error(
        "Resources:\n  A: [\n",
        "Template format error: YAML not well-formed. (line 2, column 6)",
    );
    check_error("A: !Foo x", "Template format error: YAML not well-formed. (line 1, column 4)");
    for text in [
        "a: b: c",
        "a: [1, 2",
        "a: 'x",
        "a: !!binary x",
        "a: !!set {}",
        "? [a]\n: b",
        "? {a: b}\n: c",
        "!Ref a: b",
        "a: !Sub !Ref b",
        "--- a\n--- b",
        "a: \"\\q\"",
        "a: %x\n%b",
    ] {
        let error = Template::parse(text).unwrap_err().0;
        assert!(
            error.starts_with("Template format error: YAML not well-formed. (line "),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_template_is_a_map_of_known_sections() {
    for text in ["", "  \n", "- a", "text", "5", "# a comment", "---"] {
        check_error(text, "Template format error: unsupported structure.");
    }
    check_error(
        "Nope: 1\nResources: {A: {Type: T}}\nOther: 2",
        "Invalid template property or properties [Nope, Other]",
    );
    check_error("<<: {a: b}", "Invalid template property or properties [<<]");
    check_section(
        "AWSTemplateFormatVersion: 2011-01-01",
        "Template format error: unsupported value for AWSTemplateFormatVersion.",
    );
    check_section(
        "Hooks: {}",
        "Template format error: the emulator does not support the Hooks section of a template",
    );
    let macros = "Template error: the emulator does not run macros: Fn::Transform is not supported. Deploy the processed template instead";
    check_section("Fn::Transform: {Name: 'AWS::Include'}", macros);
    check_section("Mappings: {'Fn::Transform': {Name: 'AWS::Include'}}", macros);
    check_section(
        "Description: [a]",
        "Template format error: Every Description member must be a string.",
    );
    check_section("Metadata: a", "Template format error: Every Metadata object must be a map");
    check_section("Transform: 5", "Key Name of transform definition must be a string.");
    check_section(
        "Transform: [{Parameters: {}}]",
        "Key Name of transform definition must be a string.",
    );
    check_error(
        "Globals: {}\nResources: {A: {Type: T}}",
        "Invalid template property or properties [Globals]",
    );
}

#[test]
fn null_values_are_rejected_with_their_paths() {
    let check = |text: &str, path: &str| {
        check_error(text, &format!("[{path}] 'null' values are not allowed in templates"));
    };
    check("Resources:\n", "/Resources");
    check("Resources: {A: {Type: T, Properties: {B: [x, null]}}}", "/Resources/A/Properties/B/1");
    check("Resources: {A: {Type: T}}\nOutputs:\n  O:\n    Value:\n", "/Outputs/O/Value");
    check("{\"Resources\": {\"A\": {\"Type\": null}}}", "/Resources/A/Type");
    check("Resources: {A: {Type: T, Properties: {B: !Ref }}}", "/Resources/A/Properties/B/Ref");
}

#[test]
fn resources_have_a_type_and_known_attributes() {
    let none = "Template format error: At least one Resources member must be defined.";
    check_error("Description: x", none);
    check_error("Resources: {}", none);
    check_error("Resources: [a]", "Template format error: Every Resources object must be a map");
    check_error(
        "Resources: {A: x}",
        "Template format error: Any Resources member must be an object.",
    );
    check_error(
        "Resources: {A: {Properties: {}}}",
        "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
    );
    check_error(
        "Resources: {A-b: {Type: T}}",
        "Template format error: Resource name A-b is non alphanumeric.",
    );
    check_error(
        "Resources: {'': {Type: T}}",
        "Template format error: Resource name  is non alphanumeric.",
    );
    check_resource("Propertys: {}", "Invalid template resource property 'Propertys'");
    check_resource(
        "Properties: [a]",
        "Template format error: [/Resources/A/Properties] Every Properties member must be a map",
    );
    check_resource(
        "Properties: !Ref A",
        "Template format error: [/Resources/A/Properties] Every Properties member must be a map",
    );
    let depends_on = "Template format error: DependsOn must be a string or list of strings.";
    check_resource("DependsOn: {a: b}", depends_on);
    check_resource("DependsOn: [!Ref AWS::NoValue]", depends_on);
    check_resource(
        "DependsOn: [B, C]",
        "Template format error: Unresolved resource dependencies [B, C] in the Resources block of the template",
    );
    check_resource(
        "Condition: Nope",
        "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
    );
    check_resource(
        "Condition: !Equals [a, a]",
        "Template format error: Every Condition member must be a string.",
    );
    check_resource(
        "DeletionPolicy: Nope",
        "Template format error: Unrecognized DeletionPolicy Nope for resource A",
    );
    check_resource(
        "UpdateReplacePolicy: RetainExceptOnCreate",
        "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource A",
    );
    check_resource(
        "DeletionPolicy: !Ref AWS::Region",
        "Template format error: Every DeletionPolicy member must be a string.",
    );
}

#[test]
fn attributes_of_a_resource_are_read() {
    let text = "
Resources:
  A: {Type: T}
  B:
    Type: T
    DependsOn: [A]
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Snapshot
    Metadata: {a: b}
    CreationPolicy: {ResourceSignal: {Count: 1}}
    UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}
  C: {Type: T, DependsOn: A, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
";
    let template = Template::parse(text).unwrap();
    let [a, b, c] = template.resources() else { panic!("there are three resources") };
    assert_eq!((&a.properties, a.depends_on.len(), a.has_deletion_policy), (&json!({}), 0, false));
    assert_eq!(
        (a.deletion_policy, a.update_replace_policy),
        (DeletionPolicy::Delete, DeletionPolicy::Delete)
    );
    assert_eq!(b.depends_on, ["A"]);
    assert_eq!(
        (b.deletion_policy, b.update_replace_policy),
        (DeletionPolicy::RetainExceptOnCreate, DeletionPolicy::Snapshot)
    );
    assert_eq!(b.metadata, Some(json!({ "a": "b" })));
    assert_eq!(b.creation_policy, Some(json!({ "ResourceSignal": { "Count": 1 } })));
    assert!(b.update_policy.is_some() && b.has_deletion_policy);
    assert_eq!(c.depends_on, ["A"]);
    assert_eq!(
        (c.deletion_policy, c.update_replace_policy),
        (DeletionPolicy::Retain, DeletionPolicy::Retain)
    );
}

#[test]
fn the_last_of_duplicate_keys_counts() {
    let text = "Resources: {A: {Type: T}, B: {Type: T}, A: {Type: U}}";
    assert_eq!(Template::parse(text).unwrap().resource_types(), ["U", "T"]);
    let text = r#"{"Resources": {"A": {"Type": "T"}, "A": {"Type": "U"}}}"#;
    assert_eq!(Template::parse(text).unwrap().resource_types(), ["U"]);
}

#[test]
fn outputs_have_a_value() {
    let value = "Template format error: Every Outputs member must contain a Value object";
    check_section("Outputs: {O: {Description: x}}", value);
    check_section("Outputs: {O: x}", value);
    check_section("Outputs: [a]", "Template format error: Every Outputs object must be a map");
    check_section(
        "Outputs: {O-p: {Value: x}}",
        "Template format error: Output name O-p is non alphanumeric.",
    );
    check_section("Outputs: {O: {Value: x, Nope: y}}", "Invalid template output property 'Nope'");
    check_section(
        "Outputs: {O: {Value: x, Description: [y]}}",
        "Template format error: Every Description member must be a string.",
    );
    check_section(
        "Outputs: {O: {Value: x, Export: y}}",
        "Template format error: [/Outputs/O/Export] Every Export member must contain a Name object",
    );
    check_section(
        "Outputs: {O: {Value: !Ref Nope}}",
        "Unresolved resource dependencies [Nope] in the Outputs block of the template",
    );
    check_section(
        "Outputs: {O: {Value: x, Condition: Nope}}",
        "Template format error: Unresolved condition dependency Nope in the Outputs block of the template",
    );
    let name = "Template error: Output O is malformed. The Name field of every Export member must not depend on any resources, imported values, or Fn::GetAZs.";
    check_section("Outputs: {O: {Value: x, Export: {Name: !Ref R}}}", name);
    check_section("Outputs: {O: {Value: x, Export: {Name: !Select [0, !GetAZs '']}}}", name);
}

#[test]
fn mappings_have_two_levels() {
    check_section("Mappings: [a]", "Template format error: Every Mappings object must be a map");
    check_section(
        "Mappings: {A: b}",
        "Template format error: Every Mappings member A must be a map",
    );
    check_section(
        "Mappings: {A: {B: c}}",
        "Template format error: Every Mappings member B must be a map",
    );
    check_section(
        "Mappings: {A: {eu-west-1: {x86-64: d}}}",
        "Template format error: Mappings attribute name 'x86-64' must contain only alphanumeric characters.",
    );
    let attribute = "Template format error: Every Mappings attribute must be a String or a List.";
    check_section("Mappings: {A: {B: {C: {D: e}}}}", attribute);
    check_section("Mappings: {A: {B: {C: [d, {e: f}]}}}", attribute);
}

#[test]
fn conditions_are_boolean_functions_of_parameters() {
    let boolean = "Template format error: Conditions can only be boolean operations on parameters and other conditions";
    check_section("Conditions: {C: yes}", boolean);
    check_section("Conditions: {C: !Ref AWS::Region}", boolean);
    check_section("Conditions: {C: !Contains [[a], a]}", boolean);
    check_section(
        "Conditions: [a]",
        "Template format error: Every Conditions object must be a map",
    );
    let operands = |function| {
        format!(
            "Template error: every Fn::{function} object requires a list of at least 2 and at most 10 boolean parameters."
        )
    };
    let eleven = ["!Equals [a, b]"; 11].join(", ");
    check_section("Conditions: {C: !And [!Equals [a, a]]}", &operands("And"));
    check_section(&format!("Conditions: {{C: !Or [{eleven}]}}"), &operands("Or"));
    check_section("Conditions: {C: !Or [a, b]}", &operands("Or"));
    check_section(
        "Conditions: {C: !Not [!Equals [a, a], !Equals [a, a]]}",
        "Template error: every Fn::Not object requires one boolean parameter.",
    );
    let equals = "Template error: every Fn::Equals object requires a list of 2 string parameters.";
    check_section("Conditions: {C: !Equals [a]}", equals);
    check_section("Conditions: {C: !Equals [a, [b]]}", equals);
    check_section(
        "Conditions: {C: !Equals [!Ref R, x]}",
        "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block of the template",
    );
    check_section(
        "Conditions: {C: !Equals [!GetAtt R.Arn, x]}",
        "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block of the template",
    );
    check_section(
        "Conditions: {C: !Not [!Condition Nope]}",
        "Template format error: Unresolved condition dependency Nope in the Conditions block of the template",
    );
    check_section(
        "Conditions: {C: !Not [!Condition D], D: !Not [!Condition C], E: !Not [!Condition C]}",
        "Template error: Found circular condition dependency: [C, D]",
    );
    check_section(
        "Conditions: {C: !Condition [a]}",
        "Template error: All Conditions must be of type string",
    );
    let text = "Parameters: {P: {Type: CommaDelimitedList, Default: a}}\nConditions: {C: !Equals [!Ref P, x]}\nResources: {R: {Type: T}}";
    assert_eq!(error_of(text, &[]), equals);
}

#[test]
fn rules_have_assertions() {
    check_section("Rules: {A: x}", "Template format error: Any Rules member must be an object.");
    check_section(
        "Rules: {A: {Assertions: []}}",
        "Template format error: [/Rules/A] Every Rules object must contain Assertions.",
    );
    check_section(
        "Rules: {A: {Assertions: [{}]}}",
        "Template format error: [/Rules/A/Assertions] Every Assertions object must contain an Assert member.",
    );
    check_section(
        "Rules: {A: {Assertions: [{Assert: !Equals [a, a]}], Nope: x}}",
        "Invalid template rule property 'Nope'",
    );
}

#[test]
fn transforms_are_rejected_by_name_when_they_are_needed() {
    let text = "Transform: [AWS::LanguageExtensions, MyMacro]\nResources: {R: {Type: T}}";
    assert!(Template::parse(text).is_ok(), "a summary is possible");
    let error = error_of(text, &[]);
    assert!(error.starts_with("Transform MyMacro failed with: "), "{error}");
    // What is not valid without the macro is its input.
    let text = "Transform: Count\nResources: {R: {Type: T, Count: 3}}";
    let error = Template::parse(text).unwrap_err().0;
    assert!(error.starts_with("Transform Count failed with: "), "{error}");
}
