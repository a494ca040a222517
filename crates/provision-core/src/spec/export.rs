//! The way back: what is live, as the spec that a user would have written for it.
use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::address::Address;
use crate::kind::{ImportContext, LiveResource, LiveState};
use crate::model::Tags;
use crate::ownership::PROTECT_TAG;
use crate::text::Text;

/// A spec made from what is live, and the files to lie beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedSpec {
    pub document: Value,
    pub files: BTreeMap<String, String>,
}

/// Declares all of `live` that is ours. The plan of that spec is empty.
pub fn export(stack: &str, live: &LiveState) -> ExportedSpec {
    let mut found = ImportContext::default();
    let mut document = json!({ "version": 1, "stack": stack });
    let tags = common_tags(live);
    if !tags.is_empty() {
        document["tags"] = to_spec_syntax(json!(tags));
    }
    let names = attribute_references(live);
    for (address, observed) in &live.managed {
        let properties = observed.properties.with_references(&|text| names.get(text).cloned());
        found.address = Some(address.clone());
        let declared = to_spec_syntax(observed.kind.to_declaration(&properties, &mut found));
        insert_declaration(&mut document, address, declared);
        if let Some(around) = address.parent() {
            let said = to_spec_syntax(Value::Object(std::mem::take(&mut found.parent_members)));
            insert_declaration(&mut document, &around, said);
        }
    }
    for (name, arn) in &found.roles {
        insert_declaration(
            &mut document,
            &Address::top_level("logRoles", name),
            json!({ "arn": arn }),
        );
    }
    ExportedSpec { document, files: found.files }
}

/// The tags that everything has which takes tags: a spec has no others.
fn common_tags(live: &LiveState) -> BTreeMap<String, Text> {
    let takes_tags = |resource: &&LiveResource| {
        let schema = resource.kind.properties_schema(&mut SchemaGenerator::default());
        schema.get("properties").is_some_and(|properties| properties.get("Tags").is_some())
    };
    let tags = |resource: &LiveResource| {
        let tags = resource.properties.get("Tags").cloned().unwrap_or_else(|| json!([]));
        serde_json::from_value::<Tags>(tags).unwrap_or_default().0
    };
    let each = live.managed.values().filter(takes_tags).map(tags);
    let common = |mut common: BTreeMap<String, Text>, tags: BTreeMap<String, Text>| {
        common.retain(|key, value| tags.get(key) == Some(value));
        common
    };
    let mut tags = each.reduce(common).unwrap_or_default();
    // Where every API is protected, each says so itself.
    tags.remove(PROTECT_TAG);
    tags
}

/// What AWS decided about ours, by its value: what refers to one of ours, refers to its address.
fn attribute_references(live: &LiveState) -> BTreeMap<String, Text> {
    let each = live.managed.iter().flat_map(|(address, observed)| {
        observed.attributes.iter().map(move |(name, value)| (address, name, value))
    });
    let refers = |name: &str| matches!(name, "ApiId" | "ApiArn" | "Arn");
    each.filter(|(_, name, _)| refers(name))
        .map(|(address, name, value)| (value.to_owned(), Text::attribute(address, name)))
        .collect()
}

/// Texts as a spec writes them.
pub fn to_spec_syntax(value: Value) -> Value {
    if let Some(text) = Text::from_intrinsic(&value) {
        return Value::String(text.to_spec_syntax());
    }
    match value {
        Value::String(text) => Value::String(Text::literal(&text).to_spec_syntax()),
        Value::Array(items) => items.into_iter().map(to_spec_syntax).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, to_spec_syntax(value))).collect()
        }
        plain => plain,
    }
}

/// Puts a declaration where its address says, beside what is declared inside it.
pub fn insert_declaration(document: &mut Value, address: &Address, declared: Value) {
    let mut place = document;
    for part in address.parts() {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    let Value::Object(declared) = declared else { return };
    match place {
        Value::Object(inside) => inside.extend(declared),
        place => *place = Value::Object(declared),
    }
}
