//! The state while a document is read, and lookups in its schema.
use std::collections::HashMap;
use std::rc::Rc;

use regex_lite::Regex;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::parse::DIAGNOSTICS_MAX;

/// The extension keyword for texts in which `${…}` is a placeholder.
pub const SUBSTITUTES: &str = "x-substitutes";
/// The keyword for code, which is read literally.
pub const CODE: &str = "contentMediaType";

/// The value of a text that contains `${…}`.
#[derive(Debug)]
pub struct Substitution {
    /// The value with resolved placeholders or intrinsics. `None` if the text is not valid.
    pub value: Option<Value>,
    /// The errors of the text, reported as PV214.
    pub errors: Vec<SubstitutionError>,
}

/// An error in a text that contains `${…}`.
#[derive(Debug)]
pub struct SubstitutionError {
    /// One line without a final period.
    pub message: String,
    /// How to fix the text.
    pub help: String,
}

/// The keywords of JSON Schema that [`read`](super::read) supports. It ignores all others.
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
    // Texts without one of these two cannot contain `${…}`.
    SUBSTITUTES,
    CODE,
    // Annotations, which restrict nothing.
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
    /// The resolved schema and its form, by the address of the schema in memory.
    forms: HashMap<*const Value, (&'s Value, Rc<SchemaForm<'s>>)>,
}

/// The form of a schema. It is determined once, because many nodes have the same schema.
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
            forms: HashMap::new(),
        }
    }

    pub fn form(&mut self, schema: &'s Value) -> (&'s Value, Rc<SchemaForm<'s>>) {
        let key = std::ptr::from_ref(schema);
        if let Some((schema, form)) = self.forms.get(&key) {
            return (schema, Rc::clone(form));
        }
        let schema = self.deref(schema);
        let form = match (self.constants(schema), alternatives(schema)) {
            (Some(words), _) => SchemaForm::Constants(words),
            (None, Some(alternatives)) => SchemaForm::Union(alternatives),
            (None, None) => SchemaForm::Types(types(schema)),
        };
        let form = Rc::new(form);
        self.forms.insert(key, (schema, Rc::clone(&form)));
        (schema, form)
    }

    pub fn deref(&self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        /// The longest chain of references that is followed; a cycle would have no end.
        const REFERENCES_MAX: usize = 64;
        for _ in 0..REFERENCES_MAX {
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

    /// Whether `text` matches the schema's pattern, if it has one.
    pub fn matches(&mut self, text: &str, schema: &'s Value) -> bool {
        let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else { return true };
        let compiled = match self.patterns.get(pattern) {
            Some(compiled) => compiled,
            None => {
                let compiled =
                    Regex::new(pattern).expect("the tests compile every pattern of the schema");
                self.patterns.entry(pattern).or_insert(compiled)
            }
        };
        compiled.is_match(text)
    }

    /// Returns the constants that a schema allows, if it allows nothing else.
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

    /// Returns the value of a text that contains `${…}`, and reports its errors.
    pub fn substitute(&mut self, text: &str, path: &DocumentPath) -> Option<Value> {
        let Substitution { value, errors } = (self.substitute)(text);
        for SubstitutionError { message, help } in errors {
            let location = Location::Value(path.clone());
            self.report(Diagnostic::error("PV214", location, message).with_help(help));
        }
        value
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// Returns the types that a schema allows. An empty list allows every type.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
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

/// Returns the alternatives of a `oneOf` or `anyOf`.
fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()
}

pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
