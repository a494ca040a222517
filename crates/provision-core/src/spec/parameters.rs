//! Parameters of a spec, and the values that a user passes for them.
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

/// The parameters of a spec by name, in the order of the spec.
pub type Parameters = IndexMap<String, Parameter>;
/// The values that a user passes, by the name of the parameter.
pub type ParameterValues = BTreeMap<String, String>;

/// CloudFormation's limit on the parameters of a template.
const PARAMETERS_MAX: usize = 200;
/// CloudFormation's limit on a parameter's value.
const VALUE_MAX: usize = 4_096;

impl Parameter {
    /// Returns `value`, the value that the user passes, or the default.
    pub fn value(&self, value: Option<&String>) -> Option<String> {
        value.or(self.default.as_ref()).cloned()
    }
    /// Returns why `value` is not valid.
    fn violated_constraint(&self, value: &str) -> Option<String> {
        if value.len() > VALUE_MAX {
            let bytes = value.len();
            return Some(format!(
                "the value has {bytes} bytes, and CloudFormation allows {VALUE_MAX}"
            ));
        }
        if let Some(allowed) =
            self.allowed.as_ref().filter(|allowed| !allowed.iter().any(|item| item == value))
        {
            return Some(format!("`{value}` is not one of {}", allowed.join(", ")));
        }
        let pattern = self.pattern.as_ref()?;
        let is_match = anchored_pattern(pattern).is_none_or(|regex| regex.is_match(value));
        (!is_match).then(|| format!("`{value}` does not match `{pattern}`"))
    }
}

/// Compiles a pattern so that it matches whole values; `None` if it is not valid.
fn anchored_pattern(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

/// Reports errors in the declarations, and unused parameters.
pub fn check(
    parameters: &Parameters,
    substitutes: &Substituter<'_>,
    diagnostics: &mut DiagnosticSink,
) {
    if parameters.len() > PARAMETERS_MAX {
        let message =
            format!("{} parameters, and CloudFormation allows {PARAMETERS_MAX}", parameters.len());
        diagnostics.error_at_key("PV260", &[], message).help =
            Some("replace parameters whose value never differs by the value".into());
    }
    for (name, parameter) in parameters {
        if let Some(pattern) =
            parameter.pattern.as_ref().filter(|pattern| anchored_pattern(pattern).is_none())
        {
            let message = format!("`{pattern}` is not a valid regular expression");
            diagnostics
                .error("PV261", &[PathStep::Key(name), PathStep::Key("pattern")], message)
                .help = Some("such as `[a-z]+`, which must match the whole value".into());
        }
        if let Some(reason) =
            parameter.default.as_ref().and_then(|text| parameter.violated_constraint(text))
        {
            let message = format!("the default is not valid: {reason}");
            diagnostics
                .error("PV262", &[PathStep::Key(name), PathStep::Key("default")], message)
                .help = Some("set another default, or allow this value".into());
        }
        if !substitutes.is_used(name) {
            let message = format!("unused parameter `{name}`");
            diagnostics.warning_at_key("PV263", &[PathStep::Key(name)], message).help =
                Some(format!("write `${{{name}}}` in a text, or remove the parameter"));
        }
    }
}

/// Returns a message for each value that is not valid or whose parameter is unknown.
pub fn invalid_values(parameters: &Parameters, values: &ParameterValues) -> Vec<String> {
    let message = |(name, value): (&String, &String)| match parameters.get(name) {
        Some(parameter) => {
            Some(format!("parameter `{name}`: {}", parameter.violated_constraint(value)?))
        }
        None => Some(match closest_match(name, parameters.keys().map(String::as_str)) {
            Some(suggestion) => {
                format!("the spec has no parameter `{name}`; did you mean `{suggestion}`?")
            }
            None => format!("the spec has no parameter `{name}`"),
        }),
    };
    values.iter().filter_map(message).collect()
}

/// Returns the parameters that have neither a value nor a default.
pub fn missing<'a>(parameters: &'a Parameters, values: &ParameterValues) -> Vec<&'a str> {
    let is_missing = |(name, parameter): &(&String, &Parameter)| {
        parameter.default.is_none() && !values.contains_key(name.as_str())
    };
    parameters.iter().filter(is_missing).map(|(name, _)| name.as_str()).collect()
}

/// Returns the values that a parameter can have according to its declaration, starting with the current one.
pub fn possible_values(parameter: &Parameter, value: Option<&String>) -> Vec<String> {
    let mut candidates: Vec<String> = parameter.value(value).into_iter().collect();
    if value.is_none() {
        let others = parameter.allowed.iter().flatten();
        candidates.extend(others.filter(|text| parameter.default.as_ref() != Some(text)).cloned());
    }
    // A value that is too long is reported elsewhere; expanding it here would fill the memory.
    candidates.retain(|candidate| candidate.len() <= VALUE_MAX);
    candidates
}
