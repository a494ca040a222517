//! Helpers for JSON values: members without a value, and memory use.
use std::mem::size_of;

use serde_json::{Map, Value};

/// Removes the members of an object that are null.
pub fn without_nulls(members: Value) -> Value {
    match members {
        Value::Object(map) => {
            map.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// About how many bytes of memory a value uses.
pub fn approximate_size(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(approximate_size).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + approximate_size(value)).sum()
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
    fn the_size_of_a_value_includes_its_texts() {
        let value = json!({ "name": ["12345", 1, null, { "x": true }] });
        assert_eq!(approximate_size(&value), 7 * size_of::<Value>() + 10);
    }
}
