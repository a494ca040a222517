//! DynamoDB's typed values, and the plain ones that handlers see.
use serde_json::{Map, Value, json};

/// A typed value as DynamoDB takes it: AppSync lets numbers be numbers, and null be null.
pub fn to_wire(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|it| it.iter().next()) else {
        return value.clone();
    };
    let inner = match kind.as_str() {
        "N" => json!(number(inner)),
        "NS" => inner.as_array().into_iter().flatten().map(number).collect(),
        "NULL" => json!(true),
        "L" => inner.as_array().into_iter().flatten().map(to_wire).collect(),
        "M" => item_to_wire(inner),
        _ => inner.clone(),
    };
    json!({ kind: inner })
}

/// The same for a map of typed values: a key, an item, the values of an expression. Null stays null.
pub fn item_to_wire(item: &Value) -> Value {
    let Some(members) = item.as_object() else { return Value::Null };
    Value::Object(members.iter().map(|(name, it)| (name.clone(), to_wire(it))).collect())
}

/// A value of DynamoDB's as handlers see it.
pub fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|it| it.iter().next()) else {
        return Value::Null;
    };
    let read = |it: &Value| it.as_str().and_then(|it| serde_json::from_str(it).ok());
    match kind.as_str() {
        "N" => read(inner).unwrap_or_default(),
        "NS" => inner.as_array().into_iter().flatten().filter_map(read).collect(),
        "NULL" => Value::Null,
        "L" => inner.as_array().into_iter().flatten().map(plain).collect(),
        "M" => plain_item(inner),
        _ => inner.clone(),
    }
}

/// A whole item; null where there is none.
pub fn plain_item(item: &Value) -> Value {
    let Some(members) = item.as_object() else { return Value::Null };
    Value::Object(members.iter().map(|(name, it)| (name.clone(), plain(it))).collect::<Map<_, _>>())
}

fn number(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_there_and_back() {
        let typed = json!({
            "s": {"S": "x"}, "n": {"N": 1.5}, "b": {"BOOL": true}, "z": {"NULL": null},
            "l": {"L": [{"N": 2}, {"M": {"k": {"S": "v"}}}]}, "ns": {"NS": [1, 2]}, "ss": {"SS": ["a"]},
        });
        let wire = item_to_wire(&typed);
        assert_eq!(wire["n"], json!({"N": "1.5"}));
        assert_eq!(wire["ns"], json!({"NS": ["1", "2"]}));
        assert_eq!(wire["z"], json!({"NULL": true}));
        let expected = json!({
            "s": "x", "n": 1.5, "b": true, "z": null, "l": [2, {"k": "v"}], "ns": [1, 2], "ss": ["a"],
        });
        assert_eq!(plain_item(&wire), expected);
        assert_eq!(plain_item(&Value::Null), Value::Null);
    }
}
