//! The section Outputs.
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::{OUTPUTS_MAX, check_count};
use crate::cloudformation::template::resource::condition;
use crate::cloudformation::template::scalar;

/// A declared output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputDeclaration {
    pub logical_id: String,
    /// With functions in it.
    pub value: Value,
    pub description: Option<String>,
    /// The name of the export, with functions in it.
    pub export_name: Option<Value>,
    pub condition: Option<String>,
}

/// Parses the section.
pub fn parse_outputs(section: Option<&Value>) -> Result<Vec<OutputDeclaration>, TemplateError> {
    let Some(section) = section else { return Ok(Vec::new()) };
    let members = section
        .as_object()
        .ok_or_else(|| TemplateError::format("Every Outputs object must be a map"))?;
    check_count("outputs", members.len(), OUTPUTS_MAX)?;
    members.iter().map(|(id, declaration)| parse_output(id, declaration)).collect()
}

fn parse_output(logical_id: &str, declaration: &Value) -> Result<OutputDeclaration, TemplateError> {
    if logical_id.is_empty() || !logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(TemplateError::format(format!(
            "Output name {logical_id} is non alphanumeric."
        )));
    }
    let value = declaration
        .get("Value")
        .ok_or_else(|| TemplateError::format("Every Outputs member must contain a Value object"))?;
    let members = declaration.as_object().into_iter().flat_map(|members| members.keys());
    for member in members {
        if !["Value", "Description", "Export", "Condition"].contains(&member.as_str()) {
            return Err(TemplateError(format!("Invalid template output property '{member}'")));
        }
    }
    let description =
        match declaration.get("Description") {
            None => None,
            Some(value) => Some(scalar::text(value).ok_or_else(|| {
                TemplateError::format("Every Description member must be a string.")
            })?),
        };
    let export_name = match declaration.get("Export") {
        None => None,
        Some(export) => Some(export.get("Name").cloned().ok_or_else(|| {
            TemplateError::format(format!(
                "[/Outputs/{logical_id}/Export] Every Export member must contain a Name object"
            ))
        })?),
    };
    Ok(OutputDeclaration {
        logical_id: logical_id.to_owned(),
        value: value.clone(),
        description,
        export_name,
        condition: condition(declaration.get("Condition"))?,
    })
}
