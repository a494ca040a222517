//! Tags of resources: those of the template, of the stack, and CloudFormation's own.
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::request::ExistingResource;
use crate::cloudformation::resource_types::schema::{Schema, ValueType};
use crate::state::Tags;

/// How the tags of an existing resource change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    pub added: Tags,
    pub removed: Vec<String>,
}

impl Context<'_> {
    /// The tags of the stack and the template, without CloudFormation's own. The template overrides the stack.
    pub fn tags(&self) -> Tags {
        match &self.schema.tag_property {
            None => Tags::new(),
            Some(property) => {
                let mut tags = self.stack_tags.clone();
                tags.extend(from_property(self.properties.get(property)));
                tags
            }
        }
    }

    /// The changes from the resource's `actual` tags. A tag that someone else added remains.
    pub fn tag_changes(&self, existing: &ExistingResource<'_>, actual: &Tags) -> TagChanges {
        let desired = self.tags();
        let mut all_desired = desired.clone();
        all_desired.extend(self.system_tags());
        let added: Tags =
            all_desired.into_iter().filter(|(key, value)| actual.get(key) != Some(value)).collect();
        let property = self.schema.tag_property.as_deref().unwrap_or_default();
        let removed = existing
            .tags(property)
            .into_keys()
            .filter(|key| !desired.contains_key(key) && actual.contains_key(key))
            .filter(|key| !key.starts_with("aws:"));
        TagChanges { added, removed: removed.collect() }
    }

    /// The tags that are part of the template, as its property has them: not those of the stack, unless the template
    /// has them too, and not CloudFormation's own.
    pub fn tag_property_value(&self, actual: &Tags) -> Option<Value> {
        let property = self.schema.tag_property.as_deref()?;
        let declared = from_property(self.properties.get(property));
        let is_own = |key: &str| {
            !key.starts_with("aws:")
                && (declared.contains_key(key) || !self.stack_tags.contains_key(key))
        };
        let own: Tags = actual
            .iter()
            .filter(|(key, _)| is_own(key))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        (!own.is_empty()).then(|| self.schema.tag_value(&own))
    }
}

impl ExistingResource<'_> {
    /// The tags that the stack gave the resource.
    pub fn tags(&self, property: &str) -> Tags {
        let mut tags = self.stack_tags.clone();
        tags.extend(from_property(self.properties.get(property)));
        tags
    }
}

impl Schema {
    /// The value of the property with tags: a list of keys and values, or a map.
    pub fn tag_value(&self, tags: &Tags) -> Value {
        let property = self.tag_property.as_deref().and_then(|name| self.root.properties.get(name));
        let is_map = property.is_some_and(|of| self.resolve(of).types == [ValueType::Object]);
        if is_map { json!(tags) } else { to_list(tags) }
    }
}

fn to_list(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The tags of an AppSync response.
pub fn from_map(tags: Option<&Value>) -> Tags {
    let members = tags.and_then(Value::as_object).into_iter().flat_map(Map::iter);
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The tags of a property: a list of keys and values, or a map.
pub fn from_property(property: Option<&Value>) -> Tags {
    let Some(Value::Array(items)) = property else { return from_map(property) };
    let tag = |item: &Value| {
        Some((
            item["Key"].as_str()?.to_owned(),
            item["Value"].as_str().unwrap_or_default().to_owned(),
        ))
    };
    items.iter().filter_map(tag).collect()
}
