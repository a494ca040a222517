//! Properties as people like to read them, instead of as CloudFormation writes them.
use serde_json::{Map, Value, json};

use crate::kind::Facts;
use crate::text::Text;

/// `value` of the property `name`, for people: dates as dates, `[{AuthType: API_KEY}]` as
/// `[API_KEY]`, tags as a map, holes as the spec would write them.
pub fn shown(kind: &Facts, name: &str, value: &Value) -> Value {
    if kind.times.contains(&name) {
        let moment = value.as_i64().and_then(|it| jiff::Timestamp::from_second(it).ok());
        return moment.map_or_else(|| value.clone(), |it| json!(it.to_string()));
    }
    readable(value)
}

fn readable(value: &Value) -> Value {
    if let Some(text) = Text::open_in(value) {
        return json!(text.to_string());
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

/// Everything in `value` that has no parts of its own, by path, in its order.
pub fn leaves(path: &str, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().flat_map(|(key, value)| leaves(&format!("{path}.{key}"), value)).collect()
        }
        // A list of lists or maps is told apart by place; a list of words is one leaf.
        Value::Array(items) if items.iter().any(|it| it.is_object() || it.is_array()) => {
            let item = |(n, item)| leaves(&format!("{path}[{n}]"), item);
            items.iter().enumerate().flat_map(item).collect()
        }
        leaf => vec![(path.to_owned(), leaf.clone())],
    }
}

/// A leaf in one line.
pub fn line(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
