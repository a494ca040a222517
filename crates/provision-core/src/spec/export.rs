//! Creates a spec from the live state, which `provision import` writes.
use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::address::Address;
use crate::kind::{ImportContext, LiveResource, LiveState};
use crate::model::Tags;
use crate::ownership::PROTECT_TAG;
use crate::text::Text;

/// A spec that was created from the live state, and the files that it refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedSpec {
    /// The spec.
    pub document: Value,
    /// The contents of files by path, relative to the spec.
    pub files: BTreeMap<String, String>,
}

/// Returns a spec that declares all managed resources of `live`. The plan of that spec is empty.
pub fn export(stack: &str, live: &LiveState) -> ExportedSpec {
    let mut context = ImportContext::default();
    let mut document = json!({ "version": 1, "stack": stack });
    let tags = common_tags(live);
    if !tags.is_empty() {
        document["tags"] = to_spec_syntax(json!(tags));
    }
    let references = attribute_references(live);
    for (address, resource) in &live.managed {
        let properties = resource.properties.with_references(&|text| references.get(text).cloned());
        context.address = Some(address.clone());
        let declaration = to_spec_syntax(resource.kind.to_declaration(&properties, &mut context));
        insert_declaration(&mut document, address, declaration);
        if let Some(parent) = address.parent() {
            let members = std::mem::take(&mut context.parent_members);
            insert_declaration(&mut document, &parent, to_spec_syntax(Value::Object(members)));
        }
    }
    for (name, arn) in &context.roles {
        insert_declaration(
            &mut document,
            &Address::top_level("logRoles", name),
            json!({ "arn": arn }),
        );
    }
    ExportedSpec { document, files: context.files }
}

/// Returns the tags that every resource with support for tags has: a spec cannot declare other tags.
fn common_tags(live: &LiveState) -> BTreeMap<String, Text> {
    let supports_tags = |resource: &&LiveResource| {
        let schema = resource.kind.properties_schema(&mut SchemaGenerator::default());
        schema.get("properties").is_some_and(|properties| properties.get("Tags").is_some())
    };
    let tags = |resource: &LiveResource| {
        let tags = resource.properties.get("Tags").cloned().unwrap_or_else(|| json!([]));
        serde_json::from_value::<Tags>(tags).unwrap_or_default().0
    };
    let each = live.managed.values().filter(supports_tags).map(tags);
    let common = |mut common: BTreeMap<String, Text>, tags: BTreeMap<String, Text>| {
        common.retain(|key, value| tags.get(key) == Some(value));
        common
    };
    let mut tags = each.reduce(common).unwrap_or_default();
    // Protection is declared for each API.
    tags.remove(PROTECT_TAG);
    tags
}

/// Returns references to the attributes of managed resources, by the attribute's value.
fn attribute_references(live: &LiveState) -> BTreeMap<String, Text> {
    let attributes = live.managed.iter().flat_map(|(address, resource)| {
        resource.attributes.iter().map(move |(name, value)| (address, name, value))
    });
    let is_identifier = |name: &str| matches!(name, "ApiId" | "ApiArn" | "Arn");
    attributes
        .filter(|(_, name, _)| is_identifier(name))
        .map(|(address, name, value)| (value.to_owned(), Text::attribute(address, name)))
        .collect()
}

/// Converts texts and intrinsics in a value to the syntax of a spec.
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

/// Inserts a declaration at its address. Members that exist there, such as child resources, are kept.
pub fn insert_declaration(document: &mut Value, address: &Address, declaration: Value) {
    let mut target = document;
    for part in address.parts() {
        if !target.is_object() {
            *target = Value::Object(Map::new());
        }
        target = &mut target[part];
    }
    let Value::Object(declaration) = declaration else { return };
    match target {
        Value::Object(members) => members.extend(declaration),
        target => *target = Value::Object(declaration),
    }
}
