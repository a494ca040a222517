//! What a resource is to every layer: properties, attributes, and where it stands on AWS. Data only.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::address::Address;
use crate::text::{Placeholder, Text};

/// A resource's properties in CloudFormation's shape: no nulls, no empty collections.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// The one way in: serializes the typed form, then drops what says nothing.
    pub fn from_typed(typed: &impl Serialize) -> Self {
        match serde_json::to_value(typed) {
            Ok(Value::Object(mut map)) => {
                map.retain(|_, value| remove_empty(value));
                Self(map)
            }
            other => unreachable!("properties serialize to an object, got {other:?}"),
        }
    }
    /// The one way out. Properties of a kind only ever come from it, so this is a cast.
    pub fn to_typed<K: DeserializeOwned>(&self) -> K {
        let value = Value::Object(self.0.clone());
        serde_json::from_value(value).expect("properties of a kind stay of that kind")
    }
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
    /// One property by itself.
    pub fn single(name: &str, value: Value) -> Self {
        Self(Map::from_iter([(name.to_owned(), value)]))
    }
    /// The property called `name`, by itself.
    pub fn only(&self, name: &str) -> Option<Self> {
        Some(Self::single(name, self.get(name)?.clone()))
    }
    /// Everything these properties wait for.
    pub fn placeholders(&self) -> Vec<Placeholder> {
        let mut found = Vec::new();
        for value in self.0.values() {
            visit_texts(value, &mut |text| found.extend(text.placeholders().cloned()));
        }
        found
    }
    /// The resources that these properties refer to.
    pub fn references(&self) -> impl Iterator<Item = Address> {
        self.placeholders().into_iter().filter_map(|hole| match hole {
            Placeholder::Attribute { address, .. } => Some(address),
            _ => None,
        })
    }
    /// The same properties with what `known` knows put in its place.
    pub fn resolve(&self, known: &dyn Fn(&Placeholder) -> Option<String>) -> Self {
        self.map_texts(&|text| text.resolve(known).to_value())
    }
    /// The same properties with every text that `name` knows as an attribute made a hole again.
    pub fn with_references(&self, name: &dyn Fn(&str) -> Option<Text>) -> Self {
        Self(
            self.0.iter().map(|(key, value)| (key.clone(), with_references(value, name))).collect(),
        )
    }
    /// The same properties with every open text said another way, as templates do.
    pub fn map_texts(&self, rewrite: &dyn Fn(&Text) -> Value) -> Self {
        Self(self.0.iter().map(|(key, value)| (key.clone(), map_texts(value, rewrite))).collect())
    }
    /// The same properties, each list in the order of `other`'s where only the order differs:
    /// no list that AppSync or IAM keeps means anything by its order.
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

fn with_references(value: &Value, name: &dyn Fn(&str) -> Option<Text>) -> Value {
    match value {
        Value::String(text) => name(text).map_or_else(|| value.clone(), |text| text.to_value()),
        Value::Array(items) => items.iter().map(|item| with_references(item, name)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), with_references(value, name))).collect()
        }
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
            let mut left: Vec<&Value> = ours.iter().collect();
            for item in theirs {
                let same = |mine: &&Value| ordered_like(mine, item) == *item;
                match left.iter().position(same) {
                    Some(found) => drop(left.swap_remove(found)),
                    None => return Value::Array(ours.clone()),
                }
            }
            Value::Array(theirs.clone())
        }
        (ours, _) => ours.clone(),
    }
}

/// Drops what says nothing; returns whether anything is left.
fn remove_empty(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => {
            // An item of a list stays, even empty: its place in the list says something.
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

/// What AWS decided about a resource, under CloudFormation's names.
///
/// `Debug` prints names only: the id of an API key *is* the key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes(BTreeMap<&'static str, String>);

impl Attributes {
    pub fn with(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        self.0.extend(value.map(|value| (name, value.into())));
        self
    }
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
    /// Whether these may be of the same object: what both know is equal.
    pub fn is_compatible_with(&self, other: &Self) -> bool {
        self.0.iter().all(|(name, value)| other.get(name).is_none_or(|text| text == value))
    }
    /// The attribute, or nothing: for calls whose own check says what is missing.
    pub fn get_or_empty(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where a spec meets AWS: whose account, which region, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub account: String,
    pub region: String,
    pub partition: String,
    /// Where a local AWS serves its Event APIs, while it does; AWS's own are where their names say.
    pub emulator_url: Option<String>,
    /// Seconds since 1970; time is a value here, never a call.
    pub now_epoch_s: i64,
}

impl Site {
    /// The value of a CloudFormation pseudo parameter, if it is one we know.
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

/// What the names of AWS's hosts end in.
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

/// A resource's tags: a map to us, a list of keys and values to CloudFormation.
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
    pub fn from_literals(tags: BTreeMap<String, String>) -> Self {
        Self(tags.into_iter().map(|(key, value)| (key, value.into())).collect())
    }
    /// The tags for a call to AWS, where nothing is open any more.
    pub fn expect_literals(&self) -> BTreeMap<String, String> {
        let plain =
            |(key, value): (&String, &Text)| (key.clone(), value.expect_literal().to_owned());
        self.0.iter().map(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_empty_stays_in_properties() {
        let typed = json!({ "a": null, "b": [], "c": { "d": {} }, "e": [{ "f": null }], "g": 0 });
        assert_eq!(json!(Properties::from_typed(&typed)), json!({ "e": [{}], "g": 0 }));
    }

    #[test]
    fn lists_that_differ_by_order_only_take_the_order_of_the_other() {
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
    fn what_aws_decided_is_never_printed() {
        let attributes = Attributes::default().with("ApiKeyId", Some("da2-secret"));
        assert_eq!(format!("{attributes:?}"), r#"{"ApiKeyId"}"#);
    }
}
