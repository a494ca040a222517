//! Converts properties to the types of the schema, as CloudFormation does before it checks them or calls a handler:
//! parameters of templates are texts, whatever the property expects.
use serde_json::{Map, Number, Value};

use crate::cloudformation::resource_types::schema::{Definition, Schema, ValueType};

impl Schema {
    /// The properties with the schema's types. What cannot be converted remains.
    pub fn convert(&self, properties: &Value) -> Map<String, Value> {
        match self.convert_value(&self.root, properties) {
            Value::Object(properties) => properties,
            _ => Map::new(),
        }
    }

    fn convert_value(&self, definition: &Definition, value: &Value) -> Value {
        let definition = self.resolve(definition);
        match value {
            Value::Object(members) => {
                let convert = |(name, value): (&String, &Value)| {
                    let definition = definition.properties.get(name);
                    let value = definition
                        .map_or_else(|| value.clone(), |of| self.convert_value(of, value));
                    (name.clone(), value)
                };
                Value::Object(members.iter().map(convert).collect())
            }
            Value::Array(items) => match &definition.items {
                Some(of) => items.iter().map(|item| self.convert_value(of, item)).collect(),
                None => value.clone(),
            },
            scalar => convert_scalar(&definition.types, scalar).unwrap_or_else(|| scalar.clone()),
        }
    }
}

/// The scalar in the expected type, if it has another one and can be converted.
fn convert_scalar(types: &[ValueType], value: &Value) -> Option<Value> {
    match (types, value) {
        ([ValueType::String], Value::Number(number)) => Some(number.to_string().into()),
        ([ValueType::String], Value::Bool(flag)) => Some(flag.to_string().into()),
        ([ValueType::Boolean], Value::String(text)) => {
            text.to_ascii_lowercase().parse::<bool>().ok().map(Value::Bool)
        }
        ([ValueType::Integer], Value::String(text)) => text.parse::<i64>().ok().map(Value::from),
        ([ValueType::Integer], Value::Number(number)) => {
            let number = number.as_f64().filter(|_| !number.is_i64() && !number.is_u64())?;
            (number.fract() == 0.0).then(|| Value::from(number as i64))
        }
        ([ValueType::Number], Value::String(text)) => {
            let whole = text.parse::<i64>().ok().map(Value::from);
            whole.or_else(|| Number::from_f64(text.parse().ok()?).map(Value::Number))
        }
        // A policy document may be written as JSON.
        ([_, _], Value::String(text)) if types.contains(&ValueType::Object) => {
            serde_json::from_str(text).ok().filter(Value::is_object)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_become_the_types_of_the_schema() {
        let check = |types: &[ValueType], value: Value, expected: Option<Value>| {
            assert_eq!(convert_scalar(types, &value), expected, "{types:?} {value}");
        };
        check(&[ValueType::String], json!(5), Some(json!("5")));
        check(&[ValueType::String], json!(true), Some(json!("true")));
        check(&[ValueType::String], json!("x"), None);
        check(&[ValueType::Boolean], json!("True"), Some(json!(true)));
        check(&[ValueType::Boolean], json!("yes"), None);
        check(&[ValueType::Integer], json!("60"), Some(json!(60)));
        check(&[ValueType::Integer], json!(60.0), Some(json!(60)));
        check(&[ValueType::Integer], json!(1.5), None);
        check(&[ValueType::Number], json!("1798761600"), Some(json!(1_798_761_600)));
        check(&[ValueType::Number], json!("1.5"), Some(json!(1.5)));
        check(&[ValueType::Number], json!("soon"), None);
        let document = [ValueType::Object, ValueType::String];
        check(&document, json!(r#"{"Version":"1"}"#), Some(json!({ "Version": "1" })));
        check(&document, json!("text"), None);
    }
}
