//! The registry's schema of a resource type, as far as CloudFormation checks it.
use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Whether a change of a property replaces the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequiresRecreation {
    Never,
    Conditionally,
    Always,
}

/// A resource type's schema. Pointers are names with dots, without `/properties/`; `*` is any item of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    #[serde(deserialize_with = "pointers")]
    pub primary_identifier: Vec<String>,
    /// The names of `Fn::GetAtt`.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Those of them that are lists; known for stubs only, whose values are made from nothing else.
    #[serde(default)]
    pub list_attributes: Vec<String>,
    #[serde(default, deserialize_with = "pointers")]
    pub read_only_properties: Vec<String>,
    #[serde(default, deserialize_with = "pointers")]
    pub write_only_properties: Vec<String>,
    #[serde(default, deserialize_with = "pointers")]
    pub create_only_properties: Vec<String>,
    #[serde(default, deserialize_with = "pointers")]
    pub conditional_create_only_properties: Vec<String>,
    /// The property with the user's tags, if the type takes tags.
    pub tag_property: Option<String>,
    /// Whether resources get CloudFormation's own tags, too.
    #[serde(default)]
    pub system_tags: bool,
    /// All properties.
    pub root: Definition,
    #[serde(default)]
    pub definitions: BTreeMap<String, Definition>,
}

/// What a value must be.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Definition {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "type", deserialize_with = "one_or_more")]
    pub types: Vec<ValueType>,
    #[serde(rename = "enum")]
    pub values: Option<Vec<Value>>,
    #[serde(deserialize_with = "pattern")]
    pub pattern: Option<Regex>,
    pub default: Option<Value>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub properties: BTreeMap<String, Definition>,
    pub pattern_properties: BTreeMap<String, Definition>,
    pub additional_properties: Option<bool>,
    pub required: Vec<String>,
    pub any_of: Vec<Definition>,
    pub items: Option<Box<Definition>>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    /// Whether the order of a list matters.
    pub insertion_order: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    Array,
    Boolean,
    Integer,
    Number,
    Object,
    String,
}

impl Schema {
    /// The definition that `definition` refers to, or itself.
    pub fn resolve<'a>(&'a self, definition: &'a Definition) -> &'a Definition {
        let name = definition.reference.as_deref().and_then(|name| name.rsplit('/').next());
        let target = name.and_then(|name| self.definitions.get(name));
        target.map_or(definition, |target| self.resolve(target))
    }

    /// Whether a change of the property at a JSON pointer replaces the resource.
    pub fn requires_recreation(&self, pointer: &str) -> RequiresRecreation {
        let is_within = |pattern: &String| overlaps(pattern, pointer);
        if self.create_only_properties.iter().any(is_within) {
            RequiresRecreation::Always
        } else if self.conditional_create_only_properties.iter().any(is_within) {
            RequiresRecreation::Conditionally
        } else {
            RequiresRecreation::Never
        }
    }

    /// The physical id of a resource: one property, or else the parts of its primary identifier.
    pub fn physical_id(&self, model: &Map<String, Value>, property: Option<&str>) -> String {
        let text = |name: &str| match model.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let parts = || self.primary_identifier.iter().map(|name| text(name));
        property.map_or_else(|| parts().collect::<Vec<_>>().join("|"), text)
    }

    /// Whether the service never returns the property at a JSON pointer.
    pub fn is_write_only(&self, pointer: &str) -> bool {
        let labels: Vec<&str> = pointer.split('/').skip(1).collect();
        let contains = |pattern: &String| {
            let parts: Vec<&str> = pattern.split('.').collect();
            let fits = |(part, label): (&&str, &&str)| *part == "*" || part == label;
            parts.len() <= labels.len() && parts.iter().zip(&labels).all(fits)
        };
        self.write_only_properties.iter().any(contains)
    }

    /// Whether the order of the list at a JSON pointer has no meaning.
    pub fn is_unordered(&self, pointer: &str) -> bool {
        let mut definition = self.resolve(&self.root);
        for label in pointer.split('/').skip(1) {
            let item = definition.items.as_deref();
            match definition.properties.get(label).or(item) {
                Some(inner) => definition = self.resolve(inner),
                None => return false,
            }
        }
        definition.insertion_order == Some(false)
    }

    pub fn is_read_only(&self, name: &str) -> bool {
        self.read_only_properties.iter().any(|property| property == name)
    }
}

/// Whether one of the two contains the other: `A.B` and `/A`, or `A` and `/A/B`.
fn overlaps(pattern: &str, pointer: &str) -> bool {
    let labels = pointer.split('/').skip(1);
    pattern.split('.').zip(labels).all(|(part, label)| part == "*" || part == label)
}

fn pointers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let pointers = Vec::<String>::deserialize(from)?;
    let name = |pointer: String| pointer.replacen("/properties/", "", 1).replace('/', ".");
    Ok(pointers.into_iter().map(name).collect())
}

fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ValueType>, D::Error> {
    let value = Value::deserialize(from)?;
    let list = if value.is_array() { value } else { Value::Array(vec![value]) };
    serde_json::from_value(list).map_err(serde::de::Error::custom)
}

fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    Ok(parse_pattern(&String::deserialize(from)?))
}

/// Schemas have patterns of Java. Those with features that the engine here lacks are not checked; the operations of
/// the services check their members anyway.
pub fn parse_pattern(pattern: &str) -> Option<Regex> {
    // Java's `\Z` also allows a final line break, which no name has.
    Regex::new(&pattern.replace("\\Z", "$")).ok()
}
