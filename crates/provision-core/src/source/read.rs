//! Tree → value, directed by the schema: what fits is read, what does not is reported at its place.
//!
//! Where the schema says text, `0123`, `1e3`, `no` and `2012-10-17` are text. What is wrong is left
//! out of the value and nothing is invented, so that later checks still run over the rest.
pub mod free_form;
mod map;
mod scalar;
mod union;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use regex_lite::Regex;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::Source;
use crate::source::parse::DIAGNOSTICS_MAX;
use crate::source::tree::{Node, NodeData};

/// Our own keyword for a text in which `${…}` stands for something.
pub const SUBSTITUTES: &str = "x-substitutes";
/// The keyword for code, which is read as it stands.
pub const CODE: &str = "contentMediaType";

/// What a text with `${…}` in it means.
#[derive(Debug)]
pub struct Substitution {
    /// `None`: nothing that could be said.
    pub value: Option<Value>,
    pub errors: Vec<SubstitutionError>,
}

/// What is wrong with a text, and what to do.
#[derive(Debug)]
pub struct SubstitutionError {
    pub message: String,
    pub help: String,
}

/// The keywords of JSON Schema that reading knows. A schema with others would not be obeyed.
pub const KEYWORDS: &[&str] = &[
    "$ref",
    "$defs",
    "additionalProperties",
    "anyOf",
    "const",
    "enum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "propertyNames",
    "required",
    "type",
    "uniqueItems",
    // `${…}` in such a text stands for something; elsewhere it has no place, but in code.
    SUBSTITUTES,
    CODE,
    // These say nothing of what is right.
    "$schema",
    "$id",
    "default",
    "description",
    "examples",
    "format",
    "patternErrorMessage",
    "title",
];

/// Reads the document as `schema` says; a hopeless source reads as null. `substitute` knows what a
/// text with `${…}` in it means.
pub fn read<'s>(
    source: &Source,
    schema: &'s Value,
    substitute: &'s dyn Fn(&str) -> Substitution,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let Some(tree) = &source.parsed.tree else { return Value::Null };
    let mut reader = Reader {
        root: schema,
        substitute,
        diagnostics: Vec::new(),
        patterns: HashMap::new(),
        shapes: HashMap::new(),
    };
    let value = reader.node(tree, schema, &DocumentPath::default());
    diagnostics.extend(reader.diagnostics);
    value.unwrap_or_default()
}

struct Reader<'s> {
    root: &'s Value,
    substitute: &'s dyn Fn(&str) -> Substitution,
    diagnostics: Vec<Diagnostic>,
    patterns: HashMap<&'s str, Regex>,
    /// By the schema's place in memory: where it leads, and what it asks.
    shapes: HashMap<*const Value, (&'s Value, Rc<SchemaForm<'s>>)>,
}

/// What a schema asks of a part. Worked out once: many parts meet few schemas.
enum SchemaForm<'s> {
    Constants(Vec<&'s str>),
    Union(&'s [Value]),
    Types(Vec<&'s str>),
}

impl<'s> Reader<'s> {
    fn node(&mut self, node: &Node, schema: &'s Value, path: &DocumentPath) -> Option<Value> {
        let node = node.follow_alias();
        if let Some(tag) = &node.tag {
            let message = format!("the tag `{tag}` has no place in a spec");
            let help = "write plain YAML; for an intrinsic write `${…}` inside a text";
            self.report(
                Diagnostic::error("PV009", Location::Value(path.clone()), message).with_help(help),
            );
            return None;
        }
        let (schema, shape) = self.form(schema);
        let types = match &*shape {
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

    fn form(&mut self, schema: &'s Value) -> (&'s Value, Rc<SchemaForm<'s>>) {
        let key = std::ptr::from_ref(schema);
        if let Some((schema, shape)) = self.shapes.get(&key) {
            return (schema, Rc::clone(shape));
        }
        let schema = self.deref(schema);
        let shape = match (self.constants(schema), union::alternatives(schema)) {
            (Some(words), _) => SchemaForm::Constants(words),
            (None, Some(alternatives)) => SchemaForm::Union(alternatives),
            (None, None) => SchemaForm::Types(types(schema)),
        };
        let shape = Rc::new(shape);
        self.shapes.insert(key, (schema, Rc::clone(&shape)));
        (schema, shape)
    }

    fn list(&mut self, items: &[Node], schema: &'s Value, path: &DocumentPath) -> Option<Value> {
        let item_schema = schema.get("items").unwrap_or(&Value::Bool(true));
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let (mut read, mut seen) = (Vec::new(), HashSet::new());
        for (n, item) in items.iter().enumerate() {
            let at = path.clone().index(n);
            let Some(value) = self.node(item, item_schema, &at) else { continue };
            if unique && !seen.insert(canonical(&value)) {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let message = format!("`{shown}` stands here a second time");
                self.report(
                    Diagnostic::error("PV110", Location::Value(at), message).with_help("remove it"),
                );
                continue;
            }
            read.push(value);
        }
        let limit = |name| schema.get(name).and_then(Value::as_u64);
        let count = items.len() as u64;
        let told = match (limit("minItems"), limit("maxItems")) {
            (Some(least), _) if count < least => {
                Some(format!("at least {least} of them, found {count}"))
            }
            (_, Some(most)) if count > most => {
                Some(format!("at most {most} of them, found {count}"))
            }
            _ => None,
        };
        if let Some(told) = told {
            self.report(Diagnostic::error(
                "PV107",
                Location::Value(path.clone()),
                format!("expected {told}"),
            ));
            return None;
        }
        Some(Value::Array(read))
    }

    fn wrong_type(&mut self, node: &Node, types: &[&str], path: &DocumentPath) -> Option<Value> {
        let (expected, found) = (describe_types(types), describe_node(node));
        let message = format!("expected {expected}, found {found}");
        let diagnostic = Diagnostic::error("PV103", Location::Value(path.clone()), message);
        self.report(match (&node.data, types) {
            (NodeData::Scalar { text, .. }, ["array"]) if !text.is_empty() => {
                diagnostic.with_help("write it as a list").with_suggestion(format!("[{text}]"))
            }
            (NodeData::Scalar { text, plain: true }, ["object"]) if is_null(text) => {
                diagnostic.with_help("write `{}` for one that says nothing more")
            }
            (NodeData::Scalar { text, plain: true }, ["array"]) if is_null(text) => {
                diagnostic.with_help("remove the key, or write a list: `[…]`")
            }
            _ => diagnostic,
        });
        None
    }

    fn deref(&self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        // A chain is as long as there are definitions at most.
        for _ in 0..64 {
            match schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|schema| self.root.pointer(schema.trim_start_matches('#')))
            {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// A text that equal values share, whatever the order of their keys.
fn canonical(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

/// The types that a schema allows; none: anything.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn describe_types(types: &[&str]) -> String {
    let word = |item: &&str| match *item {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "nothing",
    };
    types.iter().map(word).collect::<Vec<_>>().join(" or ")
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

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
