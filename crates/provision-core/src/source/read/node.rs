//! Reads each node of a document as its schema requires.
use std::collections::HashSet;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::Source;
use crate::source::read::free_form;
use crate::source::read::reader::{Reader, SchemaForm, Substitution, describe_types, is_null};
use crate::source::tree::{Node, NodeData};

/// Reads the document as `schema` requires, and reports every deviation. A source without a tree reads as null.
///
/// `substitute` returns the value of a text that contains `${…}`.
pub fn read<'s>(
    source: &Source,
    schema: &'s Value,
    substitute: &'s dyn Fn(&str) -> Substitution,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let Some(tree) = source.tree() else { return Value::Null };
    let mut reader = Reader::new(schema, substitute);
    let value = reader.node(tree, schema, &DocumentPath::default());
    diagnostics.extend(reader.diagnostics);
    value.unwrap_or_default()
}

impl<'s> Reader<'s> {
    pub fn node(&mut self, node: &Node, schema: &'s Value, path: &DocumentPath) -> Option<Value> {
        let node = node.follow_alias();
        if let Some(tag) = &node.tag {
            let message = format!("the tag `{tag}` is not supported");
            let help = "write plain YAML; instead of an intrinsic, write `${…}` inside a text";
            self.report(
                Diagnostic::error("PV009", Location::Value(path.clone()), message).with_help(help),
            );
            return None;
        }
        let (schema, form) = self.form(schema);
        let types = match &*form {
            SchemaForm::Constants(allowed) => return self.constant(node, allowed, path),
            SchemaForm::Union(alternatives) => return self.union(node, alternatives, path),
            SchemaForm::Types(types) => types.as_slice(),
        };
        match (types, &node.data) {
            ([], _) => self.free(node, path),
            (types, NodeData::Map(entries)) if types.contains(&"object") => {
                self.map(entries, schema, path)
            }
            (types, NodeData::List(items)) if types.contains(&"array") => {
                self.list(items, schema, path)
            }
            (types, NodeData::Scalar { text, plain }) => {
                self.scalar(text, *plain, types, schema, path)
            }
            (types, _) => self.wrong_type(node, types, path),
        }
    }

    fn list(&mut self, items: &[Node], schema: &'s Value, path: &DocumentPath) -> Option<Value> {
        let item_schema = schema.get("items").unwrap_or(&Value::Bool(true));
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let (mut values, mut distinct) = (Vec::new(), HashSet::new());
        for (n, item) in items.iter().enumerate() {
            let item_path = path.clone().index(n);
            let Some(value) = self.node(item, item_schema, &item_path) else { continue };
            if unique && !distinct.insert(canonical(&value)) {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let message = format!("duplicate item `{shown}`");
                let diagnostic = Diagnostic::error("PV110", Location::Value(item_path), message);
                self.report(diagnostic.with_help("remove it"));
                continue;
            }
            values.push(value);
        }
        let limit = |name| schema.get(name).and_then(Value::as_u64);
        let count = items.len() as u64;
        let expected = match (limit("minItems"), limit("maxItems")) {
            (Some(min), _) if count < min => Some(format!("at least {min}")),
            (_, Some(max)) if count > max => Some(format!("at most {max}")),
            _ => None,
        };
        if let Some(expected) = expected {
            let message = format!("{count} items in the list, expected {expected}");
            self.report(Diagnostic::error("PV107", Location::Value(path.clone()), message));
            return None;
        }
        Some(Value::Array(values))
    }

    fn wrong_type(&mut self, node: &Node, types: &[&str], path: &DocumentPath) -> Option<Value> {
        let (expected, actual) = (describe_types(types), describe_node(node));
        let message = format!("expected {expected}, found {actual}");
        let diagnostic = Diagnostic::error("PV103", Location::Value(path.clone()), message);
        self.report(match (&node.data, types) {
            (NodeData::Scalar { text, .. }, ["array"]) if !text.is_empty() => {
                diagnostic.with_help("write it as a list").with_suggestion(format!("[{text}]"))
            }
            (NodeData::Scalar { text, plain: true }, ["object"]) if is_null(text) => {
                diagnostic.with_help("write `{}` for the defaults")
            }
            (NodeData::Scalar { text, plain: true }, ["array"]) if is_null(text) => {
                diagnostic.with_help("remove the key, or write a list: `[…]`")
            }
            _ => diagnostic,
        });
        None
    }
}

/// Returns the same text for equal values, also if their keys are in another order.
fn canonical(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

fn describe_node(node: &Node) -> &'static str {
    match &node.data {
        NodeData::Map(_) => "a mapping",
        NodeData::List(_) => "a list",
        NodeData::Scalar { text, plain: true } => match free_form::parse_scalar(text) {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            _ => "text",
        },
        _ => "text",
    }
}
