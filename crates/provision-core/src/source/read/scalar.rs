//! Texts, numbers and truths against their schema.
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
                ["object"] => diagnostic.with_help("write `{}` for one that says nothing more"),
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
        let at = || Location::Value(path.clone());
        let open = text.contains("${");
        if open && schema.get(SUBSTITUTES) == Some(&Value::Bool(true)) {
            return self.substitute(text, path);
        }
        if open && schema.get(CODE).is_none() {
            let message = "`${…}` can't stand here".to_owned();
            let help = "write the text itself; names inside the spec never differ";
            self.report(Diagnostic::error("PV111", at(), message).with_help(help));
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
            self.report(Diagnostic::error("PV105", at(), message));
            return None;
        }
        let limit = |name| schema.get(name).and_then(Value::as_u64);
        let length = text.chars().count() as u64;
        let told = match (limit("minLength"), limit("maxLength")) {
            (Some(least), _) if length < least => Some(format!("at least {least}")),
            (_, Some(most)) if length > most => Some(format!("at most {most}")),
            _ => None,
        };
        if let Some(told) = told {
            let message = format!("expected {told} characters, found {length}");
            self.report(Diagnostic::error("PV108", at(), message));
            return None;
        }
        Some(Value::String(text.to_owned()))
    }

    fn number(&mut self, value: Value, schema: &Value, path: &DocumentPath) -> Option<Value> {
        let limit = |name| schema.get(name).and_then(Value::as_f64);
        let told = match (value.as_f64(), limit("minimum"), limit("maximum")) {
            (Some(value), Some(least), Some(most)) if least == most && value != least => {
                Some(format!("it can only be {least}"))
            }
            (Some(value), Some(least), _) if value < least => Some(format!("the least is {least}")),
            (Some(value), _, Some(most)) if value > most => Some(format!("the most is {most}")),
            _ => return Some(value),
        };
        let message = told.unwrap_or_default();
        self.report(Diagnostic::error("PV109", Location::Value(path.clone()), message));
        None
    }

    pub fn constant(
        &mut self,
        node: &Node,
        allowed: &[&str],
        path: &DocumentPath,
    ) -> Option<Value> {
        let at = Location::Value(path.clone());
        let NodeData::Scalar { text, .. } = &node.data else {
            let message = format!("expected one of {}", allowed.join(", "));
            self.report(Diagnostic::error("PV103", at, message));
            return None;
        };
        if allowed.contains(&text.as_str()) {
            return Some(Value::String(text.clone()));
        }
        self.report(not_allowed(text, allowed, at));
        None
    }
}

/// A word that is none of the allowed ones.
pub fn not_allowed(text: &str, allowed: &[&str], at: Location) -> Diagnostic {
    let shown = if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
    let diagnostic =
        Diagnostic::error("PV104", at, format!("{shown} is not among the allowed values"));
    match closest_match(text, allowed.iter().copied()) {
        Some(meant) => {
            diagnostic.with_help(format!("did you mean `{meant}`?")).with_suggestion(meant)
        }
        None => diagnostic.with_help(format!("there are {}", allowed.join(", "))),
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
