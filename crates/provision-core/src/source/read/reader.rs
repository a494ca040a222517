//! The state of reading a document, and what its parts need to know about schemas.
use std::collections::HashMap;
use std::rc::Rc;

use regex_lite::Regex;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::parse::DIAGNOSTICS_MAX;

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

pub struct Reader<'s> {
    root: &'s Value,
    substitute: &'s dyn Fn(&str) -> Substitution,
    pub diagnostics: Vec<Diagnostic>,
    patterns: HashMap<&'s str, Regex>,
    /// By the schema's place in memory: where it leads, and what it asks.
    shapes: HashMap<*const Value, (&'s Value, Rc<SchemaForm<'s>>)>,
}

/// What a schema asks of a part. Worked out once: many parts meet few schemas.
pub enum SchemaForm<'s> {
    Constants(Vec<&'s str>),
    Union(&'s [Value]),
    Types(Vec<&'s str>),
}

impl<'s> Reader<'s> {
    pub fn new(root: &'s Value, substitute: &'s dyn Fn(&str) -> Substitution) -> Self {
        Self {
            root,
            substitute,
            diagnostics: Vec::new(),
            patterns: HashMap::new(),
            shapes: HashMap::new(),
        }
    }

    pub fn form(&mut self, schema: &'s Value) -> (&'s Value, Rc<SchemaForm<'s>>) {
        let key = std::ptr::from_ref(schema);
        if let Some((schema, shape)) = self.shapes.get(&key) {
            return (schema, Rc::clone(shape));
        }
        let schema = self.deref(schema);
        let shape = match (self.constants(schema), alternatives(schema)) {
            (Some(words), _) => SchemaForm::Constants(words),
            (None, Some(alternatives)) => SchemaForm::Union(alternatives),
            (None, None) => SchemaForm::Types(types(schema)),
        };
        let shape = Rc::new(shape);
        self.shapes.insert(key, (schema, Rc::clone(&shape)));
        (schema, shape)
    }

    pub fn deref(&self, schema: &'s Value) -> &'s Value {
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

    /// Whether `text` is as the schema's pattern wants it.
    pub fn matches(&mut self, text: &str, schema: &'s Value) -> bool {
        let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else { return true };
        let compiled = match self.patterns.get(pattern) {
            Some(compiled) => compiled,
            None => {
                let compiled = Regex::new(pattern).expect("our own patterns are in the tests");
                self.patterns.entry(pattern).or_insert(compiled)
            }
        };
        compiled.is_match(text)
    }

    /// The words that a schema allows, if it is a list of words.
    pub fn constants(&self, schema: &'s Value) -> Option<Vec<&'s str>> {
        let schema = self.deref(schema);
        if let Some(constant) = schema.get("const") {
            return Some(vec![constant.as_str()?]);
        }
        if let Some(several) = schema.get("enum") {
            return several.as_array()?.iter().map(Value::as_str).collect();
        }
        let alternatives = schema.get("oneOf")?.as_array()?;
        let each: Option<Vec<_>> =
            alternatives.iter().map(|alternative| self.constants(alternative)).collect();
        each.map(|items| items.concat())
    }

    /// What a text with `${…}` in it means.
    pub fn substitute(&mut self, text: &str, path: &DocumentPath) -> Option<Value> {
        let Substitution { value, errors: objections } = (self.substitute)(text);
        for SubstitutionError { message, help } in objections {
            let at = Location::Value(path.clone());
            self.report(Diagnostic::error("PV214", at, message).with_help(help));
        }
        value
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// The types that a schema allows; none: anything.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

pub fn describe_types(types: &[&str]) -> String {
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

/// The alternatives of a schema that has some.
fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()
}

pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
