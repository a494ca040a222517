//! Limits with their texts, and texts that try to use more memory or stack than they have bytes.
use std::fmt::Write as _;

use serde_json::json;

use super::{check, error_of, evaluate, with_scope};
use crate::cloudformation::template::Template;
use crate::cloudformation::template::fuzzing::fuzz_template;

/// Levels that no parser without a limit survives.
const DEEP: usize = 100_000;
const RESULTS: &str =
    "Template error: the results of functions may not exceed 1000000 bytes in size.";

fn members(count: usize, member: &str) -> String {
    (1..=count).fold(String::new(), |mut text, index| {
        write!(text, "N{index}: {member}, ").unwrap();
        text
    })
}

#[test]
fn sections_have_limited_numbers_of_members() {
    #[track_caller]
    fn check(count: usize, section: &str, member: &str, name: &str) {
        let text = |count| {
            let resources = if section == "Resources" { "" } else { "\nResources: {R: {Type: T}}" };
            format!("{section}: {{{}}}{resources}", members(count, member))
        };
        assert!(Template::parse(&text(count)).is_ok());
        let expected = format!(
            "Template format error: Number of {name}, {}, is greater than maximum allowed, {count}",
            count + 1
        );
        assert_eq!(Template::parse(&text(count + 1)).unwrap_err().0, expected);
    }
    check(500, "Resources", "{Type: T}", "resources");
    check(200, "Parameters", "{Type: String}", "parameters");
    check(200, "Outputs", "{Value: x}", "outputs");
    check(200, "Mappings", "{A: {B: c}}", "mappings");
}

#[test]
fn texts_are_limited() {
    let text = format!("Description: {}\nResources: {{R: {{Type: T}}}}", "x".repeat(1025));
    assert_eq!(
        Template::parse(&text).unwrap_err().0,
        "Template format error: 'Description' length is greater than 1024."
    );
    let text = format!("# {}\nResources: {{R: {{Type: T}}}}", "x".repeat(1_000_000));
    assert_eq!(
        Template::parse(&text).unwrap_err().0,
        "Template may not exceed 1000000 bytes in size."
    );
}

#[test]
fn dynamic_references_are_limited() {
    let resource = |count: usize| {
        let items = vec!["'{{resolve:ssm:a}}{{resolve:ssm:b:1}}'"; count].join(",");
        format!("Resources: {{R: {{Type: T, Properties: {{P: [{items}]}}}}}}")
    };
    assert_eq!(with_scope(&resource(30), &[], |_| ()), Ok(()));
    assert_eq!(
        error_of(&resource(31), &[]),
        "Template format error: Number of dynamic references, 62, is greater than maximum allowed, 60"
    );
}

#[test]
fn nesting_is_limited() {
    let error = |text: &str| Template::parse(text).unwrap_err().0;
    for (open, format) in [
        ("[", "YAML"),
        ("{a: ", "JSON"),
        ("- ", "YAML"),
        ("!Not [", "YAML"),
        ("? ", "YAML"),
        ("{\"a\":", "JSON"),
        ("{\"a\":[", "JSON"),
        ("&a [", "YAML"),
    ] {
        let text = open.repeat(DEEP);
        let expected = format!("Template format error: {format} not well-formed. (line ");
        assert!(error(&text).starts_with(&expected), "{open}: {}", error(&text));
        let nested = format!("Resources: {{A: {{Type: T, Properties: {{P: {text}");
        assert!(
            error(&nested).starts_with("Template format error: YAML not well-formed."),
            "{open}"
        );
    }
    let nested = |depth: usize| format!("{}x{}", "[".repeat(depth), "]".repeat(depth));
    assert!(evaluate(&nested(90)).is_ok());
    assert!(evaluate(&nested(100)).is_err());
}

#[test]
fn results_of_functions_are_limited() {
    // Each level repeats the text of the level below it: 100 to the power of 20.
    let text = (0..20).fold("x".to_owned(), |inner, _| {
        format!("!Sub ['{}', {{A: {inner}}}]", "${A}".repeat(100))
    });
    assert_eq!(evaluate(&text).unwrap_err().message, RESULTS);
    let text = (0..20).fold("x".to_owned(), |inner, _| {
        format!("!Join [',', !Split ['', {inner}]]").replace("!Split ['', x]", "[x, x]")
    });
    assert!(evaluate(&text).is_err());
    let long = "x,".repeat(100_000);
    let text = format!("!Join ['{}', !Split [',', '{long}']]", "y".repeat(1000));
    assert_eq!(evaluate(&text).unwrap_err().message, RESULTS);
    // A list parameter has 512 times the values that its reference has bytes.
    let references = vec!["!Ref P"; 2000].join(",");
    let text = format!(
        "Parameters: {{P: {{Type: CommaDelimitedList, Default: '{}'}}}}\nResources: {{R: {{Type: T, Properties: {{P: [{references}]}}}}}}",
        ",".repeat(4096)
    );
    let resolved = with_scope(&text, &[], |scope| {
        let resource = scope.template().resource("R").unwrap();
        scope.resolve_properties(resource, &super::TestResources).unwrap_err().message
    });
    assert_eq!(resolved.unwrap(), RESULTS);
    // A long literal is not a result.
    let literal = "x".repeat(900_000);
    check(&literal, json!(literal));
}

#[test]
fn loops_are_limited() {
    let head = "Transform: AWS::LanguageExtensions\nResources: ";
    let items =
        |count: usize| (0..count).map(|index| format!("'{index}'")).collect::<Vec<_>>().join(",");
    // 100 to the power of 10 resources.
    let key: String = (0..10).map(|level| format!("x${{N{level}}}")).collect();
    let product = (0..10).fold(format!("{{'R{key}': {{Type: T}}}}"), |body, level| {
        format!("{{'Fn::ForEach::L{level}': [N{level}, [{}], {body}]}}", items(100))
    });
    let body = |key: &str, text: &str| {
        format!("{{'R{key}': {{Type: T, Properties: {{P: !Sub '{text}'}}}}}}")
    };
    let long = "x".repeat(400_000);
    let repeated = body("${N}", &"${N}".repeat(100_000));
    let repeated = format!("{{'Fn::ForEach::L': [N, ['{long}'], {repeated}]}}");
    let inner =
        format!("{{'Fn::ForEach::M': [M, [{}], {}]}}", items(1_000), body("${N}x${M}", "x"));
    let nested = format!("{{'Fn::ForEach::L': [N, [{}], {inner}]}}", items(50_000));
    for text in [product, repeated, nested] {
        let error = error_of(&format!("{head}{text}"), &[]);
        assert!(error.contains("may not exceed"), "{error}");
    }
    let ids = (0..600).map(|index| index.to_string()).collect::<Vec<_>>().join(",");
    let text = format!("{head}{{'Fn::ForEach::L': [N, [{ids}], {{'R${{N}}': {{Type: T}}}}]}}");
    assert_eq!(
        error_of(&text, &[]),
        "Template format error: Number of resources, 600, is greater than maximum allowed, 500"
    );
}

#[test]
fn long_chains_of_conditions_use_no_stack() {
    let mut text = "Conditions:\n  C0: !Equals [a, a]\n".to_owned();
    for index in 1..10_000 {
        writeln!(text, "  C{index}: !Not [!Condition C{}]", index - 1).unwrap();
    }
    text.push_str("Resources: {R: {Type: T, Condition: C9999}}");
    let active = with_scope(&text, &[], |scope| scope.active_resources().len());
    assert_eq!(active, Ok(0));
}

#[test]
fn long_texts_take_linear_time() {
    let references = vec!["!Ref R499"; 20_000].join(",");
    let resources = (0..500).fold(String::new(), |mut text, index| {
        writeln!(text, "  R{index}: {{Type: T}}").unwrap();
        text
    });
    fuzz_template(
        format!("Resources:\n{resources}  S: {{Type: T, Properties: {{P: [{references}]}}}}")
            .as_bytes(),
    );
    let name = "n".repeat(300_000);
    let items = vec!["{a: '{{resolve:ssm:b}}'}"; 10_000].join(",");
    fuzz_template(
        format!("Resources: {{R: {{Type: T, Properties: {{{name}: [{items}]}}}}}}").as_bytes(),
    );
    let items = vec!["a"; 100_000].join(",");
    let conditions = (0..2_000).fold(String::new(), |mut text, index| {
        writeln!(text, "  C{index}: !Equals [!Join ['', !FindInMap [M, a, b]], x]").unwrap();
        text
    });
    fuzz_template(format!("Mappings: {{M: {{a: {{b: [{items}]}}}}}}\nConditions:\n{conditions}Resources: {{R: {{Type: T}}}}").as_bytes());
}
