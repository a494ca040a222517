//! The schema of a type as the registry writes it, for clients that ask what a type is.
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::data;
use crate::cloudformation::resource_types::schema::Schema;

/// Members with lists of pointers, which the registry and the data file have alike.
const POINTERS: &[&str] = &[
    "primaryIdentifier",
    "readOnlyProperties",
    "writeOnlyProperties",
    "createOnlyProperties",
    "conditionalCreateOnlyProperties",
];

/// Only a type whose resources can be read has a handler for it; clients ask this before an import.
pub fn json(name: &str, schema: &Schema, is_readable: bool) -> Value {
    let mut json = Map::new();
    json.insert("typeName".to_owned(), json!(name));
    json.insert("additionalProperties".to_owned(), json!(false));
    match data::emulated_schema_json(name) {
        Some(file) => {
            if let Some(root) = file["root"].as_object() {
                json.extend(root.clone());
            }
            for member in POINTERS.iter().chain(&["definitions"]) {
                if let Some(value) = file.get(member) {
                    json.insert((*member).to_owned(), value.clone());
                }
            }
        }
        None => {
            let pointers = |names: &[String]| {
                let pointer = |name: &String| format!("/properties/{}", name.replace('.', "/"));
                json!(names.iter().map(pointer).collect::<Vec<_>>())
            };
            json.insert("primaryIdentifier".to_owned(), pointers(&schema.primary_identifier));
            json.insert("readOnlyProperties".to_owned(), pointers(&schema.read_only_properties));
            json.insert(
                "createOnlyProperties".to_owned(),
                pointers(&schema.create_only_properties),
            );
        }
    }
    let handlers = ["create", "read", "update", "delete"];
    let handlers = handlers.into_iter().filter(|handler| is_readable || *handler != "read");
    let handlers: Map<String, Value> =
        handlers.map(|handler| (handler.to_owned(), json!({ "permissions": [] }))).collect();
    json.insert("handlers".to_owned(), Value::Object(handlers));
    Value::Object(json)
}
