//! Checks the properties of a resource by the schema of its type, with CloudFormation's texts
//! (`Properties validation failed for resource …`).
use serde_json::{Map, Value};

use crate::cloudformation::resource_types::schema::{Definition, Schema, ValueType};

/// What a property has instead of a value that is known only after another resource was created. It is valid anywhere.
pub const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// The errors in `properties`, which have the schema's types, as the reason of the resource `logical_id`.
pub fn check(
    schema: &Schema,
    logical_id: &str,
    properties: &Map<String, Value>,
) -> Result<(), String> {
    let mut check = PropertyCheck { schema, violations: Vec::new() };
    check.check_object(&schema.root, "#", properties);
    // AWS's text for a read-only property in a template is undocumented.
    for name in schema.read_only_properties.iter().filter(|name| properties.contains_key(*name)) {
        if !schema.root.properties.is_empty() {
            let what = format!("extraneous key [{name}] is not permitted");
            check.violations.push(Violation { path: "#".to_owned(), what, is_type: false });
        }
    }
    let violations = check.violations;
    if violations.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> =
        violations.iter().map(|Violation { path, what, .. }| format!("{path}: {what}")).collect();
    // A wrong type is found by an earlier check of CloudFormation, which prints a list.
    let message = match violations.iter().any(|violation| violation.is_type) {
        true => format!("[{}]", lines.join(", ")),
        false => lines.join("\n"),
    };
    Err(format!("Properties validation failed for resource {logical_id} with message:\n{message}"))
}

struct PropertyCheck<'a> {
    schema: &'a Schema,
    violations: Vec<Violation>,
}

struct Violation {
    /// `#`, or `#/Property`.
    path: String,
    what: String,
    is_type: bool,
}

impl PropertyCheck<'_> {
    fn check_value(&mut self, definition: &Definition, path: &str, value: &Value) {
        let schema = self.schema;
        let definition = schema.resolve(definition);
        if value == KNOWN_AFTER_APPLY {
            return;
        }
        if !has_type(&definition.types, value) {
            let what = match definition.types.as_slice() {
                [expected] => {
                    let (expected, actual) = (expected.name(), name_of_value(value));
                    format!("expected type: {expected}, found: {actual}")
                }
                several => {
                    format!("no subschema matched out of the total {} subschemas", several.len())
                }
            };
            let path = path.to_owned();
            self.violations.push(Violation { path, what, is_type: definition.types.len() == 1 });
            return;
        }
        if definition.values.as_ref().is_some_and(|values| !values.contains(value)) {
            self.report_keyword(path, "enum");
        }
        match value {
            Value::Object(members) => self.check_object(definition, path, members),
            Value::Array(items) => self.check_list(definition, path, items),
            Value::String(text) => self.check_text(definition, path, text),
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or_default();
                if definition.minimum.is_some_and(|minimum| number < minimum) {
                    self.report_keyword(path, "minimum");
                }
                if definition.maximum.is_some_and(|maximum| number > maximum) {
                    self.report_keyword(path, "maximum");
                }
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn check_object(&mut self, definition: &Definition, path: &str, members: &Map<String, Value>) {
        for name in definition.required.iter().filter(|name| !members.contains_key(*name)) {
            self.report(path, format!("required key [{name}] not found"));
        }
        let has_required =
            |option: &Definition| option.required.iter().all(|name| members.contains_key(name));
        if !definition.any_of.is_empty() && !definition.any_of.iter().any(has_required) {
            let count = definition.any_of.len();
            self.report(path, format!("no subschema matched out of the total {count} subschemas"));
        }
        for (name, value) in members {
            // The patterns of names allow what the services check.
            let pattern_definition = || definition.pattern_properties.values().next();
            match definition.properties.get(name).or_else(pattern_definition) {
                Some(member) => self.check_value(member, &format!("{path}/{name}"), value),
                None if definition.additional_properties == Some(false) => {
                    self.report(path, format!("extraneous key [{name}] is not permitted"));
                }
                None => {}
            }
        }
    }

    fn check_list(&mut self, definition: &Definition, path: &str, items: &[Value]) {
        let count = items.len();
        if let Some(min) = definition.min_items.filter(|min| count < *min) {
            self.report(path, format!("expected minimum item count: {min}, found: {count}"));
        }
        if let Some(max) = definition.max_items.filter(|max| count > *max) {
            self.report(path, format!("expected maximum item count: {max}, found: {count}"));
        }
        let is_known = |item: &&Value| !item.to_string().contains(KNOWN_AFTER_APPLY);
        let known: Vec<&Value> = items.iter().filter(is_known).collect();
        let has_duplicate = || known.iter().enumerate().any(|(n, item)| known[..n].contains(item));
        if definition.unique_items && has_duplicate() {
            self.report(path, "array items are not unique".to_owned());
        }
        for (n, item) in items.iter().enumerate() {
            if let Some(of) = &definition.items {
                self.check_value(of, &format!("{path}/{n}"), item);
            }
        }
    }

    fn check_text(&mut self, definition: &Definition, path: &str, text: &str) {
        let length = text.chars().count();
        if let Some(min) = definition.min_length.filter(|min| length < *min) {
            self.report(path, format!("expected minLength: {min}, actual: {length}"));
        }
        if let Some(max) = definition.max_length.filter(|max| length > *max) {
            self.report(path, format!("expected maxLength: {max}, actual: {length}"));
        }
        if definition.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            self.report_keyword(path, "pattern");
        }
    }

    fn report(&mut self, path: &str, what: String) {
        self.violations.push(Violation { path: path.to_owned(), what, is_type: false });
    }

    /// CloudFormation shows neither the value nor the constraint of these keywords.
    fn report_keyword(&mut self, path: &str, keyword: &str) {
        self.report(path, format!("failed validation constraint for keyword [{keyword}]"));
    }
}

impl ValueType {
    fn name(self) -> &'static str {
        match self {
            Self::Array => "JSONArray",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::Number => "Number",
            Self::Object => "JSONObject",
            Self::String => "String",
        }
    }
}

fn has_type(types: &[ValueType], value: &Value) -> bool {
    let fits = |expected: &ValueType| match expected {
        ValueType::Array => value.is_array(),
        ValueType::Boolean => value.is_boolean(),
        ValueType::Integer => value.is_i64() || value.is_u64(),
        ValueType::Number => value.is_number(),
        ValueType::Object => value.is_object(),
        ValueType::String => value.is_string(),
    };
    types.is_empty() || types.iter().any(fits)
}

fn name_of_value(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "JSONArray",
        Value::Bool(_) => "Boolean",
        Value::Null => "Null",
        Value::Number(number) if number.is_f64() => "Double",
        Value::Number(_) => "Integer",
        Value::Object(_) => "JSONObject",
        Value::String(_) => "String",
    }
}
