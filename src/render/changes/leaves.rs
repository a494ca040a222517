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
    let fields = change.fields.iter().filter(|it| !is_link(kind, it));
    fields.flat_map(|field| property_value_changes(kind, field)).collect()
}

/// What only says on which API it hangs; the address says so already, unless it hangs on something else.
fn is_link(kind: &'static dyn Kind, field: &PropertyChange) -> bool {
    let changes = field.before.is_some() && field.after.is_some();
    kind.parent == Some("apis") && field.name == "ApiId" && !changes
}

fn property_value_changes(kind: &'static dyn Kind, field: &PropertyChange) -> Vec<ValueChange> {
    let side = |value: &Option<Value>| {
        let value = value.as_ref().map(|it| shown(kind, &field.name, it));
        value.map(|it| leaves(&field.name, &it)).unwrap_or_default()
    };
    let (before, after) = (side(&field.before), side(&field.after));
    let of = |side: &[Leaf], path: &str| side.iter().find(|it| it.path == path).cloned();
    let gone = before.iter().filter(|it| of(&after, &it.path).is_none());
    let pair = |path: &str| {
        let (before, after) = (of(&before, path), of(&after, path));
        let is_open = after.as_ref().is_some_and(|it| it.is_open);
        let (before, after) = (before.map(|it| it.value), after.map(|it| it.value));
        ValueChange { path: path.to_owned(), before, after, is_open }
    };
    let pairs = gone.chain(&after).map(|it| pair(&it.path));
    pairs.filter(|it| it.before != it.after || it.is_open).collect()
}

/// `value` of the property `name`, for people: dates as dates, `[{AuthType: API_KEY}]` as
/// `[API_KEY]`, tags as a map. What is open stays open.
fn shown(kind: &'static dyn Kind, name: &str, value: &Value) -> Value {
    if kind.timestamps.contains(&name) {
        let moment = value.as_i64().and_then(|it| jiff::Timestamp::from_second(it).ok());
        return moment.map_or_else(|| value.clone(), |it| json!(it.to_string()));
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
        Value::Object(map) => map.iter().map(|(key, it)| (key.clone(), readable(it))).collect(),
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
    let has_parts =
        |it: &Value| (it.is_object() || it.is_array()) && Text::from_intrinsic(it).is_none();
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
            let open = |it: &Value| Text::from_intrinsic(it).map(|it| json!(it.to_string()));
            let is_open = items.iter().any(|it| open(it).is_some());
            leaf(items.iter().map(|it| open(it).unwrap_or_else(|| it.clone())).collect(), is_open)
        }
        plain => leaf(plain.clone(), false),
    }
}

/// A leaf in one line; what would move a terminal's cursor is spelled out.
pub fn line(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => {
            let spelled = |it: char| match it.is_control() {
                true => it.escape_default().to_string(),
                false => it.to_string(),
            };
            text.chars().map(spelled).collect()
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
