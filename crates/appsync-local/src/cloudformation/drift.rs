//! Compares a resource with its properties in the template: only properties that the template sets, and only those
//! that the service returns.
use serde_json::{Map, Value};

use crate::cloudformation::differences::{Difference, differences};
use crate::cloudformation::resource_types::ResourceType;

/// A resource as deployed and as it is, without what cannot drift.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftComparison {
    pub expected: Value,
    pub actual: Value,
    /// From the expected to the actual properties.
    pub differences: Vec<Difference>,
    /// The JSON pointers of properties that are not compared, because the service never returns them.
    pub ignored_paths: Vec<String>,
}

/// Compares the resolved properties of the template with the actual ones.
pub fn compare(resource_type: &ResourceType, expected: &Value, actual: &Value) -> DriftComparison {
    let facts = Facts {
        is_write_only: &|path| resource_type.is_write_only(path),
        is_unordered: &|path| resource_type.is_unordered(path),
    };
    let expected = resource_type.normalize_properties(expected);
    let actual = resource_type.normalize_properties(actual);
    facts.compare(&expected, &actual)
}

/// What a comparison must know of the resource's schema. A path is a JSON pointer.
struct Facts<'a> {
    is_write_only: &'a dyn Fn(&str) -> bool,
    /// Whether the order of a list has no meaning.
    is_unordered: &'a dyn Fn(&str) -> bool,
}

impl Facts<'_> {
    fn compare(&self, expected: &Value, actual: &Value) -> DriftComparison {
        let mut ignored_paths = Vec::new();
        let expected = self.readable("", expected, &mut ignored_paths);
        let actual = self.explicit("", &expected, actual);
        let differences = differences(&expected, &actual);
        DriftComparison { expected, actual, differences, ignored_paths }
    }

    /// The properties that the service returns.
    fn readable(&self, path: &str, expected: &Value, ignored_paths: &mut Vec<String>) -> Value {
        let Value::Object(members) = expected else { return expected.clone() };
        let mut readable = Map::new();
        for (name, member) in members {
            let path = format!("{path}/{name}");
            if (self.is_write_only)(&path) {
                ignored_paths.push(path);
            } else {
                readable.insert(name.clone(), self.readable(&path, member, ignored_paths));
            }
        }
        Value::Object(readable)
    }

    /// The part of the actual properties that the template sets, with lists in its order where order has no meaning.
    fn explicit(&self, path: &str, expected: &Value, actual: &Value) -> Value {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => {
                let members = expected.iter().filter_map(|(name, expected)| {
                    let path = format!("{path}/{name}");
                    Some((name.clone(), self.explicit(&path, expected, actual.get(name)?)))
                });
                Value::Object(members.collect())
            }
            (Value::Array(expected), Value::Array(actual)) => {
                let actual = match (self.is_unordered)(path) {
                    true => aligned(expected, actual),
                    false => actual.clone(),
                };
                let items = actual.iter().enumerate().map(|(index, actual)| {
                    let path = format!("{path}/{index}");
                    let expected = expected.get(index);
                    expected
                        .map_or_else(|| actual.clone(), |item| self.explicit(&path, item, actual))
                });
                Value::Array(items.collect())
            }
            _ => actual.clone(),
        }
    }
}

/// The items of `actual`: those that are expected where they are expected, all others in the gaps and behind.
fn aligned(expected: &[Value], actual: &[Value]) -> Vec<Value> {
    let mut others: Vec<&Value> = actual.iter().collect();
    let mut places: Vec<Option<&Value>> = Vec::new();
    for item in expected {
        let found = others.iter().position(|other| *other == item);
        places.push(found.map(|index| others.remove(index)));
    }
    let mut others = others.into_iter();
    let filled: Vec<&Value> =
        places.into_iter().filter_map(|place| place.or_else(|| others.next())).collect();
    filled.into_iter().chain(others).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(expected: Value, actual: Value, drift: Value) {
        let facts = Facts {
            is_write_only: &|path| path == "/Secret",
            is_unordered: &|path| path == "/Tags",
        };
        let comparison = facts.compare(&expected, &actual);
        let found: Vec<Value> = comparison
            .differences
            .into_iter()
            .map(|difference| json!([difference.path, difference.before, difference.after]))
            .collect();
        assert_eq!(Value::from(found), drift, "{expected} {actual}");
    }

    #[test]
    fn only_properties_that_the_template_sets_drift() {
        check(json!({ "A": 1 }), json!({ "A": 1, "B": 2 }), json!([]));
        check(json!({ "A": 1 }), json!({ "A": 2 }), json!([["/A", 1, 2]]));
        check(json!({ "A": 1 }), json!({}), json!([["/A", 1, null]]));
        check(json!({ "A": { "B": 1 } }), json!({ "A": { "B": 1, "C": 2 } }), json!([]));
        check(json!({ "A": [1] }), json!({ "A": [1, 2] }), json!([["/A/1", null, 2]]));
    }

    #[test]
    fn properties_that_the_service_never_returns_do_not_drift() {
        check(json!({ "Secret": "x", "A": 1 }), json!({ "A": 1 }), json!([]));
    }

    #[test]
    fn the_order_of_a_list_counts_only_where_it_has_a_meaning() {
        let (one, two) = (json!({ "Key": "1", "Value": "a" }), json!({ "Key": "2", "Value": "b" }));
        check(json!({ "Tags": [one, two] }), json!({ "Tags": [two, one] }), json!([]));
        let changed = json!({ "Key": "1", "Value": "z" });
        check(
            json!({ "Tags": [one, two] }),
            json!({ "Tags": [two, changed] }),
            json!([["/Tags/0/Value", "a", "z"]]),
        );
        check(
            json!({ "Tags": [one, two] }),
            json!({ "Tags": [two] }),
            json!(
                [["/Tags/0/Key", "1", "2"], ["/Tags/0/Value", "a", "b"], ["/Tags/1", two, null],]
            ),
        );
        check(
            json!({ "List": [1, 2] }),
            json!({ "List": [2, 1] }),
            json!([["/List/0", 1, 2], ["/List/1", 2, 1],]),
        );
    }
}
