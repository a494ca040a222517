//! The data files in `schemas`, which `schemas/generate.py` writes: the whole schemas of the emulated types, and the
//! facts of every other type.
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::Value;

use crate::cloudformation::resource_types::schema::{Definition, Schema};

const EMULATED: &str = include_str!("../../../schemas/emulated.json");
const REGISTRY: &str = include_str!("../../../schemas/registry.txt");

#[derive(Deserialize)]
struct EmulatedFile {
    types: BTreeMap<String, Schema>,
}

static EMULATED_SCHEMAS: LazyLock<BTreeMap<String, Arc<Schema>>> = LazyLock::new(|| {
    let file: EmulatedFile =
        serde_json::from_str(EMULATED).expect("a test parses the file of schemas");
    file.types.into_iter().map(|(name, schema)| (name, Arc::new(schema))).collect()
});

/// The schema of an emulated type.
pub fn emulated_schema(name: &str) -> Option<Arc<Schema>> {
    EMULATED_SCHEMAS.get(name).cloned()
}

/// The schema of an emulated type as the file has it.
pub fn emulated_schema_json(name: &str) -> Option<Value> {
    let mut file: Value =
        serde_json::from_str(EMULATED).expect("a test parses the file of schemas");
    file.get_mut("types")?.get_mut(name).map(Value::take)
}

/// The names of all other types of the registry.
pub fn registry_names() -> impl Iterator<Item = &'static str> {
    registry_lines().filter_map(|line| line.split('|').next())
}

/// The schema of another type of the registry, with its name. It has no constraints but the required properties.
pub fn registry_schema(name: &str) -> Option<(&'static str, Arc<Schema>)> {
    let line = registry_lines()
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('|')))?;
    let mut fields = line.split('|');
    let name = fields.next()?;
    let mut list = || {
        let items = fields.next().unwrap_or_default().split(',').filter(|item| !item.is_empty());
        items.map(str::to_owned).collect::<Vec<_>>()
    };
    let (primary_identifier, attributes, required, create_only) = (list(), list(), list(), list());
    let lists = attributes.iter().filter_map(|name| name.strip_suffix("[]"));
    let list_attributes = lists.map(str::to_owned).collect();
    let attributes: Vec<String> =
        attributes.iter().map(|name| name.trim_end_matches("[]").to_owned()).collect();
    let (conditional, create_only_properties): (Vec<String>, Vec<String>) =
        create_only.into_iter().partition(|name| name.starts_with('?'));
    let conditional = conditional.iter().map(|name| name.trim_start_matches('?').to_owned());
    let root = Definition { required, ..Definition::default() };
    let schema = Schema {
        primary_identifier,
        read_only_properties: attributes.clone(),
        attributes,
        list_attributes,
        write_only_properties: Vec::new(),
        create_only_properties,
        conditional_create_only_properties: conditional.collect(),
        tag_property: None,
        system_tags: false,
        root,
        definitions: BTreeMap::new(),
    };
    Some((name, Arc::new(schema)))
}

fn registry_lines() -> impl Iterator<Item = &'static str> {
    REGISTRY.lines().filter(|line| !line.starts_with('#'))
}
