//! What a value asks about resources.
use serde_json::Value;

/// The text that change sets show for what exists only after the operation.
pub const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// What `Ref` and `Fn::GetAtt` of a resource return.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceValue {
    Known(Value),
    /// Exists only after the operation.
    KnownAfterApply,
    /// Does not exist, for the reason in the text: the type has no such attribute.
    Error(String),
}

/// The resources of a stack, as its template's values see them.
pub trait ResourceValues {
    /// Returns the result of `Ref`.
    fn reference(&self, logical_id: &str) -> ResourceValue;
    /// Returns the result of `Fn::GetAtt`.
    fn attribute(&self, logical_id: &str, attribute: &str) -> ResourceValue;
}

/// No resources: conditions, rules and loops do not refer to any.
#[derive(Debug)]
pub struct NoResources;

impl ResourceValues for NoResources {
    fn reference(&self, logical_id: &str) -> ResourceValue {
        ResourceValue::Error(format!(
            "Template format error: Unresolved dependencies [{logical_id}]. Cannot reference resources in this block of the template"
        ))
    }

    fn attribute(&self, logical_id: &str, _: &str) -> ResourceValue {
        self.reference(logical_id)
    }
}

/// Whether a value is not known before the operation.
pub fn is_unknown(value: &Value) -> bool {
    value == KNOWN_AFTER_APPLY
}

/// Whether a value, or one in it, is not known before the operation.
pub fn contains_unknown(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(contains_unknown),
        Value::Object(members) => members.values().any(contains_unknown),
        value => is_unknown(value),
    }
}

/// Returns the placeholder of a value that is not known.
pub fn unknown() -> Value {
    Value::String(KNOWN_AFTER_APPLY.to_owned())
}
