//! The tables of every key of a spec, in `docs/spec.md`: generated from the schema, so no key is missing.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// An object of a spec with a fixed set of keys.
#[derive(Debug)]
struct Section<'a> {
    /// Where it is in a spec: `apis.NAME.auth`. Empty: the spec itself.
    path: String,
    description: &'a str,
    schema: &'a Value,
}

/// A heading, a sentence and a table for each object of a spec, from the outside to the inside.
pub fn key_tables(schema: &Value) -> String {
    let mut sections = Vec::new();
    let mut definitions = BTreeSet::new();
    collect(schema, schema, String::new(), "", &mut definitions, &mut sections);
    sections.iter().fold(String::new(), |mut text, section| {
        let Section { path, description, .. } = section;
        match path.as_str() {
            "" => text.push_str("\n## Keys of a spec\n\n"),
            path => {
                let _ = write!(text, "\n### {path}\n\n{description}\n\n");
            }
        }
        text.push_str("| key | description | type | default | constraints | example |\n|---|---|---|---|---|---|\n");
        for (key, property) in section.schema["properties"].as_object().unwrap() {
            text.push_str(&row(schema, section, key, property, &sections));
        }
        text
    }) + "\n"
}

/// Adds the section at `path`, if it is one, and those within it. A definition has one section.
fn collect<'a>(
    root: &'a Value,
    schema: &'a Value,
    path: String,
    description: &'a str,
    definitions: &mut BTreeSet<&'a str>,
    sections: &mut Vec<Section<'a>>,
) {
    if schema["$ref"].as_str().is_some_and(|name| !definitions.insert(name)) {
        return;
    }
    let schema = resolve(root, schema);
    let inner = |name: &str| format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
    let mut within: Vec<(String, &Value)> = Vec::new();
    if let Some(properties) = schema["properties"].as_object().filter(|keys| !keys.is_empty()) {
        within.extend(properties.iter().map(|(key, property)| (inner(key), property)));
        let description = schema["description"].as_str().unwrap_or(description);
        let description = description.split(" Default: ").next().unwrap_or_default();
        sections.push(Section { path: path.clone(), description, schema });
    }
    if schema["additionalProperties"].is_object() {
        within.push((inner("NAME"), &schema["additionalProperties"]));
    }
    if schema["items"].is_object() {
        within.push((path.clone(), &schema["items"]));
    }
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    for property in variants.filter_map(|variant| variant["properties"].as_object()).flatten() {
        within.push((inner(property.0), property.1));
    }
    for (path, schema) in within {
        collect(root, schema, path, "", definitions, sections);
    }
}

fn row(
    root: &Value,
    section: &Section<'_>,
    key: &str,
    property: &Value,
    sections: &[Section<'_>],
) -> String {
    let description = property["description"].as_str().unwrap_or_default();
    let (description, default) = match description.split_once("Default: ") {
        Some((description, default)) => (description.trim(), Some(default.trim_end_matches('.'))),
        None => (description, None),
    };
    let required =
        section.schema["required"].as_array().into_iter().flatten().any(|schema| schema == key);
    let default = match default {
        _ if required => "required",
        Some(default) => default,
        // A section of resources: it may be empty.
        None => "none",
    };
    let schema = resolve(root, property);
    let path = match section.path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let inner = sections.iter().find(|inner| {
        inner.path == path
            || inner.path == format!("{path}.NAME")
            || std::ptr::eq(inner.schema, schema)
    });
    let kind = match inner {
        Some(inner) => format!("[{}](#{})", kind(root, property), anchor(&inner.path)),
        None => kind(root, property),
    };
    let examples = property["examples"].as_array().or(schema["examples"].as_array());
    let constant = schema["oneOf"][0]["const"].as_str().map(Value::from);
    let boolean = (schema["type"] == "boolean").then_some(Value::Bool(true));
    let value = schema["enum"].get(0).cloned();
    let example = examples.and_then(|examples| examples.first().cloned());
    let example = match example.or(constant).or(value).or(boolean) {
        Some(example) if inner.is_none() || flow(&example).len() <= 60 => {
            format!("`{}`", flow(&example).replace('\n', "\\n").replace('|', "\\|"))
        }
        _ => String::new(),
    };
    format!(
        "| `{key}` | {description} | {kind} | {default} | {} | {example} |\n",
        constraints(root, property)
    )
}

/// The anchor of a heading that is a path.
fn anchor(path: &str) -> String {
    path.to_lowercase().replace('.', "")
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap(),
        None => schema,
    }
}

fn kind(root: &Value, schema: &Value) -> String {
    let name = schema["$ref"].as_str().and_then(|name| name.rsplit_once('/')).map(|(_, name)| name);
    let schema = resolve(root, schema);
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    match schema["type"].as_str() {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => format!("list of {}", plural(&kind(root, &schema["items"]))),
        Some("object") if schema["additionalProperties"].is_object() => "map".to_owned(),
        Some("object") => "object".to_owned(),
        Some("string") if pattern.contains("w)?") => "duration".to_owned(),
        Some("string") if pattern.contains("T\\d") => "timestamp".to_owned(),
        Some("string") if schema["x-substitutes"] == true => "text".to_owned(),
        Some(other) => other.to_owned(),
        None if name == Some("AuthType") || name == Some("AuthMode") => "auth mode".to_owned(),
        None if name == Some("Provider") => "auth provider".to_owned(),
        None => "string".to_owned(),
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "text" => "texts".to_owned(),
        kind => format!("{kind}s"),
    }
}

fn constraints(root: &Value, property: &Value) -> String {
    let schema = resolve(root, property);
    let number = |name: &str| schema[name].as_u64();
    let mut parts = Vec::new();
    let constants = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|variant| variant["const"].as_str());
    let values = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let values: Vec<String> = constants.chain(values).map(|value| format!("`{value}`")).collect();
    if !values.is_empty() {
        parts.push(values.join(", "));
    }
    for message in [&schema["patternErrorMessage"], &schema["propertyNames"]["patternErrorMessage"]]
    {
        let is_duration = kind(root, property) == "duration";
        if let Some(message) = message.as_str().filter(|_| !is_duration) {
            parts.push(message.trim_start_matches("expected ").to_owned());
        }
    }
    if number("minimum").is_some() && number("minimum") == number("maximum") {
        parts.push(format!("`{}`", schema["minimum"]));
    }
    let least = ["minItems", "minProperties", "minLength"].into_iter().filter_map(number).min();
    if least == Some(1) {
        parts.push("not empty".to_owned());
    }
    if let Some(most) = number("maxItems") {
        parts.push(format!("at most {most}"));
    }
    if let Some(most) = number("maxLength") {
        parts.push(format!("at most {most} characters"));
    }
    if schema["uniqueItems"] == true {
        parts.push("no duplicates".to_owned());
    }
    parts.join("; ")
}

/// A value as one line of YAML.
fn flow(value: &Value) -> String {
    let member = |(key, value): (&String, &Value)| format!("{key}: {}", flow(value));
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            format!("{{ {} }}", Map::iter(members).map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML needs them.
fn quoted(text: &str) -> String {
    let special = |letter: char| "{}[],#&*!|>'\"%@`".contains(letter);
    let is_special = text.contains(special) || text.contains(": ") || text.parse::<f64>().is_ok();
    if text.contains('\n') {
        return Value::from(text).to_string();
    }
    match text.is_empty() || is_special {
        true => format!("'{}'", text.replace('\'', "''")),
        false => text.to_owned(),
    }
}

#[test]
fn every_object_of_a_spec_has_a_table() {
    let tables = key_tables(provision_core::spec::schema());
    let headings: Vec<&str> = tables.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for path in [
        "parameters.NAME",
        "apis.NAME.auth",
        "apis.NAME.namespaces.NAME.handlers",
        "domains.NAME.association",
    ] {
        assert!(headings.contains(&path), "{headings:?}");
    }
    let unique: BTreeSet<&&str> = headings.iter().collect();
    assert_eq!(unique.len(), headings.len());
    assert!(tables.contains("| `validFor` |"), "{tables}");
}
