//! The values of parameters in one operation.
use std::collections::HashSet;
use std::fmt;

use indexmap::IndexMap;
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::PARAMETER_VALUE_BYTES_MAX;
use crate::cloudformation::template::parameter::ParameterDeclaration;
use crate::cloudformation::template::sections::Template;
use crate::cloudformation::template::transform::check_supported;

/// The memory that a pattern may use. A pattern beyond it is not checked.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A parameter of a request.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenParameter {
    pub key: String,
    pub value: Option<String>,
    pub use_previous: bool,
}

/// A parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmValue {
    pub value: String,
    /// `String`, `StringList` or `SecureString`.
    pub type_name: String,
}

/// The value of a parameter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterValue {
    /// As given, or the default.
    pub value: String,
    /// What the value refers to in Systems Manager.
    pub resolved: Option<String>,
    pub no_echo: bool,
    pub is_list: bool,
}

/// Without the value, which may be secret.
impl fmt::Debug for GivenParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value: _, use_previous } = self;
        f.debug_struct("GivenParameter")
            .field("key", key)
            .field("use_previous", use_previous)
            .finish_non_exhaustive()
    }
}

/// Without the value, if it is secret.
impl fmt::Debug for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.no_echo { "****" } else { &self.value };
        f.debug_struct("ParameterValue").field("value", &value).finish_non_exhaustive()
    }
}

impl ParameterValue {
    /// Returns what `Ref` returns.
    pub fn reference(&self) -> Value {
        let text = self.resolved.as_ref().unwrap_or(&self.value);
        if self.is_list { Value::from(list_items(text)) } else { Value::String(text.clone()) }
    }
}

/// The values of all parameters of a template, in its order.
pub type ParameterValues = IndexMap<String, ParameterValue>;

/// Binds the parameters of a template: given values, previous values, defaults. `ssm` reads Systems Manager.
pub fn bind_parameters(
    template: &Template,
    given: &[GivenParameter],
    previous: &ParameterValues,
    ssm: &dyn Fn(&str) -> Option<SsmValue>,
) -> Result<ParameterValues, TemplateError> {
    // Reported first: the translated template may have other parameters.
    check_supported(template.transforms())?;
    let declarations = template.parameters();
    let unknown: Vec<&str> = given
        .iter()
        .map(|parameter| parameter.key.as_str())
        .filter(|key| !declarations.iter().any(|declaration| declaration.name == *key))
        .collect();
    if !unknown.is_empty() {
        let message = format!("Parameters: [{}] do not exist in the template", unknown.join(", "));
        return Err(TemplateError(message));
    }
    let mut values = ParameterValues::new();
    let mut missing = Vec::new();
    for declaration in declarations {
        // The last of several values counts.
        let parameter = given.iter().rfind(|parameter| parameter.key == declaration.name);
        match choose_text(declaration, parameter, previous)? {
            Some(text) => {
                values.insert(declaration.name.clone(), bind(declaration, text, ssm)?);
            }
            None if declaration.kind.is_ssm_reference => {
                return Err(TemplateError(format!(
                    "Parameter {} should either have input value or default value",
                    declaration.name
                )));
            }
            None => missing.push(declaration.name.as_str()),
        }
    }
    if !missing.is_empty() {
        let message = format!("Parameters: [{}] must have values", missing.join(", "));
        return Err(TemplateError(message));
    }
    Ok(values)
}

fn choose_text(
    declaration: &ParameterDeclaration,
    given: Option<&GivenParameter>,
    previous: &ParameterValues,
) -> Result<Option<String>, TemplateError> {
    let Some(given) = given else { return Ok(declaration.default.clone()) };
    if !given.use_previous {
        return Ok(given.value.clone().or_else(|| declaration.default.clone()));
    }
    let detail = if given.value.is_some() {
        "Cannot specify usePreviousValue as true and a parameter value"
    } else if let Some(value) = previous.get(&given.key) {
        return Ok(Some(value.value.clone()));
    } else {
        "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
    };
    Err(TemplateError(format!("Invalid input for parameter key {}. {detail}", given.key)))
}

fn bind(
    declaration: &ParameterDeclaration,
    value: String,
    ssm: &dyn Fn(&str) -> Option<SsmValue>,
) -> Result<ParameterValue, TemplateError> {
    check_value(declaration, &value)?;
    let resolved =
        if declaration.kind.is_ssm_reference { Some(resolve_ssm(&value, ssm)?) } else { None };
    let is_list = declaration.kind.is_list;
    Ok(ParameterValue { value, resolved, no_echo: declaration.no_echo, is_list })
}

fn resolve_ssm(
    name: &str,
    ssm: &dyn Fn(&str) -> Option<SsmValue>,
) -> Result<String, TemplateError> {
    let value = ssm(name).ok_or_else(|| {
        TemplateError(format!(
            "Unable to fetch parameters [{name}] from parameter store for this account."
        ))
    })?;
    if value.type_name == "SecureString" {
        return Err(TemplateError(format!(
            "Parameters [{name}] referenced by template have types not supported by CloudFormation."
        )));
    }
    Ok(value.value)
}

fn check_value(declaration: &ParameterDeclaration, value: &str) -> Result<(), TemplateError> {
    let name = &declaration.name;
    if value.len() > PARAMETER_VALUE_BYTES_MAX {
        return Err(TemplateError(format!(
            "Parameter {name} exceeds the maximum parameter value length of {PARAMETER_VALUE_BYTES_MAX} bytes."
        )));
    }
    let constraints = Constraints::new(declaration);
    let items = if declaration.kind.is_list { list_items(value) } else { vec![value] };
    let violation = items.iter().find_map(|item| constraints.violation(item));
    match (violation, &declaration.constraint_description) {
        (None, _) => Ok(()),
        (Some(_), Some(description)) => Err(TemplateError(format!(
            "Parameter {name} failed to satisfy constraint: {description}"
        ))),
        (Some(requirement), None) => {
            Err(TemplateError(format!("Parameter '{name}' {requirement}")))
        }
    }
}

/// The constraints of a parameter, prepared for all items of a list.
struct Constraints<'d> {
    declaration: &'d ParameterDeclaration,
    allowed_values: HashSet<&'d str>,
    /// None without a pattern, and for a pattern that this engine cannot read, such as one that looks ahead: AWS uses
    /// Java's engine. Every value matches then.
    pattern: Option<Regex>,
}

impl<'d> Constraints<'d> {
    fn new(declaration: &'d ParameterDeclaration) -> Self {
        let pattern = declaration.allowed_pattern.as_ref().and_then(|pattern| {
            let whole = format!("^(?:{pattern})$");
            RegexBuilder::new(&whole).size_limit(PATTERN_BYTES_MAX).build().ok()
        });
        let allowed_values = declaration.allowed_values.iter().map(String::as_str).collect();
        Self { declaration, allowed_values, pattern }
    }

    /// Returns what a value must be, if it is not.
    fn violation(&self, value: &str) -> Option<String> {
        let ParameterDeclaration { kind, min_value, max_value, min_length, max_length, .. } =
            self.declaration;
        if kind.is_number {
            let Ok(number) = value.trim().parse::<f64>() else {
                return Some("must be a number.".to_owned());
            };
            if let Some(min) = min_value.filter(|min| number < *min) {
                return Some(format!("must be a number not less than {min}"));
            }
            if let Some(max) = max_value.filter(|max| number > *max) {
                return Some(format!("must be a number not greater than {max}"));
            }
        }
        if !self.allowed_values.is_empty() && !self.allowed_values.contains(value) {
            return Some("must be one of AllowedValues".to_owned());
        }
        let length = value.chars().count() as u64;
        if let Some(min) = min_length.filter(|min| length < *min) {
            return Some(format!("must contain at least {min} characters"));
        }
        if let Some(max) = max_length.filter(|max| length > *max) {
            return Some(format!("must contain at most {max} characters"));
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
            let pattern = self.declaration.allowed_pattern.as_deref().unwrap_or_default();
            return Some(format!("must match pattern {pattern}"));
        }
        None
    }
}

fn list_items(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).collect()
}
