//! Where a spec says what a property should be, as the kinds tell it.
use provision_core::kinds::KINDS;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

#[test]
fn every_property_of_a_kind_says_where_it_is_written() {
    for facts in KINDS {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let properties = facts.properties_schema(&mut generator).to_value();
        let declaration = facts.declaration_schema(&mut generator).to_value();
        let definitions = json!(generator.definitions());
        let member = |schema: &Value, path: &str| {
            path.split('.')
                .try_fold(schema.clone(), |schema, name| inside(&schema, name, &definitions))
        };
        for (property, written) in facts.spec_paths {
            assert!(member(&properties, property).is_some(), "{facts:?} has no {property}");
            let found = *written == "/tags" || member(&declaration, written).is_some();
            assert!(found, "{facts:?} is not declared with {written}");
        }
        // The address of the declaration says what it refers to, and one of several members its variant.
        let references = facts.template.references.iter().map(|reference| reference.property);
        let variant = facts.template.variants.map(|variants| variants.property);
        let elsewhere: Vec<&str> = references.chain(variant).collect();
        let properties = resolved(&properties, &definitions)["properties"].clone();
        for name in properties.as_object().unwrap().keys() {
            let said = facts.spec_paths.iter().any(|(property, _)| property == name);
            assert!(said || elsewhere.contains(&name.as_str()), "{facts:?}: {name}");
        }
    }
}

fn inside(schema: &Value, name: &str, definitions: &Value) -> Option<Value> {
    let schema = resolved(schema, definitions);
    let branches = schema["anyOf"].as_array().cloned().unwrap_or_default();
    if schema.get("properties").is_none() && branches.is_empty() {
        // Kept as AWS writes it, whatever that is.
        return Some(Value::Bool(true));
    }
    let here = schema["properties"].get(name).cloned();
    here.or_else(|| branches.iter().find_map(|branch| inside(branch, name, definitions)))
}

fn resolved(schema: &Value, definitions: &Value) -> Value {
    match schema["$ref"].as_str().and_then(|schema| schema.rsplit('/').next()) {
        Some(name) => definitions[name].clone(),
        None => schema.clone(),
    }
}
