//! Names of members: `EventConfig` in templates is `eventConfig` in AppSync's operations.
use serde_json::{Map, Value};

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::Model;

/// Members whose names differ by more than their first letter.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("AppSyncDomainName", "appsyncDomainName"),
    ("DynamoDBConfig", "dynamodbConfig"),
    ("Http", "HTTP"),
    ("Realtime", "REALTIME"),
];

/// The value of a property as AppSync's operations have it.
pub fn to_operation(property: &Value) -> Value {
    rename(property, &|name| {
        let exception = EXCEPTIONS.iter().find(|(template, _)| *template == name);
        exception
            .map_or_else(|| with_first(name, char::to_ascii_lowercase), |(_, name)| (*name).into())
    })
}

/// The input of an operation: properties that the resource has, with the names of the operation.
pub fn input(context: &Context<'_>, names: &[&str]) -> Map<String, Value> {
    let declared = names.iter().filter_map(|name| Some((*name, context.properties.get(*name)?)));
    let properties: Map<String, Value> =
        declared.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    match to_operation(&Value::Object(properties)) {
        Value::Object(input) => input,
        _ => Map::new(),
    }
}

/// A resource in the response of an operation as a model: only members that are properties of its schema.
pub fn model(context: &Context<'_>, resource: &Value) -> Model {
    let renamed = rename(resource, &|name| {
        let exception = EXCEPTIONS.iter().find(|(_, operation)| *operation == name);
        exception
            .map_or_else(|| with_first(name, char::to_ascii_uppercase), |(name, _)| (*name).into())
    });
    let Value::Object(mut model) = renamed else { return Model::new() };
    model.retain(|name, _| context.schema.root.properties.contains_key(name));
    model
}

fn rename(value: &Value, name_of: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| (name_of(name), rename(value, name_of)));
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().map(|item| rename(item, name_of)).collect(),
        scalar => scalar.clone(),
    }
}

fn with_first(name: &str, change: fn(&char) -> char) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| change(&first)).into_iter().chain(letters).collect()
}
