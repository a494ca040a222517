//! The spec reader agrees with a JSON Schema validator, and does not panic on any input.
use proptest::prelude::*;
use provision_core::source::Source;
use provision_core::source::read::{Substitution, read};
use provision_core::spec::{ParameterValues, load, schema};
use serde_json::{Value, json};

use crate::mistakes::diagnose;
use crate::specs::{NOON, documents};

/// A document with one part replaced or removed.
fn broken_document() -> impl Strategy<Value = Value> {
    let replacement = prop_oneof![
        Just(None),
        Just(Some(json!({}))),
        Just(Some(json!([]))),
        Just(Some(json!("nonsense text"))),
        Just(Some(json!(["API_KEY", "API_KEY"]))),
        Just(Some(json!({ "nobody": {} }))),
    ];
    (documents(), any::<prop::sample::Index>(), replacement).prop_map(
        |(document, index, replacement)| {
            let mut paths = Vec::new();
            collect("", &document, &mut paths);
            let path = paths[index.index(paths.len())].clone();
            let mut document = document;
            let (parent, name) = path.rsplit_once('/').unwrap();
            match (document.pointer_mut(parent).unwrap(), replacement) {
                (Value::Object(map), Some(value)) => drop(map.insert(name.to_owned(), value)),
                (Value::Object(map), None) => drop(map.shift_remove(name)),
                (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
                (Value::Array(items), None) => drop(items.remove(name.parse().unwrap())),
                _ => unreachable!(),
            }
            document
        },
    )
}

fn collect(path: &str, value: &Value, paths: &mut Vec<String>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (name, part) in parts {
        let path = format!("{path}/{name}");
        collect(&path, part, paths);
        paths.push(path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 2, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_spec_reader_agrees_with_a_json_schema_validator(document in broken_document()) {
        let schema = schema();
        let is_valid = jsonschema::draft202012::new(schema).unwrap().is_valid(&document);
        let text = provision_cfn::yaml::to_string(&document);
        let (source, problems) = Source::parse("spec.yaml", text.as_bytes());
        prop_assert_eq!(problems, vec![]);
        let mut problems = Vec::new();
        let unchanged = |text: &str| Substitution { value: Some(json!(text)), errors: vec![] };
        read(&source, schema, &unchanged, &mut problems);
        prop_assert_eq!(is_valid, problems.is_empty(), "{}\n{:#?}", text, problems);
        // The schema rejects everything that the types reject.
        let (_, all) = load(&source, &crate::specs::folder(), NOON, &ParameterValues::new());
        prop_assert!(all.iter().all(|diagnostic| diagnostic.code != "PV199"), "{}\n{:#?}", text, all);
    }

    #[test]
    fn no_text_causes_a_panic(text in "[a-z:{}\\[\\], \n\t'\"&*!|>#%@`?-]{0,80}") {
        diagnose(&text);
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        Source::parse("spec.yaml", &bytes);
    }
}

#[test]
fn the_spec_reader_supports_every_keyword_of_the_schema() {
    fn check(schema: &Value) {
        match schema {
            Value::Object(map) => {
                for (keyword, value) in map {
                    assert!(
                        provision_core::source::read::KEYWORDS.contains(&keyword.as_str()),
                        "{keyword}"
                    );
                    match keyword.as_str() {
                        "properties" | "$defs" => {
                            value.as_object().unwrap().values().for_each(check);
                        }
                        "default" | "examples" | "enum" | "const" | "required" => {}
                        _ => check(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(check),
            _ => {}
        }
    }
    check(schema());
}
