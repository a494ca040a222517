//! Makes actual properties comparable with declared ones: neither what AWS adds to omitted members nor the order of a
//! list without a meaningful order counts as a difference.
use serde_json::{Map, Value};

use crate::cloudformation::resource_types::schema::{Definition, Schema};

impl Schema {
    /// The actual properties, as the template of `declared` properties would have them. Both have the schema's types.
    pub fn comparable(
        &self,
        declared: &Map<String, Value>,
        mut actual: Map<String, Value>,
    ) -> Map<String, Value> {
        // A read-only property is never declared, and a generated name is known by the physical id.
        let is_identity =
            |name: &String| self.is_read_only(name) || self.primary_identifier.contains(name);
        actual.retain(|name, _| declared.contains_key(name) || !is_identity(name));
        // What cannot be read is what was declared.
        for name in &self.write_only_properties {
            actual.extend(declared.get(name).map(|value| (name.clone(), value.clone())));
        }
        self.comparable_members(&self.root, Some(declared), actual)
    }

    fn comparable_members(
        &self,
        definition: &Definition,
        declared: Option<&Map<String, Value>>,
        actual: Map<String, Value>,
    ) -> Map<String, Value> {
        let unknown = Definition::default();
        let mut comparable = Map::new();
        for (name, value) in actual {
            let declared = declared.and_then(|declared| declared.get(&name));
            let of = definition.properties.get(&name).map_or(&unknown, |of| self.resolve(of));
            let is_default = of.default.as_ref() == Some(&value) || is_empty(&value);
            if declared.is_some() || !is_default {
                let value = self.comparable_value(of, declared, value);
                comparable.insert(name, value);
            }
        }
        comparable
    }

    fn comparable_value(
        &self,
        definition: &Definition,
        declared: Option<&Value>,
        actual: Value,
    ) -> Value {
        match actual {
            // Members of a policy document have no definition and remain as they are.
            Value::Object(members) if !definition.properties.is_empty() => {
                let declared = declared.and_then(Value::as_object);
                self.comparable_members(definition, declared, members).into()
            }
            Value::Array(items) => {
                let unknown = Definition::default();
                let of = definition.items.as_deref().map_or(&unknown, |of| self.resolve(of));
                let declared = declared.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let is_ordered = definition.insertion_order != Some(false);
                let items = if is_ordered {
                    let with_declared = items.into_iter().enumerate();
                    with_declared
                        .map(|(n, item)| self.comparable_value(of, declared.get(n), item))
                        .collect()
                } else {
                    self.in_declared_order(of, declared, items)
                };
                Value::Array(items)
            }
            scalar => scalar,
        }
    }

    /// The items that are declared at the positions of the template; the others fill the gaps.
    fn in_declared_order(
        &self,
        definition: &Definition,
        declared: &[Value],
        mut actual: Vec<Value>,
    ) -> Vec<Value> {
        let mut positions: Vec<Option<Value>> = vec![None; declared.len()];
        for (position, item) in positions.iter_mut().zip(declared) {
            let comparable =
                |other: &Value| self.comparable_value(definition, Some(item), other.clone());
            let found = actual.iter().position(|other| comparable(other) == *item);
            *position = found.map(|n| comparable(&actual.remove(n)));
        }
        let mut others =
            actual.into_iter().map(|other| self.comparable_value(definition, None, other));
        for position in positions.iter_mut().filter(|position| position.is_none()) {
            *position = others.next();
        }
        let others: Vec<Value> = others.collect();
        positions.into_iter().flatten().chain(others).collect()
    }
}

/// What AppSync returns for omitted members.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        Value::Bool(_) => false,
    }
}
