//! The same template in other spellings, and templates that a generator makes.
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;
use proptest::{prop_assert_eq, proptest};
use serde_json::{Map, Value, json};

use super::{TestResources, with_scope};
use crate::cloudformation::template::Template;
use crate::cloudformation::template::fuzzing::fuzz_template;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Env".to_owned()),
        Just("A".to_owned()),
        Just("Nope".to_owned()),
        Just("Zones".to_owned()),
        Just("Yes".to_owned()),
        Just("M".to_owned()),
        Just("A.Arn".to_owned()),
        Just("${Env}-${A.Arn}-${AWS::Region}".to_owned()),
        Just("{{resolve:ssm:/a/${Env}:1}}".to_owned()),
        Just("AWS::NoValue".to_owned()),
        Just("10.0.0.0/16".to_owned()),
        Just("0123".to_owned()),
        "[a-z]{0,3}",
        any::<String>(),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => (-3..300_i64).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
    ]
}

const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Split",
    "Fn::Select",
    "Fn::If",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::GetAZs",
    "Fn::ImportValue",
    "Fn::Length",
    "Fn::ToJsonString",
    "Fn::And",
    "Fn::ForEach::L",
    "Fn::Foo",
];

/// Templates with every section, and no errors.
const REAL: &[&str] = &[
    include_str!("../../../../../../tests/data/templates/article.yaml"),
    include_str!("../../../../../../tests/data/templates/everything.yaml"),
    include_str!("../../../../../../tests/data/templates/undecided.yaml"),
    "Transform: AWS::LanguageExtensions
Parameters: {P: {Type: CommaDelimitedList, Default: 'a,b'}, Q: {Type: Number, Default: 3, MinValue: 1}}
Mappings: {M: {a: {b: [c]}}}
Conditions: {C: !Equals [!Ref Q, 3], D: !Not [!Condition C]}
Rules: {R: {Assertions: [{Assert: !Contains [[a, b], !Select [0, !Ref P]]}]}}
Resources:
  Fn::ForEach::L: [N, !Ref P, {'R&{N}': {Type: T, DeletionPolicy: !If [C, Retain, Delete], Properties: {A: !Sub '${N}', B: !If [C, !Ref New, !Ref AWS::NoValue]}}}]
  New: {Type: T, DependsOn: Ra2, Condition: C, Properties: {Json: !ToJsonString {a: !GetAZs ''}, Cidr: !Cidr [10.0.0.0/16, !Length [a, b], 8]}}
  Ra2: {Type: T, Properties: {M: !FindInMap [M, a, x, {DefaultValue: !Base64 '{{resolve:ssm:a}}'}]}}
Outputs: {O: {Value: !Join ['', [!GetAtt New.Arn, !ImportValue ab]], Export: {Name: !Sub '${AWS::StackName}-o'}}}
",
];
/// What changes insert.
const FRAGMENTS: &[&str] = &[
    "",
    "",
    " ",
    "\n",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    ", ",
    "'",
    "!Ref ",
    "!Sub '${A}'",
    "!GetAtt New.",
    "!If [C, ",
    "!Split [',', ",
    "- ",
    "a",
    "0",
    "New",
    "Fn::ForEach::X",
    "Fn::Sub",
    "${N}",
    "&{N}",
    "AWS::NoValue",
    "null",
    "&a ",
    "*a",
    "|",
    "#",
    "{{resolve:ssm:",
    "\t",
    "é",
];

/// A value with calls, some of which are valid.
fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 40, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let call = (prop::sample::select(FUNCTIONS), prop_oneof![
            inner.clone(),
            list.clone().prop_map(Value::from),
        ]);
        prop_oneof![
            2 => list.prop_map(Value::from),
            1 => prop::collection::hash_map("[A-Za-z]{1,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            6 => call.prop_map(|(function, argument)| Value::Object(Map::from_iter([(function.to_owned(), argument)]))),
            4 => well_formed_call(),
        ]
    })
}

/// A call whose arguments have the right types.
fn well_formed_call() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(|name| json!({ "Ref": name })),
        text().prop_map(|text| json!({ "Fn::Sub": text })),
        (text(), text())
            .prop_map(|(text, value)| json!({ "Fn::Sub": [text, { "A": { "Ref": value } }] })),
        (text(), text()).prop_map(|(delimiter, text)| json!({ "Fn::Split": [delimiter, text] })),
        (0..3, text()).prop_map(
            |(index, text)| json!({ "Fn::Select": [index, { "Fn::Split": ["-", text] }] })
        ),
        (text(), text(), text()).prop_map(
            |(a, b, c)| json!({ "Fn::If": ["Yes", { "Ref": a }, { "Fn::Join": [b, [c]] }] })
        ),
        (text(), text())
            .prop_map(|(a, b)| json!({ "Fn::FindInMap": ["M", a, b, { "DefaultValue": a }] })),
        text().prop_map(|text| json!({ "Fn::ToJsonString": { "a": { "Ref": text } } })),
        Just(json!({ "Fn::GetAtt": ["A", "List"] })),
        Just(json!({ "Fn::GetAtt": "A.Missing" })),
    ]
}

fn template(value: &Value, has_extensions: bool) -> Value {
    let mut template = json!({
        "Parameters": {
            "Env": { "Type": "String", "Default": "dev" },
            "Zones": { "Type": "CommaDelimitedList", "Default": "a,b" },
        },
        "Mappings": { "M": { "Env": { "A": "x" } } },
        "Conditions": { "Yes": { "Fn::Equals": [{ "Ref": "Env" }, "dev"] } },
        "Resources": {
            "A": { "Type": "AWS::AppSync::Api" },
            "R": { "Type": "AWS::AppSync::Api", "Properties": { "P": value } },
        },
        "Outputs": { "O": { "Value": value, "Export": { "Name": value } } },
    });
    if has_extensions {
        template["Transform"] = json!("AWS::LanguageExtensions");
    }
    template
}

/// Writes a value as YAML in flow style, with functions in their short forms where those exist.
fn yaml(value: &Value, is_short: bool) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| yaml(item, is_short)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            if let Some((key, argument)) =
                members.iter().next().filter(|_| is_short && members.len() == 1)
                && let Some(short) = short_form(key, argument)
            {
                return format!("!{short} {}", yaml(argument, is_short));
            }
            let members = members.iter().map(|(name, member)| {
                format!("{}: {}", Value::from(name.as_str()), yaml(member, is_short))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Returns the short form of a function. A tag cannot follow another tag.
fn short_form<'k>(key: &'k str, argument: &Value) -> Option<&'k str> {
    let short = key.strip_prefix("Fn::").or_else(|| (key == "Ref").then_some(key))?;
    let is_tagged = argument.as_object().is_some_and(|members| {
        members.len() == 1
            && members.iter().all(|(key, argument)| short_form(key, argument).is_some())
    });
    (!is_tagged && !short.contains("::") && short != "Foo").then_some(short)
}

type Evaluation = Result<Vec<String>, String>;

/// Returns everything that a template evaluates to.
fn evaluation(text: &str) -> Evaluation {
    with_scope(text, &[], |scope| {
        let properties = scope.active_resources().into_iter().map(|resource| {
            format!(
                "{:?} {:?}",
                scope.resolve_properties(resource, &TestResources),
                scope.causes(&resource.properties)
            )
        });
        let outputs = scope.active_outputs().into_iter();
        let outputs =
            outputs.map(|output| format!("{:?}", scope.resolve(&output.value, &TestResources)));
        properties.chain(outputs).collect()
    })
}

proptest! {
    #[test]
    fn json_yaml_and_short_forms_are_the_same_template(value in value(), has_extensions: bool) {
        let template = template(&value, has_extensions);
        let json = template.to_string();
        for is_short in [false, true] {
            // A block mapping, so that the text is not read as JSON.
            let sections: Vec<String> = template.as_object().unwrap().iter().map(|(name, section)| format!("{name}: {}\n", yaml(section, is_short))).collect();
            let yaml = sections.concat();
            prop_assert_eq!(Template::parse(&yaml), Template::parse(&json), "{}", yaml);
            prop_assert_eq!(evaluation(&yaml), evaluation(&json), "{}", yaml);
        }
    }

    #[test]
    fn any_change_of_a_real_template_is_read(index in 0..REAL.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(FRAGMENTS)), 1..5)) {
        let mut text: Vec<char> = REAL[index].chars().collect();
        for (position, length, fragment) in changes {
            let start = position.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, fragment.chars());
        }
        fuzz_template(text.into_iter().collect::<String>().as_bytes());
    }

    #[test]
    fn any_value_can_be_evaluated(value in value(), has_extensions: bool) {
        fuzz_template(template(&value, has_extensions).to_string().as_bytes());
    }

    #[test]
    fn any_value_can_be_a_section(value in value(), section in prop::sample::select(&["Resources", "Outputs", "Conditions", "Rules", "Parameters", "Mappings", "Transform"][..])) {
        let mut template = template(&json!("x"), false);
        template[section] = json!({ "Name": value });
        fuzz_template(template.to_string().as_bytes());
        template[section] = value;
        fuzz_template(template.to_string().as_bytes());
    }

    #[test]
    fn any_text_is_read(text in "\\PC*", json in "[\\[\\]{}\",:0-9a-z\\\\.-]*", yaml in "([A-Za-z&*!|>'\"{}\\[\\],:#%@` \n-]|Ref|Type|Resources: )*") {
        for text in [text, json, yaml] {
            fuzz_template(text.as_bytes());
            fuzz_template(format!("{{{text}").as_bytes());
            fuzz_template(format!("Resources: {{A: {{Type: T, Properties: {{P: {text}}}}}}}").as_bytes());
        }
    }
}
