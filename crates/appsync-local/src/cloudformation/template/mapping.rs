//! The section Mappings.
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::{MAPPINGS_MAX, check_count};
use crate::cloudformation::template::scalar;

/// Checks the section.
pub fn check_mappings(section: Option<&Value>) -> Result<(), TemplateError> {
    let Some(section) = section else { return Ok(()) };
    let Some(mappings) = section.as_object() else {
        return Err(TemplateError::format("Every Mappings object must be a map"));
    };
    check_count("mappings", mappings.len(), MAPPINGS_MAX)?;
    for (name, mapping) in mappings {
        let must_be_map = |name: &str| {
            TemplateError::format(format!("Every Mappings member {name} must be a map"))
        };
        for (key, attributes) in mapping.as_object().ok_or_else(|| must_be_map(name))? {
            let attributes = attributes.as_object().ok_or_else(|| must_be_map(key))?;
            let is_alphanumeric =
                |name: &&String| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if let Some(name) = attributes.keys().find(|name| !is_alphanumeric(name)) {
                return Err(TemplateError::format(format!(
                    "Mappings attribute name '{name}' must contain only alphanumeric characters."
                )));
            }
            if !attributes.values().all(is_attribute) {
                return Err(TemplateError::format(
                    "Every Mappings attribute must be a String or a List.",
                ));
            }
        }
    }
    Ok(())
}

fn is_attribute(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_attribute),
        value => scalar::text(value).is_some(),
    }
}

/// Returns the value of `Fn::FindInMap`.
pub fn find_in_map<'m>(
    section: Option<&'m Value>,
    [name, first, second]: [&str; 3],
) -> Result<&'m Value, TemplateError> {
    let mapping = section.and_then(|section| section.get(name)).ok_or_else(|| missing(name))?;
    let value = mapping.get(first).and_then(|attributes| attributes.get(second));
    value.ok_or_else(|| {
        TemplateError::function(format!("Unable to get mapping for {name}::{first}::{second}"))
    })
}

/// Returns the error for a mapping that is not declared.
pub fn missing(name: &str) -> TemplateError {
    TemplateError::function(format!(
        "Mapping named '{name}' is not present in the 'Mappings' section of template."
    ))
}
