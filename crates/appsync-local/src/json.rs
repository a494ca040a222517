//! JSON values: what they leave out, and how much they take.
use std::mem::size_of;

use serde_json::{Map, Value};

/// An object without the members that are null.
pub fn without_nulls(members: Value) -> Value {
    match members {
        Value::Object(map) => {
            map.into_iter().filter(|(_, it)| !it.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// About as many bytes as a value takes.
pub fn approximate_size(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(approximate_size).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, it)| name.len() + approximate_size(it)).sum()
        }
        _ => 0,
    };
    size_of::<Value>() + inside
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_weighs_at_least_its_texts() {
        let value = json!({ "name": ["12345", 1, null, { "x": true }] });
        assert_eq!(approximate_size(&value), 7 * size_of::<Value>() + 10);
    }
}
