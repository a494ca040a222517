//! Parameters: what differs from stage to stage, and the values that are given for them.
use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{DiagnosticSink, PathStep};
use crate::spec::substitute::Substituter;
use crate::suggest::closest_match;

/// A value that differs from stage to stage, used as `${NAME}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "default": "dev", "allowed": ["dev", "prod"], "description": "Where this runs" }))]
pub struct Parameter {
    /// Value if none is passed with `--param` or `--params-file`. Default: none; a value must be
    /// passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"dev")]
    pub default: Option<String>,
    /// Values that are allowed. Default: any value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1), extend("uniqueItems" = true), example = ["dev", "prod"])]
    pub allowed: Option<Vec<String>>,
    /// Regular expression that the whole value must match. Default: any value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"[a-z]+")]
    pub pattern: Option<String>,
    /// Text that describes the parameter. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000), example = &"Where this runs")]
    pub description: Option<String>,
}

/// A spec's parameters by name, in the order in which they were written.
pub type Parameters = IndexMap<String, Parameter>;
/// Values that a user gives, by name.
pub type ParameterValues = BTreeMap<String, String>;

/// CloudFormation's limit on the parameters of a template.
const PARAMETERS_MAX: usize = 200;
/// CloudFormation's limit on a parameter's value.
const VALUE_MAX: usize = 4_096;

impl Parameter {
    /// The value that counts, if there is one.
    pub fn value(&self, given: Option<&String>) -> Option<String> {
        given.or(self.default.as_ref()).cloned()
    }
    /// Why it can't have this value.
    fn violated_constraint(&self, value: &str) -> Option<String> {
        if value.len() > VALUE_MAX {
            return Some(format!("it has {} bytes, CloudFormation takes {VALUE_MAX}", value.len()));
        }
        if let Some(allowed) =
            self.allowed.as_ref().filter(|items| !items.iter().any(|item| item == value))
        {
            return Some(format!("`{value}` is not among {}", allowed.join(", ")));
        }
        let pattern = self.pattern.as_ref()?;
        let sound = anchored_pattern(pattern).is_none_or(|regex| regex.is_match(value));
        (!sound).then(|| format!("`{value}` does not match `{pattern}`"))
    }
}

/// The pattern for a whole value, if it is one.
fn anchored_pattern(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

/// Reports what is wrong with the declarations, and parameters that nothing uses.
pub fn check(
    parameters: &Parameters,
    substitutes: &Substituter<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    if parameters.len() > PARAMETERS_MAX {
        let message = format!("{} parameters; a template takes {PARAMETERS_MAX}", parameters.len());
        diagnostics.error_at_key("PV260", &[], message).help =
            Some("write out those that never differ".into());
    }
    for (name, parameter) in parameters {
        if let Some(pattern) =
            parameter.pattern.as_ref().filter(|pattern| anchored_pattern(pattern).is_none())
        {
            let message = format!("`{pattern}` is no regular expression");
            diagnostics
                .error("PV261", &[PathStep::Key(name), PathStep::Key("pattern")], message)
                .help = Some("such as `[a-z]+`, for the whole value".into());
        }
        if let Some(reason) =
            parameter.default.as_ref().and_then(|text| parameter.violated_constraint(text))
        {
            let message = format!("the default can't be the value: {reason}");
            diagnostics
                .error("PV262", &[PathStep::Key(name), PathStep::Key("default")], message)
                .help = Some("choose another default, or allow it".into());
        }
        if !substitutes.is_used(name) {
            let message = format!("nothing uses the parameter `{name}`");
            diagnostics.warning_at_key("PV263", &[PathStep::Key(name)], message).help =
                Some(format!("write `${{{name}}}` where its value belongs, or remove it"));
        }
    }
}

/// Why these values can't be given: a line for each that is unknown or refused.
pub fn invalid_values(parameters: &Parameters, given: &ParameterValues) -> Vec<String> {
    let objection = |(name, value): (&String, &String)| match parameters.get(name) {
        Some(parameter) => {
            Some(format!("parameter `{name}`: {}", parameter.violated_constraint(value)?))
        }
        None => Some(match closest_match(name, parameters.keys().map(String::as_str)) {
            Some(meant) => {
                format!("the spec has no parameter `{name}`; did you mean `{meant}`?")
            }
            None => format!("the spec has no parameter `{name}`"),
        }),
    };
    given.iter().filter_map(objection).collect()
}

/// The parameters that have neither a given value nor a default.
pub fn missing<'a>(parameters: &'a Parameters, given: &ParameterValues) -> Vec<&'a str> {
    let open = |(name, parameter): &(&String, &Parameter)| {
        parameter.default.is_none() && !given.contains_key(name.as_str())
    };
    parameters.iter().filter(open).map(|(name, _)| name.as_str()).collect()
}

/// The values that a parameter may have, as far as the spec says: what counts now comes first.
pub fn possible_values(parameter: &Parameter, given: Option<&String>) -> Vec<String> {
    let mut candidates: Vec<String> = parameter.value(given).into_iter().collect();
    if given.is_none() {
        let others = parameter.allowed.iter().flatten();
        candidates.extend(others.filter(|text| parameter.default.as_ref() != Some(text)).cloned());
    }
    // What is too long is refused; nobody writes it out.
    candidates.retain(|candidate| candidate.len() <= VALUE_MAX);
    candidates
}
