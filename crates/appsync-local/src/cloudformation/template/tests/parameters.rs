//! Declarations of parameters, and values that they accept.
use serde_json::json;

use super::{bind, ssm};
use crate::cloudformation::template::{GivenParameter, ParameterValues, Template, bind_parameters};

fn template(declarations: &str) -> Template {
    let text = format!("Parameters: {{{declarations}}}\nResources: {{R: {{Type: T}}}}");
    Template::parse(&text).unwrap_or_else(|error| panic!("{declarations}: {error}"))
}

/// Checks the value that `Ref` returns, or the error, of a parameter `P`.
#[track_caller]
fn check(constraints: &str, value: &str, expected: Result<serde_json::Value, &str>) {
    let template = template(&format!("P: {{{constraints}}}"));
    let values = bind(&template, &[("P", value)]);
    let expected = expected.map_err(str::to_owned);
    assert_eq!(values.map(|values| values["P"].reference()), expected, "{constraints}: {value}");
}

#[track_caller]
fn check_declaration(declaration: &str, expected: &str) {
    let text = format!("Parameters: {{P: {declaration}}}\nResources: {{R: {{Type: T}}}}");
    assert_eq!(Template::parse(&text).expect_err(declaration).0, expected, "{declaration}");
}

#[test]
fn a_value_has_the_form_of_its_type() {
    check("Type: String", "a, b", Ok(json!("a, b")));
    check("Type: String", "", Ok(json!("")));
    check("Type: Number", "1.50", Ok(json!("1.50")));
    check("Type: Number", "x", Err("Parameter 'P' must be a number."));
    check("Type: List<Number>", "1, 2", Ok(json!(["1", "2"])));
    check("Type: List<Number>", "1,x", Err("Parameter 'P' must be a number."));
    check("Type: CommaDelimitedList", "a, b,,c ", Ok(json!(["a", "b", "", "c"])));
    check("Type: List<String>", "a", Ok(json!(["a"])));
    check("Type: 'AWS::EC2::VPC::Id'", "vpc-1", Ok(json!("vpc-1")));
    check("Type: 'List<AWS::EC2::Subnet::Id>'", "a,b", Ok(json!(["a", "b"])));
    check("Type: 'AWS::SSM::Parameter::Name'", "/owner", Ok(json!("/owner")));
}

#[test]
fn a_value_satisfies_the_constraints() {
    check("Type: String, AllowedValues: [a, 1, true]", "1", Ok(json!("1")));
    check(
        "Type: String, AllowedValues: [a]",
        "b",
        Err("Parameter 'P' must be one of AllowedValues"),
    );
    check(
        "Type: CommaDelimitedList, AllowedValues: [a, b]",
        "a,c",
        Err("Parameter 'P' must be one of AllowedValues"),
    );
    check("Type: String, AllowedPattern: '[a-z]+'", "abc", Ok(json!("abc")));
    check(
        "Type: String, AllowedPattern: '[a-z]+'",
        "abc1",
        Err("Parameter 'P' must match pattern [a-z]+"),
    );
    check("Type: String, AllowedPattern: 'a|b'", "ab", Err("Parameter 'P' must match pattern a|b"));
    check(
        "Type: String, MinLength: 2",
        "a",
        Err("Parameter 'P' must contain at least 2 characters"),
    );
    check(
        "Type: String, MaxLength: '2'",
        "äöü",
        Err("Parameter 'P' must contain at most 2 characters"),
    );
    check("Type: String, MinLength: 2, MaxLength: 2", "äö", Ok(json!("äö")));
    check(
        "Type: Number, MinValue: 1",
        "0.5",
        Err("Parameter 'P' must be a number not less than 1"),
    );
    check(
        "Type: Number, MaxValue: 10",
        "11",
        Err("Parameter 'P' must be a number not greater than 10"),
    );
    check("Type: Number, MinValue: -1.5, MaxValue: 1.5", "-1.5", Ok(json!("-1.5")));
    check(
        "Type: String, MinLength: 2, ConstraintDescription: two at least",
        "a",
        Err("Parameter P failed to satisfy constraint: two at least"),
    );
    // Patterns of Java that this engine does not read accept every value.
    check("Type: String, AllowedPattern: '^(?!-)[a-z]+$'", "-", Ok(json!("-")));
    check("Type: String, AllowedPattern: '(((a{1000}){1000}){1000})'", "b", Ok(json!("b")));
    let long = "x".repeat(4097);
    check(
        "Type: String",
        &long,
        Err("Parameter P exceeds the maximum parameter value length of 4096 bytes."),
    );
}

#[test]
fn declarations_are_checked() {
    check_declaration("x", "Template format error: Any Parameters member must be an object.");
    check_declaration(
        "{Default: x}",
        "Template format error: Every Parameters object must contain a Type member.",
    );
    check_declaration("{Type: Strin}", "Template format error: Unrecognized parameter type: Strin");
    check_declaration(
        "{Type: 'AWS::SSM::Parameter::Value<Number>'}",
        "Template format error: Unrecognized parameter type: AWS::SSM::Parameter::Value<Number>",
    );
    check_declaration(
        "{Type: List<CommaDelimitedList>}",
        "Template format error: Unrecognized parameter type: List<CommaDelimitedList>",
    );
    check_declaration("{Type: String, Nope: x}", "Invalid template parameter property 'Nope'");
    check_declaration(
        "{Type: String, Default: [a]}",
        "Template format error: Every Default member must be a string.",
    );
    check_declaration(
        "{Type: String, AllowedValues: a}",
        "Template format error: Every AllowedValues value must be a string.",
    );
    check_declaration(
        "{Type: String, AllowedValues: [[a]]}",
        "Template format error: Every AllowedValues value must be a string.",
    );
    check_declaration(
        "{Type: String, MinLength: x}",
        "Template error: Parameter 'P' MinLength must be a number.",
    );
    check_declaration(
        "{Type: String, MinValue: 1}",
        "Template error: Parameter 'P' MinValue must be on a parameter of type Number",
    );
    check_declaration(
        "{Type: Number, MaxLength: 1}",
        "Template error: Parameter 'P' MaxLength must be on a parameter of type String",
    );
    check_declaration(
        "{Type: String, MinLength: 2, MaxLength: 1}",
        "Template error: Parameter 'P' MinLength must be less than MaxLength.",
    );
    check_declaration(
        "{Type: Number, MinValue: 2, MaxValue: 1}",
        "Template error: Parameter 'P' MinValue must be less than MaxValue.",
    );
    let text = "Parameters: {P-q: {Type: String}}\nResources: {R: {Type: T}}";
    assert_eq!(
        Template::parse(text).unwrap_err().0,
        "Template format error: Parameter name P-q is non alphanumeric."
    );
    let text = "Parameters: [a]\nResources: {R: {Type: T}}";
    assert_eq!(
        Template::parse(text).unwrap_err().0,
        "Template format error: Every Parameters object must be a map"
    );
}

#[test]
fn declarations_are_returned_with_their_constraints() {
    let template = template(
        "P: {Type: String, Default: 007, NoEcho: 'true', Description: d, AllowedValues: [007, a]}, Q: {Type: 'AWS::SSM::Parameter::Value<List<String>>'}",
    );
    let [first, second] = template.parameters() else { panic!("there are two parameters") };
    assert_eq!(first.default.as_deref(), Some("007"));
    assert_eq!(first.allowed_values, ["007", "a"]);
    assert_eq!((first.no_echo, first.description.as_deref()), (true, Some("d")));
    assert_eq!(second.type_name, "AWS::SSM::Parameter::Value<List<String>>");
    assert!(second.kind.is_list && second.kind.is_ssm_reference && !second.no_echo);
}

#[test]
fn values_come_from_the_request_the_stack_or_the_default() {
    let template = template(
        "A: {Type: String}, B: {Type: String, Default: b, NoEcho: true}, C: {Type: String, Default: c}",
    );
    let given = |key: &str, value: Option<&str>, use_previous| GivenParameter {
        key: key.to_owned(),
        value: value.map(str::to_owned),
        use_previous,
    };
    let bind = |given: &[GivenParameter], previous: &ParameterValues| {
        bind_parameters(&template, given, previous, &ssm).map_err(|error| error.0)
    };
    let previous = bind(
        &[given("A", Some("old a"), false), given("C", Some("old c"), false)],
        &ParameterValues::new(),
    )
    .unwrap();
    let values =
        bind(&[given("A", None, true), given("C", Some("new c"), false)], &previous).unwrap();
    let texts: Vec<_> = values
        .iter()
        .map(|(key, value)| (key.as_str(), value.value.as_str(), value.no_echo))
        .collect();
    assert_eq!(texts, [("A", "old a", false), ("B", "b", true), ("C", "new c", false)]);
    // A parameter that is not in the request takes its default again.
    assert_eq!(bind(&[given("A", Some("a"), false)], &previous).unwrap()["C"].value, "c");

    let none = ParameterValues::new();
    assert_eq!(bind(&[], &none).unwrap_err(), "Parameters: [A] must have values");
    assert_eq!(
        bind(
            &[given("X", Some("x"), false), given("A", None, false), given("Y", None, true)],
            &none
        )
        .unwrap_err(),
        "Parameters: [X, Y] do not exist in the template"
    );
    assert_eq!(
        bind(&[given("A", None, true)], &none).unwrap_err(),
        "Invalid input for parameter key A. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
    );
    assert!(
        bind(&[given("A", Some("a"), true)], &previous)
            .unwrap_err()
            .starts_with("Invalid input for parameter key A.")
    );
    let secret = format!("{:?} {:?}", values["B"], given("B", Some("b"), false));
    assert!(!secret.contains("\"b\"") && secret.contains("****"), "{secret}");
    let stored = serde_json::to_string(&previous).unwrap();
    assert_eq!(serde_json::from_str::<ParameterValues>(&stored).unwrap(), previous);
}

#[test]
fn values_of_systems_manager_are_read() {
    let text = "Type: 'AWS::SSM::Parameter::Value<String>'";
    check(text, "/owner", Ok(json!("team")));
    check("Type: 'AWS::SSM::Parameter::Value<List<String>>'", "/origins", Ok(json!(["a", "b"])));
    check(
        "Type: 'AWS::SSM::Parameter::Value<CommaDelimitedList>'",
        "/origins",
        Ok(json!(["a", "b"])),
    );
    check("Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'", "/owner", Ok(json!("team")));
    check(
        text,
        "/nope",
        Err("Unable to fetch parameters [/nope] from parameter store for this account."),
    );
    check(
        text,
        "/secret",
        Err(
            "Parameters [/secret] referenced by template have types not supported by CloudFormation.",
        ),
    );
    let without_default = template(&format!("P: {{{text}}}"));
    assert_eq!(
        bind(&without_default, &[]).unwrap_err(),
        "Parameter P should either have input value or default value"
    );
    let template = template(&format!("P: {{{text}, Default: /owner}}"));
    let values = bind(&template, &[]).unwrap();
    assert_eq!(
        (values["P"].value.as_str(), values["P"].resolved.as_deref()),
        ("/owner", Some("team"))
    );
}
