//! The differences of a change, leaf by leaf, as people like to read them instead of as CloudFormation writes them.
use serde_json::{Map, Value, json};

use provision_core::diff::{Change, PropertyChange};
use provision_core::kind::Kind;
use provision_core::text::Text;

/// One leaf that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueChange {
    /// `EventConfig.ConnectionAuthModes`
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// Whether a part of `after` is known only after apply.
    pub is_open: bool,
}

/// Everything that differs, leaf by leaf.
pub fn value_changes(change: &Change) -> Vec<ValueChange> {
    let kind = change.kind;
    let fields = change.fields.iter().filter(|change| !is_link(kind, change));
    fields.flat_map(|field| property_value_changes(kind, field)).collect()
}

/// What only says on which API it hangs; the address says so already, unless it hangs on something else.
fn is_link(kind: &'static dyn Kind, field: &PropertyChange) -> bool {
    let changes = field.before.is_some() && field.after.is_some();
    kind.parent == Some("apis") && field.name == "ApiId" && !changes
}

fn property_value_changes(kind: &'static dyn Kind, field: &PropertyChange) -> Vec<ValueChange> {
    let side = |value: &Option<Value>| {
        let value = value.as_ref().map(|value| shown(kind, &field.name, value));
        value.map(|value| leaves(&field.name, &value)).unwrap_or_default()
    };
    let (before, after) = (side(&field.before), side(&field.after));
    let of = |side: &[Leaf], path: &str| side.iter().find(|leaf| leaf.path == path).cloned();
    let gone = before.iter().filter(|leaf| of(&after, &leaf.path).is_none());
    let pair = |path: &str| {
        let (before, after) = (of(&before, path), of(&after, path));
        let is_open = after.as_ref().is_some_and(|leaf| leaf.is_open);
        let (before, after) = (before.map(|leaf| leaf.value), after.map(|leaf| leaf.value));
        ValueChange { path: path.to_owned(), before, after, is_open }
    };
    let pairs = gone.chain(&after).map(|leaf| pair(&leaf.path));
    pairs.filter(|change| change.before != change.after || change.is_open).collect()
}

/// `value` of the property `name`, for people: dates as dates, `[{AuthType: API_KEY}]` as
/// `[API_KEY]`, tags as a map. What is open stays open.
fn shown(kind: &'static dyn Kind, name: &str, value: &Value) -> Value {
    if kind.timestamps.contains(&name) {
        let moment = value.as_i64().and_then(|value| jiff::Timestamp::from_second(value).ok());
        return moment.map_or_else(|| value.clone(), |timestamp| json!(timestamp.to_string()));
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

/// `[{Key: team, Value: a}]` as `{team: a}`.
fn tags(items: &[Value]) -> Option<Value> {
    let tag = |item: &Value| {
        let map = item.as_object().filter(|map| map.len() == 2)?;
        Some((map.get("Key")?.as_str()?.to_owned(), readable(map.get("Value")?)))
    };
    let tags: Option<Map<String, Value>> = items.iter().map(tag).collect();
    tags.filter(|tags| !tags.is_empty()).map(Value::Object)
}

/// `[{AuthType: API_KEY}]` as `[API_KEY]`.
fn modes(items: &[Value]) -> Option<Value> {
    let mode = |item: &Value| {
        let map = item.as_object().filter(|map| map.len() == 1)?;
        map.get("AuthType").cloned()
    };
    items.iter().map(mode).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// A part of a value that has no parts of its own.
#[derive(Clone, Debug, PartialEq)]
struct Leaf {
    path: String,
    value: Value,
    /// Whether something in it is known only after apply.
    is_open: bool,
}

/// Everything in `value` that has no parts of its own, by path, in its order.
fn leaves(path: &str, value: &Value) -> Vec<Leaf> {
    let leaf = |value: Value, is_open| vec![Leaf { path: path.to_owned(), value, is_open }];
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
        // A list of lists or maps is told apart by place; a list of words is one leaf.
        Value::Array(items) if items.iter().any(has_parts) => {
            let item = |(n, item)| leaves(&format!("{path}[{n}]"), item);
            items.iter().enumerate().flat_map(item).collect()
        }
        Value::Array(items) => {
            let open = |value: &Value| {
                Text::from_intrinsic(value).map(|from_intrinsic| json!(from_intrinsic.to_string()))
            };
            let is_open = items.iter().any(|item| open(item).is_some());
            leaf(
                items.iter().map(|item| open(item).unwrap_or_else(|| item.clone())).collect(),
                is_open,
            )
        }
        plain => leaf(plain.clone(), false),
    }
}

/// A leaf in one line; what would move a terminal's cursor is spelled out.
pub fn line(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => {
            let spelled = |character: char| match character.is_control() {
                true => character.escape_default().to_string(),
                false => character.to_string(),
            };
            text.chars().map(spelled).collect()
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
