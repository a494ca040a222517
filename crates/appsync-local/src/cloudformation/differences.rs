//! The differences between two JSON values, each with its path: in properties of resources before and after an
//! update, or as deployed and as they are.
use serde_json::Value;

/// A part of a value that differs. Without a value before, it was added; without one after, it was removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// A JSON pointer, such as `/Tags/0/Value`.
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// The differences, in the order of their paths. Items of lists are compared by their position.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare("", Some(before), Some(after), &mut differences);
    differences
}

fn compare(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    differences: &mut Vec<Difference>,
) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let path = format!("{path}/{}", escape(name));
                compare(&path, before.get(name), after.get(name), differences);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                let path = format!("{path}/{index}");
                compare(&path, before.get(index), after.get(index), differences);
            }
        }
        (before, after) => differences.push(Difference {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

/// A name as a part of a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_have_the_paths_of_the_smallest_values_that_differ() {
        let check = |before: Value, after: Value, expected: Value| {
            let found: Vec<Value> = differences(&before, &after)
                .into_iter()
                .map(|difference| json!([difference.path, difference.before, difference.after]))
                .collect();
            assert_eq!(Value::from(found), expected);
        };
        check(json!({ "A": 1 }), json!({ "A": 1 }), json!([]));
        check(
            json!({ "B": { "C": "x", "D": [1, 2] }, "A": 1 }),
            json!({ "B": { "C": "y", "D": [1, 3, 4] }, "E/F": {} }),
            json!([
                ["/A", 1, null],
                ["/B/C", "x", "y"],
                ["/B/D/1", 2, 3],
                ["/B/D/2", null, 4],
                ["/E~1F", null, {}],
            ]),
        );
        check(json!({ "A": [1] }), json!({ "A": "1" }), json!([["/A", [1], "1"]]));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[a-c/~]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~]{1,2}", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-c]", value(), 0..3)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    /// The value with the differences applied: removals from the end, so that positions remain.
    fn apply(mut value: Value, differences: &[Difference]) -> Value {
        let (removed, set): (Vec<_>, Vec<_>) =
            differences.iter().partition(|difference| difference.after.is_none());
        for difference in removed.into_iter().rev() {
            let (parent, name) = difference.path.rsplit_once('/').unwrap();
            match value.pointer_mut(parent).unwrap() {
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                Value::Object(members) => {
                    members.remove(&name.replace("~1", "/").replace("~0", "~"));
                }
                other => panic!("{other} has no parts"),
            }
        }
        for difference in set {
            let (parent, name) = difference.path.rsplit_once('/').unwrap();
            let after = difference.after.clone().unwrap();
            match value.pointer_mut(parent).unwrap() {
                Value::Array(items) => {
                    let index: usize = name.parse().unwrap();
                    if index < items.len() { items[index] = after } else { items.push(after) }
                }
                Value::Object(members) => {
                    members.insert(name.replace("~1", "/").replace("~0", "~"), after);
                }
                other => panic!("{other} has no parts"),
            }
        }
        value
    }

    proptest! {
        #[test]
        fn the_differences_applied_to_the_value_before_give_the_value_after(
            before in object(), after in object()
        ) {
            let differences = differences(&before, &after);
            prop_assert_eq!(differences.is_empty(), before == after);
            prop_assert_eq!(apply(before, &differences), after);
        }
    }
}
