//! The paths in a spec of every property, as the kinds define them.
use provision_core::kinds::KINDS;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

#[test]
fn every_property_of_a_kind_has_a_path_in_the_spec() {
    for facts in KINDS {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let properties = facts.properties_schema(&mut generator).to_value();
        let declaration = facts.declaration_schema(&mut generator).to_value();
        let definitions = json!(generator.definitions());
        let member = |schema: &Value, path: &str| {
            path.split('.')
                .try_fold(schema.clone(), |schema, name| find_member(&schema, name, &definitions))
        };
        for (property, path) in facts.spec_paths {
            assert!(member(&properties, property).is_some(), "{facts:?} has no {property}");
            let exists = *path == "/tags" || member(&declaration, path).is_some();
            assert!(exists, "{facts:?} is not declared with {path}");
        }
        // References are given by addresses, and variants by the member that is present.
        let references = facts.template.references.iter().map(|reference| reference.property);
        let variant = facts.template.variants.map(|variants| variants.property);
        let elsewhere: Vec<&str> = references.chain(variant).collect();
        let properties = resolve(&properties, &definitions)["properties"].clone();
        for name in properties.as_object().unwrap().keys() {
            let has_path = facts.spec_paths.iter().any(|(property, _)| property == name);
            assert!(has_path || elsewhere.contains(&name.as_str()), "{facts:?}: {name}");
        }
    }
}

fn find_member(schema: &Value, name: &str, definitions: &Value) -> Option<Value> {
    let schema = resolve(schema, definitions);
    let branches = schema["anyOf"].as_array().cloned().unwrap_or_default();
    if schema.get("properties").is_none() && branches.is_empty() {
        // A value in AWS's own form, such as a policy.
        return Some(Value::Bool(true));
    }
    let here = schema["properties"].get(name).cloned();
    here.or_else(|| branches.iter().find_map(|branch| find_member(branch, name, definitions)))
}

fn resolve(schema: &Value, definitions: &Value) -> Value {
    match schema["$ref"].as_str().and_then(|schema| schema.rsplit('/').next()) {
        Some(name) => definitions[name].clone(),
        None => schema.clone(),
    }
}
