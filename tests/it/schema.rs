//! The published schema, as an editor and its users see it.
use provision_core::spec::schema;
use serde_json::{Map, Value};

/// Visits every property of the schema: its path, itself, whether it must be there.
fn each(root: &Value, at: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value, bool)) {
    let at = resolved(root, at);
    let required = at.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in at.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        visit(&path, &resolved(root, property), required.contains(&name.as_str()));
        each(root, property, &path, visit);
    }
    for inner in ["additionalProperties", "items"] {
        if let Some(inner) = at.get(inner).filter(|value| value.is_object()) {
            each(root, inner, &format!("{path}.*"), visit);
        }
    }
    for alternative in at.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        each(root, alternative, path, visit);
    }
}

/// The schema with what it refers to, and its own members before those.
fn resolved(root: &Value, schema: &Value) -> Value {
    let Some(target) = schema.get("$ref").and_then(Value::as_str) else { return schema.clone() };
    let target = root.pointer(target.trim_start_matches('#')).unwrap();
    let mut merged: Map<String, Value> = resolved(root, target).as_object().unwrap().clone();
    merged.extend(schema.as_object().unwrap().clone());
    merged.shift_remove("$ref");
    Value::Object(merged)
}

#[test]
fn every_property_has_a_description_an_example_and_a_default() {
    let (schema, mut lacking) = (schema(), Vec::new());
    each(schema, schema, "", &mut |path, property, required| {
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        if description.is_empty() {
            lacking.push(format!("{path}: a description"));
        }
        let shown = ["examples", "enum", "const", "oneOf"];
        let shown = shown.iter().any(|shown| property.get(shown).is_some());
        if !shown && property.get("type") != Some(&Value::from("boolean")) {
            lacking.push(format!("{path}: an example"));
        }
        if !required && property.get("default").is_none() && !description.contains("Default: ") {
            lacking.push(format!("{path}: a default"));
        }
    });
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn every_example_and_default_is_what_the_schema_allows() {
    let (schema, mut wrong) = (schema(), Vec::new());
    each(schema, schema, "", &mut |path, property, _| {
        let mut alone = property.clone();
        alone["$defs"] = schema["$defs"].clone();
        let validator = jsonschema::draft202012::new(&alone).unwrap();
        let examples = property.get("examples").and_then(Value::as_array).into_iter().flatten();
        for value in examples.chain(property.get("default")) {
            if let Err(error) = validator.validate(value) {
                wrong.push(format!("{path}: {value}: {error}"));
            }
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
}
