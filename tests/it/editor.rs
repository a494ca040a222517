//! A spec in an editor: what the YAML language server does with the published schema, which the first
//! line of the spec names.
use std::ffi::OsString;
use std::{fs, iter};

use provision_core::spec::schema;
use serde_json::{Value, json};

use crate::node;
use crate::world::root;

/// The first line of every init template.
const MODELINE: &str = "# yaml-language-server: $schema=../../schemas/spec.schema.json\n";
const API: &str = "version: 1\nstack: s\napis:\n  a:\n    ";

/// A question about a spec with this text, in which `|` is the cursor.
fn question(kind: &str, text: &str) -> Value {
    let file = root("templates/minimal/spec.yaml");
    json!({ "ask": kind, "file": file, "text": format!("{MODELINE}{text}") })
}

/// Asks the language server, in one run, and returns its answers.
fn ask(questions: &[Value]) -> Vec<Value> {
    let arguments: Vec<OsString> = iter::once(root("schemas").into())
        .chain(questions.iter().map(|question| question.to_string().into()))
        .collect();
    let arguments: Vec<_> = arguments.iter().map(OsString::as_os_str).collect();
    let Value::Array(answers) = node::run_node_script("editor.mjs", &arguments) else {
        unreachable!()
    };
    assert_eq!(answers.len(), questions.len());
    answers
}

/// The documentation of the suggestion with this label.
fn documentation<'a>(suggestions: &'a Value, label: &str) -> Option<&'a str> {
    let mut all = suggestions.as_array().unwrap().iter();
    all.find(|value| value["label"] == label)?["documentation"].as_str()
}

/// The text without Markdown's escapes.
fn plain(markdown: &str) -> String {
    markdown.replace('\\', "")
}

#[test]
fn an_editor_completes_keys_and_values_with_their_documentation() {
    let providers = "API_KEY AWS_IAM AMAZON_COGNITO_USER_POOLS OPENID_CONNECT AWS_LAMBDA";
    let [keys, flow, block, modes]: [Value; 4] = ask(&[
        question("complete", &format!("{API}|")),
        question("complete", &format!("{API}auth: {{ providers: [|] }}\n")),
        question("complete", &format!("{API}auth:\n      providers:\n        - |\n")),
        question(
            "complete",
            &format!("{API}auth:\n      providers: [AWS_IAM]\n      publish:\n        - |\n"),
        ),
    ])
    .try_into()
    .unwrap();
    let api = schema().pointer("/properties/apis/additionalProperties/properties").unwrap();
    let api = api.as_object().unwrap();
    for name in ["auth", "namespaces", "apiKeys", "dataSources", "waf", "logging"] {
        assert!(api.contains_key(name), "{name}");
    }
    for (name, property) in api {
        assert_eq!(documentation(&keys, name), property["description"].as_str(), "{name}: {keys}");
    }
    for label in ["API_KEY", "AWS_IAM"] {
        assert!(
            documentation(&flow, label).is_some_and(|documentation| !documentation.is_empty()),
            "{label}: {flow}"
        );
    }
    for label in providers.split(' ') {
        assert!(
            documentation(&block, label).is_some_and(|documentation| !documentation.is_empty()),
            "{label}: {block}"
        );
        assert!(
            documentation(&modes, label).is_some_and(|documentation| !documentation.is_empty()),
            "{label}: {modes}"
        );
    }
}

#[test]
fn an_editor_shows_the_documentation_of_a_key_on_hover() {
    let handlers = "auth: { providers: [AWS_IAM] }\n    namespaces: { n: { handlers: { onPublish: { data|Source: d } } } }\n";
    let answers = ask(&[
        question("hover", &format!("{API}apiKeys: {{ web: {{ valid|For: 30d }} }}\n")),
        question("hover", &format!("{API}{handlers}")),
    ]);
    let description =
        |pointer: &str| schema().pointer(pointer).unwrap()["description"].as_str().unwrap();
    let keys = "/properties/apis/additionalProperties/properties/apiKeys/additionalProperties/properties/validFor";
    for (answer, pointer) in answers.iter().zip([keys, "/$defs/Handler/properties/dataSource"]) {
        assert!(plain(answer.as_str().unwrap()).contains(description(pointer)), "{answer}");
    }
}

#[test]
fn an_editor_marks_mistakes_at_their_positions_and_accepts_every_init_template() {
    let valid = "auth: { providers: [AWS_IAM] }\n    ";
    let mut questions = vec![
        question(
            "check",
            &format!("{API}{valid}namespaces:\n      chat: {{ publsh: [AWS_IAM] }}\n"),
        ),
        question("check", "version: 1\nstack: 9s\n"),
        question("check", &format!("{API}auth: {{ providers: [API_KE] }}\n")),
    ];
    for folder in fs::read_dir(root("templates")).unwrap() {
        let file = folder.unwrap().path().join("spec.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(MODELINE), "{}", file.display());
        questions.push(json!({ "ask": "check", "file": file, "text": text }));
    }
    let answers = ask(&questions);
    let (mistakes, templates) = answers.split_at(3);
    assert_eq!(
        mistakes,
        [
            json!([{ "message": "Property publsh is not allowed.", "line": 8, "column": 15 }]),
            json!([{ "message": "expected a letter, followed by letters, digits and hyphens, at most 128 characters", "line": 3, "column": 8 }]),
            json!([{ "message": "Value must be \"API_KEY\" | \"AWS_IAM\".", "line": 6, "column": 25 }]),
        ]
    );
    assert_eq!(templates, vec![json!([]); templates.len()]);
    assert!(templates.len() >= 6);
}
