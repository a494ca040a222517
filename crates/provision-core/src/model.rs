//! The data of a resource that all layers share: properties, attributes, tags, and its account and region.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::address::Address;
use crate::text::{Placeholder, Text};

/// The properties of a resource in CloudFormation's form, without nulls and empty collections.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// Serializes the typed form and removes nulls and empty collections. Other constructors do not normalize.
    pub fn from_typed(typed: &impl Serialize) -> Self {
        match serde_json::to_value(typed) {
            Ok(Value::Object(mut map)) => {
                map.retain(|_, value| remove_empty(value));
                Self(map)
            }
            other => unreachable!("properties serialize to an object, got {other:?}"),
        }
    }
    /// Deserializes the typed form. The properties must come from the same kind.
    pub fn to_typed<K: DeserializeOwned>(&self) -> K {
        let value = Value::Object(self.0.clone());
        serde_json::from_value(value).expect("properties of a kind stay of that kind")
    }
    /// Returns the properties by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }
    /// Returns the value of a property.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
    /// Creates properties with a single entry.
    pub fn single(name: &str, value: Value) -> Self {
        Self(Map::from_iter([(name.to_owned(), value)]))
    }
    /// Returns the property `name` without the others.
    pub fn only(&self, name: &str) -> Option<Self> {
        Some(Self::single(name, self.get(name)?.clone()))
    }
    /// Returns the unresolved placeholders.
    pub fn placeholders(&self) -> Vec<Placeholder> {
        let mut placeholders = Vec::new();
        for value in self.0.values() {
            visit_texts(value, &mut |text| placeholders.extend(text.placeholders().cloned()));
        }
        placeholders
    }
    /// Returns the resources that these properties refer to.
    pub fn references(&self) -> impl Iterator<Item = Address> {
        self.placeholders().into_iter().filter_map(|placeholder| match placeholder {
            Placeholder::Attribute { address, .. } => Some(address),
            _ => None,
        })
    }
    /// Replaces each placeholder by its value, if `value_of` returns one.
    pub fn resolve(&self, value_of: &dyn Fn(&Placeholder) -> Option<String>) -> Self {
        self.map_texts(&|text| text.resolve(value_of).to_value())
    }
    /// Replaces each literal text by the reference that `reference` returns for it, if any: the inverse of
    /// [`resolve`](Self::resolve).
    pub fn with_references(&self, reference: &dyn Fn(&str) -> Option<Text>) -> Self {
        let replace =
            |(key, value): (&String, &Value)| (key.clone(), with_references(value, reference));
        Self(self.0.iter().map(replace).collect())
    }
    /// Replaces each text with placeholders by the result of `rewrite`.
    pub fn map_texts(&self, rewrite: &dyn Fn(&Text) -> Value) -> Self {
        Self(self.0.iter().map(|(key, value)| (key.clone(), map_texts(value, rewrite))).collect())
    }
    /// Returns the properties with each list in the order of `other`'s, where only the order differs. The order of
    /// lists has no meaning in AppSync and IAM.
    pub fn ordered_like(&self, other: &Self) -> Self {
        let order = |(key, value): (&String, &Value)| match other.0.get(key) {
            Some(theirs) => (key.clone(), ordered_like(value, theirs)),
            None => (key.clone(), value.clone()),
        };
        Self(self.0.iter().map(order).collect())
    }
}

fn visit_texts(value: &Value, visit: &mut dyn FnMut(&Text)) {
    if let Some(text) = Text::from_intrinsic(value) {
        return visit(&text);
    }
    match value {
        Value::Object(map) => map.values().for_each(|value| visit_texts(value, visit)),
        Value::Array(items) => items.iter().for_each(|value| visit_texts(value, visit)),
        _ => {}
    }
}

fn map_texts(value: &Value, rewrite: &dyn Fn(&Text) -> Value) -> Value {
    if let Some(text) = Text::from_intrinsic(value) {
        return rewrite(&text);
    }
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), map_texts(value, rewrite))).collect()
        }
        Value::Array(items) => items.iter().map(|item| map_texts(item, rewrite)).collect(),
        plain => plain.clone(),
    }
}

fn with_references(value: &Value, reference: &dyn Fn(&str) -> Option<Text>) -> Value {
    match value {
        Value::String(text) => {
            reference(text).map_or_else(|| value.clone(), |text| text.to_value())
        }
        Value::Array(items) => items.iter().map(|item| with_references(item, reference)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), with_references(value, reference)))
            .collect(),
        plain => plain.clone(),
    }
}

fn ordered_like(ours: &Value, theirs: &Value) -> Value {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let order = |(key, value): (&String, &Value)| match theirs.get(key) {
                Some(theirs) => (key.clone(), ordered_like(value, theirs)),
                None => (key.clone(), value.clone()),
            };
            Value::Object(ours.iter().map(order).collect())
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let mut unmatched: Vec<&Value> = ours.iter().collect();
            for item in theirs {
                let is_equal = |value: &&Value| ordered_like(value, item) == *item;
                match unmatched.iter().position(is_equal) {
                    Some(n) => drop(unmatched.swap_remove(n)),
                    None => return Value::Array(ours.clone()),
                }
            }
            Value::Array(theirs.clone())
        }
        (ours, _) => ours.clone(),
    }
}

/// Removes nulls and empty collections inside a value; returns whether the value itself is to be kept.
fn remove_empty(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => {
            // An empty item of a list is kept: removing it would move the other items.
            for map in items.iter_mut().filter_map(Value::as_object_mut) {
                map.retain(|_, value| remove_empty(value));
            }
            !items.is_empty()
        }
        Value::Object(map) => {
            map.retain(|_, value| remove_empty(value));
            !map.is_empty()
        }
        _ => true,
    }
}

/// The attributes of a resource that AWS assigns, such as ids and ARNs, with CloudFormation's names.
///
/// `Debug` prints names only: the id of an API key *is* the key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes(BTreeMap<&'static str, String>);

impl Attributes {
    /// Adds an attribute, if it has a value.
    pub fn with(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        self.0.extend(value.map(|value| (name, value.into())));
        self
    }
    /// Returns the value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
    /// Returns the attributes by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
    /// Whether both can be of the same resource: all attributes that both have are equal.
    pub fn is_compatible_with(&self, other: &Self) -> bool {
        self.0.iter().all(|(name, value)| other.get(name).is_none_or(|text| text == value))
    }
    /// Returns the attribute, or an empty text: for calls that AWS rejects if it is missing.
    pub fn get_or_empty(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The account and region in which a spec is applied, and the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The id of the AWS account.
    pub account: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The partition, such as `aws`.
    pub partition: String,
    /// The URL at which a running emulator serves its Event APIs; `None` on AWS, where each API has its domain.
    pub emulator_url: Option<String>,
    /// The current time. The core never reads a clock.
    pub now_epoch_s: i64,
}

impl Site {
    /// Returns the value of a CloudFormation pseudo parameter that depends on the account or region only.
    pub fn pseudo_parameter(&self, name: &str) -> Option<String> {
        match name {
            "AWS::AccountId" => Some(self.account.clone()),
            "AWS::Region" => Some(self.region.clone()),
            "AWS::Partition" => Some(self.partition.clone()),
            "AWS::URLSuffix" => Some(url_suffix(&self.partition).to_owned()),
            _ => None,
        }
    }
}

/// Returns the suffix of AWS's host names.
fn url_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// The tags of a resource: a map here, a list of keys and values in CloudFormation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(pub BTreeMap<String, Text>);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: Text,
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tag = |(key, value): (&String, &Text)| Tag { key: key.clone(), value: value.clone() };
        serializer.collect_seq(self.0.iter().map(tag))
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tags = Vec::<Tag>::deserialize(deserializer)?;
        Ok(Self(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
    }
}

impl JsonSchema for Tags {
    fn schema_name() -> Cow<'static, str> {
        "Tags".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Tag>::json_schema(generator)
    }
}

impl Tags {
    /// Creates tags without placeholders.
    pub fn from_literals(tags: BTreeMap<String, String>) -> Self {
        Self(tags.into_iter().map(|(key, value)| (key, value.into())).collect())
    }
    /// Returns the tags for a call to AWS, for which every placeholder is resolved.
    pub fn expect_literals(&self) -> BTreeMap<String, String> {
        let literal =
            |(key, value): (&String, &Text)| (key.clone(), value.expect_literal().to_owned());
        self.0.iter().map(literal).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_have_no_nulls_and_no_empty_collections() {
        let typed = json!({ "a": null, "b": [], "c": { "d": {} }, "e": [{ "f": null }], "g": 0 });
        assert_eq!(json!(Properties::from_typed(&typed)), json!({ "e": [{}], "g": 0 }));
    }

    #[test]
    fn a_list_that_differs_only_in_order_gets_the_order_of_the_other() {
        let check = |ours: Value, theirs: Value, expected: Value| {
            let (ours, theirs) = (
                Properties::from_typed(&json!({ "x": ours })),
                Properties::from_typed(&json!({ "x": theirs })),
            );
            assert_eq!(json!(ours.ordered_like(&theirs)), json!({ "x": expected }));
        };
        check(json!(["b", "a"]), json!(["a", "b"]), json!(["a", "b"]));
        check(json!(["b", "b"]), json!(["a", "b"]), json!(["b", "b"]));
        check(json!(["a"]), json!(["a", "b"]), json!(["a"]));
        check(
            json!([{ "n": ["b", "a"] }]),
            json!([{ "n": ["a", "b"] }]),
            json!([{ "n": ["a", "b"] }]),
        );
    }

    #[test]
    fn the_debug_output_of_attributes_has_no_values() {
        let attributes = Attributes::default().with("ApiKeyId", Some("da2-secret"));
        assert_eq!(format!("{attributes:?}"), r#"{"ApiKeyId"}"#);
    }
}
