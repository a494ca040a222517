//! The JSON Schema of a spec, generated from the header and the table of kinds.
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::kinds;
use crate::spec::header::SpecHeader;

/// The pattern of names in a spec, which are parts of addresses, tags and logical ids.
const NAME_PATTERN: &str = "^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}[A-Za-z0-9_])?$";
const NAME_HELP: &str = "a name has letters, digits, `_` and inner `-`, at most 64 characters";

/// Returns the schema of a spec, draft 2020-12.
pub fn schema() -> &'static Value {
    // Generating it takes as long as reading a small spec.
    static SCHEMA: LazyLock<Value> = LazyLock::new(generate);
    &SCHEMA
}

fn generate() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut head = SpecHeader::json_schema(&mut generator);
    add_sections(&mut head, None, &mut generator);
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.extend(head.to_value().as_object().cloned().unwrap_or_default());
    schema.insert("$defs".into(), Value::Object(generator.take_definitions(true)));
    let mut schema = Value::Object(schema);
    without_null(&mut schema);
    unwrap_descriptions(&mut schema);
    schema
}

/// Adds the sections of the child kinds to the schema of their parent.
fn add_sections(parent_schema: &mut Schema, parent: Option<&str>, generator: &mut SchemaGenerator) {
    for facts in kinds::children_of(parent) {
        let mut declaration = facts.declaration_schema(generator);
        add_sections(&mut declaration, Some(facts.section), generator);
        let description = declaration.get("description").cloned().unwrap_or_default();
        let examples = declaration.get("examples").cloned().unwrap_or_default();
        let named = |(n, value): (usize, &Value)| json!({ format!("name{}", n + 1): value });
        let examples: Vec<Value> =
            examples.as_array().into_iter().flatten().enumerate().map(named).collect();
        let section = match facts.is_singleton {
            true => json!(declaration),
            false => json!({
                "description": description,
                "default": {},
                "examples": examples,
                "type": "object",
                "propertyNames": { "pattern": NAME_PATTERN, "patternErrorMessage": NAME_HELP },
                "additionalProperties": declaration,
            }),
        };
        let members = parent_schema.ensure_object();
        let properties = members.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(facts.section.to_owned(), section);
        }
    }
}

/// Removes `null` from the schema: an `Option` is a key that can be omitted, not a value that can be null.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|value| value != "null");
                if let [single] = types.as_slice() {
                    let single = single.clone();
                    map.insert("type".into(), single);
                }
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                any.retain(|any| any.get("type").is_none_or(|value| value != "null"));
                if let [single] = any.as_slice() {
                    let single = single.clone();
                    map.remove("anyOf");
                    map.extend(single.as_object().cloned().unwrap_or_default());
                }
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Joins the lines of each paragraph of a description, which are wrapped in the source code.
fn unwrap_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                let paragraphs = text.split("\n\n").map(|part| part.replace('\n', " "));
                *text = paragraphs.collect::<Vec<_>>().join("\n\n");
            }
            map.values_mut().for_each(unwrap_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_descriptions),
        _ => {}
    }
}
