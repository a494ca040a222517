//! Reads texts, numbers and booleans.
use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::read::reader::{CODE, Reader, SUBSTITUTES, describe_types, is_null};
use crate::source::tree::{Node, NodeData};
use crate::suggest::closest_match;

impl<'s> Reader<'s> {
    pub fn scalar(
        &mut self,
        text: &str,
        plain: bool,
        types: &[&str],
        schema: &'s Value,
        path: &DocumentPath,
    ) -> Option<Value> {
        if plain && is_null(text) {
            if types.contains(&"null") {
                return Some(Value::Null);
            }
            let message = format!("expected {}, found nothing", describe_types(types));
            let diagnostic = Diagnostic::error("PV103", Location::Value(path.clone()), message);
            self.report(match types {
                ["object"] => diagnostic.with_help("write `{}` for the defaults"),
                ["array"] => diagnostic.with_help("remove the key, or write a list"),
                _ => diagnostic.with_help("write a value, or remove the key"),
            });
            return None;
        }
        if types.contains(&"string") {
            return self.text(text, schema, path);
        }
        let value = if plain { parse_typed(text, types) } else { None };
        let Some(value) = value else {
            let message = format!("expected {}, found text", describe_types(types));
            let diagnostic = Diagnostic::error("PV103", Location::Value(path.clone()), message);
            self.report(match types {
                ["array"] => {
                    diagnostic.with_help("write it as a list").with_suggestion(format!("[{text}]"))
                }
                _ if !plain && parse_typed(text, types).is_some() => {
                    diagnostic.with_help("remove the quotes").with_suggestion(text.to_owned())
                }
                _ => diagnostic,
            });
            return None;
        };
        self.number(value, schema, path)
    }

    fn text(&mut self, text: &str, schema: &'s Value, path: &DocumentPath) -> Option<Value> {
        let location = || Location::Value(path.clone());
        let has_placeholder = text.contains("${");
        if has_placeholder && schema.get(SUBSTITUTES) == Some(&Value::Bool(true)) {
            return self.substitute(text, path);
        }
        if has_placeholder && schema.get(CODE).is_none() {
            let message = "placeholders such as `${…}` are not supported here";
            let help = "write literal text; placeholders are for texts that are sent to AWS";
            self.report(Diagnostic::error("PV111", location(), message).with_help(help));
            return None;
        }
        if !self.matches(text, schema) {
            let message = match schema.get("patternErrorMessage").and_then(Value::as_str) {
                Some(expected) => format!("`{text}`: {expected}"),
                None => format!(
                    "`{text}` does not match {}",
                    schema["pattern"].as_str().unwrap_or_default()
                ),
            };
            self.report(Diagnostic::error("PV105", location(), message));
            return None;
        }
        let limit = |name| schema.get(name).and_then(Value::as_u64);
        let length = text.chars().count() as u64;
        let expected = match (limit("minLength"), limit("maxLength")) {
            (Some(min), _) if length < min => Some(format!("at least {min}")),
            (_, Some(max)) if length > max => Some(format!("at most {max}")),
            _ => None,
        };
        if let Some(expected) = expected {
            let message = format!("the text has {length} characters, expected {expected}");
            self.report(Diagnostic::error("PV108", location(), message));
            return None;
        }
        Some(Value::String(text.to_owned()))
    }

    fn number(&mut self, value: Value, schema: &Value, path: &DocumentPath) -> Option<Value> {
        let limit = |name| schema.get(name).and_then(Value::as_f64);
        let expected = match (value.as_f64(), limit("minimum"), limit("maximum")) {
            (Some(number), Some(min), Some(max)) if min == max && number != min => {
                format!("the only valid value is {min}")
            }
            (Some(number), Some(min), _) if number < min => format!("the minimum is {min}"),
            (Some(number), _, Some(max)) if number > max => format!("the maximum is {max}"),
            _ => return Some(value),
        };
        let message = format!("`{value}` is out of range: {expected}");
        self.report(Diagnostic::error("PV109", Location::Value(path.clone()), message));
        None
    }

    pub fn constant(
        &mut self,
        node: &Node,
        allowed: &[&str],
        path: &DocumentPath,
    ) -> Option<Value> {
        let location = Location::Value(path.clone());
        let NodeData::Scalar { text, .. } = &node.data else {
            let message = format!("expected one of {}", allowed.join(", "));
            self.report(Diagnostic::error("PV103", location, message));
            return None;
        };
        if allowed.contains(&text.as_str()) {
            return Some(Value::String(text.clone()));
        }
        self.report(not_allowed(text, allowed, location));
        None
    }
}

/// Returns the diagnostic for a value that is not one of the allowed constants.
pub fn not_allowed(text: &str, allowed: &[&str], location: Location) -> Diagnostic {
    let message = match text {
        "" => "the value is empty".to_owned(),
        text => format!("`{text}` is not a valid value"),
    };
    let diagnostic = Diagnostic::error("PV104", location, message);
    match closest_match(text, allowed.iter().copied()) {
        Some(suggestion) => diagnostic
            .with_help(format!("did you mean `{suggestion}`?"))
            .with_suggestion(suggestion),
        None => diagnostic.with_help(format!("valid values: {}", allowed.join(", "))),
    }
}

fn parse_typed(text: &str, types: &[&str]) -> Option<Value> {
    types.iter().find_map(|item| match *item {
        "integer" => text.parse::<i64>().ok().filter(|_| !text.starts_with('+')).map(Value::from),
        "number" => text.parse::<f64>().ok().filter(|text| text.is_finite()).map(Value::from),
        "boolean" => match text {
            "true" | "True" | "TRUE" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    })
}
