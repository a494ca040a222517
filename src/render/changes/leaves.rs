//! Splits a change into its differing values, in a readable form instead of CloudFormation's.
use serde_json::{Map, Value, json};

use provision_core::diff::{Change, PropertyChange};
use provision_core::kind::Kind;
use provision_core::text::Text;

/// One value that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueChange {
    /// `EventConfig.ConnectionAuthModes`
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// Whether a part of `after` is known only after apply.
    pub is_unresolved: bool,
}

/// Returns every value that differs.
pub fn value_changes(change: &Change) -> Vec<ValueChange> {
    let kind = change.kind;
    let fields = change.fields.iter().filter(|change| !is_parent_reference(kind, change));
    fields.flat_map(|field| property_value_changes(kind, field)).collect()
}

/// Returns whether a property only names the API of the resource, which its address does, too.
fn is_parent_reference(kind: &'static dyn Kind, field: &PropertyChange) -> bool {
    let changes = field.before.is_some() && field.after.is_some();
    kind.parent == Some("apis") && field.name == "ApiId" && !changes
}

fn property_value_changes(kind: &'static dyn Kind, field: &PropertyChange) -> Vec<ValueChange> {
    let side = |value: &Option<Value>| {
        let value = value.as_ref().map(|value| readable_property(kind, &field.name, value));
        value.map(|value| leaves(&field.name, &value)).unwrap_or_default()
    };
    let (before, after) = (side(&field.before), side(&field.after));
    let find = |side: &[Leaf], path: &str| side.iter().find(|leaf| leaf.path == path).cloned();
    let removed = before.iter().filter(|leaf| find(&after, &leaf.path).is_none());
    let pair = |path: &str| {
        let (before, after) = (find(&before, path), find(&after, path));
        let is_unresolved = after.as_ref().is_some_and(|leaf| leaf.is_unresolved);
        let (before, after) = (before.map(|leaf| leaf.value), after.map(|leaf| leaf.value));
        ValueChange { path: path.to_owned(), before, after, is_unresolved }
    };
    let pairs = removed.chain(&after).map(|leaf| pair(&leaf.path));
    pairs.filter(|change| change.before != change.after || change.is_unresolved).collect()
}

/// Returns `value` of the property `name` in a readable form: timestamps as dates, `[{AuthType: API_KEY}]` as
/// `[API_KEY]`, tags as a map. Placeholders stay unresolved.
fn readable_property(kind: &'static dyn Kind, name: &str, value: &Value) -> Value {
    if kind.timestamps.contains(&name) {
        let timestamp = value.as_i64().and_then(|value| jiff::Timestamp::from_second(value).ok());
        return timestamp.map_or_else(|| value.clone(), |timestamp| json!(timestamp.to_string()));
    }
    readable(value)
}

fn readable(value: &Value) -> Value {
    if Text::from_intrinsic(value).is_some() {
        return value.clone();
    }
    match value {
        Value::Array(items) => match tags(items).or_else(|| modes(items)) {
            Some(shorter) => shorter,
            None => items.iter().map(readable).collect(),
        },
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), readable(value))).collect()
        }
        plain => plain.clone(),
    }
}

/// Converts `[{Key: team, Value: a}]` to `{team: a}`.
fn tags(items: &[Value]) -> Option<Value> {
    let tag = |item: &Value| {
        let map = item.as_object().filter(|map| map.len() == 2)?;
        Some((map.get("Key")?.as_str()?.to_owned(), readable(map.get("Value")?)))
    };
    let tags: Option<Map<String, Value>> = items.iter().map(tag).collect();
    tags.filter(|tags| !tags.is_empty()).map(Value::Object)
}

/// Converts `[{AuthType: API_KEY}]` to `[API_KEY]`.
fn modes(items: &[Value]) -> Option<Value> {
    let mode = |item: &Value| {
        let map = item.as_object().filter(|map| map.len() == 1)?;
        map.get("AuthType").cloned()
    };
    items.iter().map(mode).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// A part of a value that has no parts.
#[derive(Clone, Debug, PartialEq)]
struct Leaf {
    path: String,
    value: Value,
    /// Whether a part of it is known only after apply.
    is_unresolved: bool,
}

/// Returns the leaves of `value`, in their order.
fn leaves(path: &str, value: &Value) -> Vec<Leaf> {
    let leaf =
        |value: Value, is_unresolved| vec![Leaf { path: path.to_owned(), value, is_unresolved }];
    if let Some(text) = Text::from_intrinsic(value) {
        return leaf(json!(text.to_string()), true);
    }
    let has_parts = |value: &Value| {
        (value.is_object() || value.is_array()) && Text::from_intrinsic(value).is_none()
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().flat_map(|(key, value)| leaves(&format!("{path}.{key}"), value)).collect()
        }
        // The items of a list of lists or maps are separate leaves; a list of scalars is one leaf.
        Value::Array(items) if items.iter().any(has_parts) => {
            let item = |(n, item)| leaves(&format!("{path}[{n}]"), item);
            items.iter().enumerate().flat_map(item).collect()
        }
        Value::Array(items) => {
            let placeholder =
                |value: &Value| Text::from_intrinsic(value).map(|text| json!(text.to_string()));
            let is_unresolved = items.iter().any(|item| placeholder(item).is_some());
            leaf(
                items
                    .iter()
                    .map(|item| placeholder(item).unwrap_or_else(|| item.clone()))
                    .collect(),
                is_unresolved,
            )
        }
        plain => leaf(plain.clone(), false),
    }
}

/// Formats a leaf in one line; escapes control characters, which would move the terminal's cursor.
pub fn line(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => {
            let escape = |character: char| match character.is_control() {
                true => character.escape_default().to_string(),
                false => character.to_string(),
            };
            text.chars().map(escape).collect()
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
