//! The published schema, as editors show it.
use provision_core::spec::schema;
use serde_json::{Map, Value};

/// Visits every property of the schema, with its path and whether it is required.
fn visit_properties(
    root: &Value,
    at: &Value,
    path: &str,
    visit: &mut dyn FnMut(&str, &Value, bool),
) {
    let at = resolve(root, at);
    let required = at.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in at.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        visit(&path, &resolve(root, property), required.contains(&name.as_str()));
        visit_properties(root, property, &path, visit);
    }
    for inner in ["additionalProperties", "items"] {
        if let Some(inner) = at.get(inner).filter(|value| value.is_object()) {
            visit_properties(root, inner, &format!("{path}.*"), visit);
        }
    }
    for alternative in at.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        visit_properties(root, alternative, path, visit);
    }
}

/// The schema merged with the definition that it refers to; its own members take precedence.
fn resolve(root: &Value, schema: &Value) -> Value {
    let Some(target) = schema.get("$ref").and_then(Value::as_str) else { return schema.clone() };
    let target = root.pointer(target.trim_start_matches('#')).unwrap();
    let mut merged: Map<String, Value> = resolve(root, target).as_object().unwrap().clone();
    merged.extend(schema.as_object().unwrap().clone());
    merged.shift_remove("$ref");
    Value::Object(merged)
}

#[test]
fn every_property_has_a_description_an_example_and_a_default() {
    let (schema, mut missing) = (schema(), Vec::new());
    visit_properties(schema, schema, "", &mut |path, property, required| {
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        if description.is_empty() {
            missing.push(format!("{path}: a description"));
        }
        let shown = ["examples", "enum", "const", "oneOf"];
        let shown = shown.iter().any(|shown| property.get(shown).is_some());
        if !shown && property.get("type") != Some(&Value::from("boolean")) {
            missing.push(format!("{path}: an example"));
        }
        if !required && property.get("default").is_none() && !description.contains("Default: ") {
            missing.push(format!("{path}: a default"));
        }
    });
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_example_and_default_is_valid() {
    let (schema, mut wrong) = (schema(), Vec::new());
    visit_properties(schema, schema, "", &mut |path, property, _| {
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
