//! The properties and tags of imported resources, in the shape that CloudFormation documents.
//!
//! The schema of a kind directs the reading. A value that does not match is reported and omitted; a
//! parameter where a spec does not support one is fixed at its value.
use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use provision_core::diagnostic::{Diagnostic, DocumentPath, Location, Severity};
use provision_core::kind::Kind;
use provision_core::model::Properties;
use provision_core::ownership::PROTECT_TAG;
use provision_core::source::read::{CODE, SUBSTITUTES};
use provision_core::text::Text;

use crate::import::evaluate::Evaluator;
use crate::import::resources::{ImportedResource, ResourceSelection};
use crate::import::value::{TemplateValue, ValueKind};

/// The help for a value that does not match its schema.
const MISMATCH_HELP: &str = "it is omitted; see the CloudFormation documentation of the type";

/// Returns the properties of a resource, with no tag but the one that protects it.
///
/// `None` if they are not valid, which is reported.
pub fn read(resource: &ImportedResource<'_>, evaluator: &mut Evaluator<'_>) -> Option<Properties> {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let kind = resource.kind;
    let schema = kind.properties_schema(&mut generator).to_value();
    let errors = error_count(evaluator);
    let mut value = PropertyReader { kind, evaluator }.read(&resource.properties, &schema)?;
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("Tags");
        if resource.is_protected() {
            map.insert("Tags".into(), json!([{ "Key": PROTECT_TAG, "Value": "true" }]));
        }
    }
    let properties = Properties::from_typed(&value);
    if let Err(error) = kind.check_properties(&properties) {
        if error_count(evaluator) == errors {
            let message = format!("not a valid {}: {error}", kind.noun);
            let location = Location::Key(resource.resource.path.clone());
            let error = Diagnostic::error("PV510", location, message);
            evaluator.diagnostics.push(error.with_help("correct the properties"));
        }
        return None;
    }
    Some(properties)
}

fn error_count(evaluator: &Evaluator<'_>) -> usize {
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
    evaluator.diagnostics.iter().filter(is_error).count()
}

struct PropertyReader<'e, 'a> {
    kind: &'static dyn Kind,
    evaluator: &'e mut Evaluator<'a>,
}

impl PropertyReader<'_, '_> {
    fn read(&mut self, value: &TemplateValue, schema: &Value) -> Option<Value> {
        if let Some(variants) = schema.get("anyOf").and_then(Value::as_array) {
            let is_null = |variant: &&Value| variant.get("type") == Some(&json!("null"));
            let variant = variants.iter().find(|variant| !is_null(variant))?;
            return self.read(value, variant);
        }
        let types = match schema.get("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        let allowed = allowed_values(schema);
        match (&value.kind, types.as_slice()) {
            (ValueKind::Scalar { text, .. }, _) if !allowed.is_empty() => {
                self.read_enum(text, &allowed, &value.path)
            }
            (_, []) => Some(self.read_free_form(value)),
            (ValueKind::Map(_), types) if types.contains(&"object") => self.read_map(value, schema),
            (ValueKind::List(items), types) if types.contains(&"array") => {
                let schema = &schema["items"];
                Some(items.iter().filter_map(|item| self.read(item, schema)).collect())
            }
            // CloudFormation accepts a scalar for a list with one item.
            (ValueKind::Scalar { .. }, types) if types.contains(&"array") => {
                Some(Value::Array(vec![self.read(value, &schema["items"])?]))
            }
            (ValueKind::Scalar { text, .. }, types) => {
                self.read_scalar(text, types, schema, &value.path)
            }
            _ => {
                let message = "not a value that CloudFormation accepts here";
                self.evaluator.warn(
                    "PV510",
                    Location::Value(value.path.clone()),
                    message,
                    MISMATCH_HELP,
                );
                None
            }
        }
    }

    fn read_map(&mut self, value: &TemplateValue, schema: &Value) -> Option<Value> {
        let mut map = Map::new();
        for (name, entry) in value.entries() {
            match schema["properties"].get(name) {
                Some(schema) => {
                    if let Some(value) = self.read(entry, schema) {
                        map.insert(name.clone(), value);
                    }
                }
                None if name == "Tags" => {}
                None => self.report_unsupported(name, &entry.path),
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !map.contains_key(name) && name != "Tags" {
                let message = match value.get(name) {
                    Some(_) => format!("`{name}` has no valid value"),
                    None => format!("`{name}` is missing"),
                };
                let error = Diagnostic::error("PV510", Location::Key(value.path.clone()), message);
                let help = "CloudFormation requires it; add it to the template";
                self.evaluator.diagnostics.push(error.with_help(help));
            }
        }
        Some(Value::Object(map))
    }

    fn report_unsupported(&mut self, name: &str, path: &DocumentPath) {
        let message = format!("a spec does not support `{name}`; it is omitted");
        let mut unsupported = self.kind.template.unsupported_properties.iter();
        let help = unsupported.find(|(property, _)| *property == name);
        let help = help.map_or("without it, AWS uses its default", |(_, help)| help);
        self.evaluator.warn("PV520", Location::Key(path.clone()), message, help);
    }

    fn read_scalar(
        &mut self,
        text: &Text,
        types: &[&str],
        schema: &Value,
        path: &DocumentPath,
    ) -> Option<Value> {
        let is_string = types.contains(&"string");
        if is_string && schema.get(SUBSTITUTES).is_some() {
            return Some(text.to_value());
        }
        let literal = match schema.get(CODE) {
            Some(_) => self.code(text, path),
            None => self.literal(text, path)?,
        };
        let value = match types {
            _ if is_string => Some(json!(literal)),
            _ if types.contains(&"integer") || types.contains(&"number") => whole_number(&literal),
            _ if types.contains(&"boolean") => {
                literal.to_lowercase().parse::<bool>().ok().map(Value::from)
            }
            _ => None,
        };
        if value.is_none() {
            let message = format!("`{literal}` is not a value that CloudFormation accepts here");
            self.evaluator.warn("PV510", Location::Value(path.clone()), message, MISMATCH_HELP);
        }
        value
    }

    fn read_enum(&mut self, text: &Text, allowed: &[&str], path: &DocumentPath) -> Option<Value> {
        let literal = self.literal(text, path)?;
        if allowed.contains(&literal.as_str()) {
            return Some(json!(literal));
        }
        let message = format!("`{literal}` is not one of {}", allowed.join(", "));
        self.evaluator.warn("PV510", Location::Value(path.clone()), message, MISMATCH_HELP);
        None
    }

    /// Returns the literal text where a spec does not support parameters: they are fixed at their values.
    fn literal(&mut self, text: &Text, path: &DocumentPath) -> Option<String> {
        let resolved = self.evaluator.values.resolve(text);
        if let Some(literal) = resolved.text.as_literal() {
            if !resolved.used.is_empty() {
                self.evaluator.report_fixed("this property", &resolved.used, path);
            }
            return Some(literal.to_owned());
        }
        let missing = self.evaluator.values.describe_missing(&resolved.missing);
        let message = format!("a spec does not support a parameter here: {missing}");
        let error = Diagnostic::error("PV504", Location::Value(path.clone()), message);
        let help = self.evaluator.values.missing_hint(&resolved.missing);
        self.evaluator.diagnostics.push(error.with_help(help));
        None
    }

    /// Like [`Self::literal`], for handler code: what has no value stays in it as `${…}`.
    fn code(&mut self, text: &Text, path: &DocumentPath) -> String {
        let resolved = self.evaluator.values.resolve(text);
        if let Some(literal) = resolved.text.as_literal() {
            if !resolved.used.is_empty() {
                self.evaluator.report_fixed("this handler code", &resolved.used, path);
            }
            return literal.to_owned();
        }
        let message = "a spec cannot insert values into handler code";
        let help = "the code has `${…}` instead: replace it by the values";
        self.evaluator.warn("PV503", Location::Value(path.clone()), message, help);
        resolved.text.to_string()
    }

    /// A value without a schema: a policy document, which may also be JSON in a text.
    fn read_free_form(&mut self, value: &TemplateValue) -> Value {
        let json = value.as_literal().filter(|text| text.trim_start().starts_with('{'));
        let document = json.and_then(|text| serde_json::from_str(text).ok());
        let mut document = document.unwrap_or_else(|| value.to_json());
        // IAM accepts a statement for a list with one statement.
        if let Some(statement) = document.get_mut("Statement").filter(|value| value.is_object()) {
            *statement = json!([statement.take()]);
        }
        document
    }
}

/// The values that a schema allows, if it lists them.
fn allowed_values(schema: &Value) -> Vec<&str> {
    let list = |keyword: &str| schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
    let values = list("enum").filter_map(Value::as_str);
    let constants = list("oneOf").filter_map(|variant| variant.get("const")?.as_str());
    values.chain(constants).collect()
}

/// Parses a whole number in the forms that CloudFormation accepts: `300`, `"300"`, `300.0`.
fn whole_number(text: &str) -> Option<Value> {
    text.strip_suffix(".0").unwrap_or(text).parse::<i64>().ok().map(Value::from)
}

/// Returns the tags that all taggable resources have, for the spec's `tags:`. Reports all others.
pub fn common_tags(
    selection: &ResourceSelection<'_>,
    evaluator: &mut Evaluator<'_>,
) -> BTreeMap<String, Text> {
    let mut tags_by_resource: Vec<Vec<TemplateTag>> = Vec::new();
    for resource in selection.imported.iter().filter(|resource| is_taggable(resource.kind)) {
        let mut tags = tags(resource, evaluator);
        // `protect: true` sets this one.
        tags.retain(|tag| tag.key != PROTECT_TAG || !resource.kind.is_protectable());
        tags_by_resource.push(tags);
    }
    let map = |tags: &Vec<TemplateTag>| -> BTreeMap<String, Text> {
        tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    };
    let intersection = |mut common: BTreeMap<String, Text>, tags: BTreeMap<String, Text>| {
        common.retain(|key, value| tags.get(key) == Some(value));
        common
    };
    let common = tags_by_resource.iter().map(map).reduce(intersection).unwrap_or_default();
    for TemplateTag { key, value, path } in tags_by_resource.iter().flatten() {
        if common.get(key) != Some(value) {
            let message = format!("not every resource has the tag `{key}`; it is omitted");
            let help = "tags of a spec apply to all resources: add it to `tags:`, or leave it out";
            evaluator.warn("PV523", Location::Value(path.clone()), message, help);
        }
    }
    common
}

struct TemplateTag {
    key: String,
    value: Text,
    path: DocumentPath,
}

fn is_taggable(kind: &dyn Kind) -> bool {
    let schema = kind.properties_schema(&mut SchemaGenerator::default());
    schema.get("properties").is_some_and(|properties| properties.get("Tags").is_some())
}

fn tags(resource: &ImportedResource<'_>, evaluator: &mut Evaluator<'_>) -> Vec<TemplateTag> {
    let Some(value) = resource.properties.get("Tags") else { return Vec::new() };
    let mut tags = Vec::new();
    for tag in value.as_list().unwrap_or(std::slice::from_ref(value)) {
        let text = |name: &str| tag.get(name).and_then(TemplateValue::as_text);
        let key = text("Key")
            .and_then(|text| evaluator.values.resolve(text).text.as_literal().map(str::to_owned));
        let has_others = tag.entries().iter().any(|(name, _)| name != "Key" && name != "Value");
        match key {
            Some(key) if !has_others => {
                let value = text("Value").cloned().unwrap_or_default();
                tags.push(TemplateTag { key, value, path: tag.path.clone() });
            }
            _ => {
                let message = "not a valid tag of AppSync or IAM";
                let help = "it is omitted; write `- { Key: team, Value: realtime }`";
                evaluator.warn("PV510", Location::Value(tag.path.clone()), message, help);
            }
        }
    }
    tags
}
