//! A parsed template: its sections, declared by type. Values in it still have their functions.
use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::cloudformation::template::document;
use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::function::FOR_EACH_PREFIX;
use crate::cloudformation::template::limits::DESCRIPTION_BYTES_MAX;
use crate::cloudformation::template::mapping::check_mappings;
use crate::cloudformation::template::output::{OutputDeclaration, parse_outputs};
use crate::cloudformation::template::parameter::{ParameterDeclaration, parse_parameters};
use crate::cloudformation::template::resource::{
    DeletionPolicy, ResourceDeclaration, parse_resources,
};
use crate::cloudformation::template::rule::{RuleDeclaration, parse_rules};
use crate::cloudformation::template::transform::{self, LANGUAGE_EXTENSIONS, SERVERLESS};

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    document: Value,
    transforms: Vec<String>,
    parameters: Vec<ParameterDeclaration>,
    rules: Vec<RuleDeclaration>,
    resources: Vec<ResourceDeclaration>,
    /// Where each resource is in `resources`.
    positions: HashMap<String, usize>,
    outputs: Vec<OutputDeclaration>,
}

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];

impl Template {
    /// Parses the sections of a text, without checking the functions in them.
    pub fn parse_sections(text: &str) -> Result<Self, TemplateError> {
        let document = document::parse(text)?;
        let transforms = transform::parse_transforms(document.get("Transform"))?;
        // What is not valid may be the input of a macro.
        let unsupported = transform::check_supported(&transforms);
        Self::from_document(document).map_err(|error| unsupported.err().unwrap_or(error))
    }

    /// Parses the sections of a document whose functions have their long forms.
    pub fn from_document(document: Value) -> Result<Self, TemplateError> {
        transform::reject_macros(&document)?;
        let transforms = transform::parse_transforms(document.get("Transform"))?;
        check_sections(&document, &transforms)?;
        check_texts(&document)?;
        check_mappings(document.get("Mappings"))?;
        let has_extensions = transforms.iter().any(|name| name == LANGUAGE_EXTENSIONS);
        let resources = document.get("Resources").and_then(Value::as_object);
        let resources = match resources {
            // Resources of loops appear when the loops are expanded.
            Some(section) if has_loop(section) && has_extensions => {
                let section = without_loops(section);
                if section.is_empty() { Vec::new() } else { parse_resources(&section, true)? }
            }
            Some(section) => parse_resources(section, has_extensions)?,
            None => {
                return Err(TemplateError::format(
                    "At least one Resources member must be defined.",
                ));
            }
        };
        let outputs = document.get("Outputs").and_then(Value::as_object);
        let outputs = match outputs {
            Some(section) if has_loop(section) && has_extensions => {
                parse_outputs(Some(&Value::Object(without_loops(section))))?
            }
            _ => parse_outputs(document.get("Outputs"))?,
        };
        Ok(Self {
            transforms,
            parameters: parse_parameters(document.get("Parameters"))?,
            rules: parse_rules(document.get("Rules"))?,
            positions: positions(&resources),
            resources,
            outputs,
            document,
        })
    }

    /// Returns the template as one value, with the long forms of functions.
    pub fn document(&self) -> &Value {
        &self.document
    }

    pub fn description(&self) -> Option<&str> {
        self.document.get("Description").and_then(Value::as_str)
    }

    pub fn metadata(&self) -> Option<&Value> {
        self.document.get("Metadata")
    }

    pub fn format_version(&self) -> Option<&str> {
        self.document.get("AWSTemplateFormatVersion").and_then(Value::as_str)
    }

    pub fn transforms(&self) -> &[String] {
        &self.transforms
    }

    pub fn has_language_extensions(&self) -> bool {
        self.transforms.iter().any(|name| name == LANGUAGE_EXTENSIONS)
    }

    pub fn parameters(&self) -> &[ParameterDeclaration] {
        &self.parameters
    }

    pub fn parameter(&self, name: &str) -> Option<&ParameterDeclaration> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    pub fn mappings(&self) -> Option<&Value> {
        self.document.get("Mappings")
    }

    /// Returns the conditions, in the template's order.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, &Value)> {
        let section = self.document.get("Conditions").and_then(Value::as_object);
        section.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    pub fn condition(&self, name: &str) -> Option<&Value> {
        self.document.get("Conditions").and_then(|section| section.get(name))
    }

    pub fn rules(&self) -> &[RuleDeclaration] {
        &self.rules
    }

    /// Returns the resources in the template's order, without those of loops that have not been expanded.
    pub fn resources(&self) -> &[ResourceDeclaration] {
        &self.resources
    }

    pub fn resource(&self, logical_id: &str) -> Option<&ResourceDeclaration> {
        self.positions.get(logical_id).map(|index| &self.resources[*index])
    }

    pub fn outputs(&self) -> &[OutputDeclaration] {
        &self.outputs
    }

    /// Sets the policies of a resource whose functions have been evaluated.
    pub fn set_policies(
        &mut self,
        index: usize,
        deletion: DeletionPolicy,
        replacement: DeletionPolicy,
    ) {
        let resource = &mut self.resources[index];
        resource.deletion_policy = deletion;
        resource.update_replace_policy = replacement;
        let attributes = &mut self.document["Resources"][&resource.logical_id];
        for (key, policy) in [("DeletionPolicy", deletion), ("UpdateReplacePolicy", replacement)] {
            if let Some(attribute) = attributes.get_mut(key) {
                *attribute = Value::from(policy.as_str());
            }
        }
    }
}

fn positions(resources: &[ResourceDeclaration]) -> HashMap<String, usize> {
    let ids = resources.iter().map(|resource| resource.logical_id.clone());
    ids.enumerate().map(|(index, id)| (id, index)).collect()
}

fn check_sections(document: &Value, transforms: &[String]) -> Result<(), TemplateError> {
    let members =
        document.as_object().ok_or_else(|| TemplateError::format("unsupported structure."))?;
    if members.contains_key("Hooks") {
        return Err(TemplateError::format(
            "the emulator does not support the Hooks section of a template",
        ));
    }
    let is_serverless = transforms.iter().any(|name| name == SERVERLESS);
    let is_known = |name: &str| SECTIONS.contains(&name) || (is_serverless && name == "Globals");
    let unknown: Vec<&str> =
        members.keys().map(String::as_str).filter(|name| !is_known(name)).collect();
    if !unknown.is_empty() {
        let message = format!("Invalid template property or properties [{}]", unknown.join(", "));
        return Err(TemplateError(message));
    }
    for section in ["Resources", "Conditions", "Metadata"] {
        if members.get(section).is_some_and(|value| !value.is_object()) {
            return Err(TemplateError::format(format!("Every {section} object must be a map")));
        }
    }
    Ok(())
}

fn check_texts(document: &Value) -> Result<(), TemplateError> {
    if document.get("AWSTemplateFormatVersion").is_some_and(|version| version != "2010-09-09") {
        return Err(TemplateError::format("unsupported value for AWSTemplateFormatVersion."));
    }
    match document.get("Description") {
        None => Ok(()),
        Some(Value::String(text)) if text.len() <= DESCRIPTION_BYTES_MAX => Ok(()),
        Some(Value::String(_)) => Err(TemplateError::format(format!(
            "'Description' length is greater than {DESCRIPTION_BYTES_MAX}."
        ))),
        Some(_) => Err(TemplateError::format("Every Description member must be a string.")),
    }
}

fn has_loop(section: &Map<String, Value>) -> bool {
    section.keys().any(|name| name.starts_with(FOR_EACH_PREFIX))
}

fn without_loops(section: &Map<String, Value>) -> Map<String, Value> {
    let members = section.iter().filter(|(name, _)| !name.starts_with(FOR_EACH_PREFIX));
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}
