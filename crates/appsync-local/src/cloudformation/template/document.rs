//! From a text to one JSON value: the format, null values, and one spelling of each function.
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::TEMPLATE_BYTES_MAX;
use crate::cloudformation::template::{json, scalar, yaml};

/// Parses a template's text. All functions of the value are in the long form, and `Fn::GetAtt` has a list.
pub fn parse(text: &str) -> Result<Value, TemplateError> {
    if text.len() > TEMPLATE_BYTES_MAX {
        let message = format!("Template may not exceed {TEMPLATE_BYTES_MAX} bytes in size.");
        return Err(TemplateError(message));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = text.trim_start().starts_with('{');
    let mut value = if is_json { json::parse(text) } else { yaml::parse(text) }?;
    if !value.is_object() {
        return Err(TemplateError::format("unsupported structure."));
    }
    for section in ["Resources", "Outputs", "Conditions", "Rules"] {
        if let Some(section) = value.get_mut(section) {
            normalize(section);
        }
    }
    check_no_nulls(&value).map_err(|path| {
        TemplateError(format!("[{path}] 'null' values are not allowed in templates"))
    })?;
    if let Some(description) = value.get_mut("Description")
        && let Some(text) = scalar::text(description)
    {
        *description = Value::String(text);
    }
    Ok(value)
}

/// Returns the path of the first null value.
fn check_no_nulls(value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Err(String::new()),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check_no_nulls(item).map_err(|path| format!("/{index}{path}"))
        }),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            check_no_nulls(member).map_err(|path| format!("/{name}{path}"))
        }),
        _ => Ok(()),
    }
}

/// Splits the argument of `Fn::GetAtt` at its first dot, if it is a text, and makes texts of the name in `Ref` and of
/// an empty region: AWS's own templates have `!GetAZs` without an argument.
fn normalize(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(normalize),
        Value::Object(members) => {
            if members.len() == 1
                && let Some(argument) = members.get_mut("Fn::GetAtt")
                && let Some((logical_id, attribute)) =
                    argument.as_str().and_then(|text| text.split_once('.'))
            {
                *argument = Value::from(vec![logical_id, attribute]);
            }
            if members.len() == 1
                && let Some(argument) = members.get_mut("Ref")
                && let Some(name) = scalar::text(argument)
            {
                *argument = Value::String(name);
            }
            if members.len() == 1
                && let Some(region @ Value::Null) = members.get_mut("Fn::GetAZs")
            {
                *region = Value::String(String::new());
            }
            members.values_mut().for_each(normalize);
        }
        _ => {}
    }
}
