//! What a value refers to: parameters, pseudo parameters, resources and their attributes.
use serde_json::{Map, Value};

use crate::cloudformation::template::function::{Function, call};
use crate::cloudformation::template::sub::{self, SubPart};

/// A name in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference<'v> {
    /// `Ref`, or a variable of `Fn::Sub` without a dot.
    Name(&'v str),
    /// `Fn::GetAtt`. An attribute that a function returns has no name here.
    Attribute { logical_id: &'v str, attribute: Option<&'v str> },
    /// A variable of `Fn::Sub` with a dot.
    SubAttribute { logical_id: &'v str, attribute: &'v str },
}

/// Calls `visit` for each reference of a value. `is_true` returns whether a condition is true; where it is known, only
/// that branch of `Fn::If` is visited.
pub fn visit<'v>(
    value: &'v Value,
    is_true: &dyn Fn(&str) -> Option<bool>,
    visit_reference: &mut dyn FnMut(Reference<'v>),
) {
    match call(value) {
        Some((Function::Ref, Value::String(name))) => {
            visit_reference(Reference::Name(name));
            return;
        }
        Some((Function::GetAtt, Value::Array(list))) => {
            if let [Value::String(logical_id), attribute] = list.as_slice() {
                visit_reference(Reference::Attribute { logical_id, attribute: attribute.as_str() });
            }
        }
        Some((Function::Sub, Value::String(text))) => visit_sub(text, None, visit_reference),
        Some((Function::Sub, Value::Array(list))) => {
            if let [Value::String(text), Value::Object(variables)] = list.as_slice() {
                visit_sub(text, Some(variables), visit_reference);
            }
        }
        Some((Function::If, Value::Array(list))) => {
            if let [Value::String(condition), when_true, when_false] = list.as_slice() {
                let branch = is_true(condition);
                if branch != Some(false) {
                    visit(when_true, is_true, visit_reference);
                }
                if branch != Some(true) {
                    visit(when_false, is_true, visit_reference);
                }
            }
            return;
        }
        _ => {}
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit(item, is_true, visit_reference)),
        Value::Object(members) => {
            members.values().for_each(|member| visit(member, is_true, visit_reference));
        }
        _ => {}
    }
}

fn visit_sub<'v>(
    text: &'v str,
    variables: Option<&'v Map<String, Value>>,
    visit_reference: &mut dyn FnMut(Reference<'v>),
) {
    // A text that is not valid was rejected when the template was parsed.
    for part in sub::parse(text).unwrap_or_default() {
        let SubPart::Variable(name) = part else { continue };
        if variables.is_some_and(|variables| variables.contains_key(name)) {
            continue;
        }
        visit_reference(match name.split_once('.') {
            Some((logical_id, attribute)) => Reference::SubAttribute { logical_id, attribute },
            None => Reference::Name(name),
        });
    }
}
