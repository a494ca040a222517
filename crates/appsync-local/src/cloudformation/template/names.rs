//! Names in a template refer to something that it declares: parameters, resources, conditions, mappings. Both branches
//! of `Fn::If` are checked.
use indexmap::IndexSet;
use serde_json::Value;

use crate::cloudformation::template::check::{
    Dialect, IMPORT_VALUE, check_boolean_value, check_value,
};
use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::function::{Function, call, condition_call};
use crate::cloudformation::template::graph::DependencyGraph;
use crate::cloudformation::template::mapping;
use crate::cloudformation::template::pseudo::is_pseudo_parameter;
use crate::cloudformation::template::references::{Reference, visit};
use crate::cloudformation::template::sections::Template;
use crate::cloudformation::template::transform::check_supported;

impl Template {
    /// Parses a template: YAML with short forms or JSON, sections, limits, and the syntax of every function. The
    /// functions of a template with transforms are checked when the transforms have been applied.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template = Self::parse_sections(text)?;
        if template.transforms().is_empty() {
            check_template(&template)?;
        }
        Ok(template)
    }
}

/// Checks the functions and the names of a template whose transforms have been applied.
pub fn check_template(template: &Template) -> Result<(), TemplateError> {
    check_supported(template.transforms())?;
    let dialect = Dialect { has_extensions: template.has_language_extensions() };
    check_conditions(template, dialect)?;
    check_rules(template, dialect)?;
    let mut unresolved = IndexSet::new();
    for resource in template.resources() {
        check_condition_exists(template, resource.condition.as_deref(), "Resources")?;
        for value in resource.values() {
            check_value(value, dialect)?;
            check_names(template, value)?;
            unresolved.extend(unresolved_names(template, value)?);
        }
        let dependencies = resource.depends_on.iter().map(String::as_str);
        unresolved.extend(dependencies.filter(|id| template.resource(id).is_none()));
    }
    reject_unresolved(&unresolved, "Template format error: ", "Resources")?;
    check_outputs(template, dialect)
}

fn check_outputs(template: &Template, dialect: Dialect) -> Result<(), TemplateError> {
    let mut unresolved = IndexSet::new();
    for output in template.outputs() {
        check_condition_exists(template, output.condition.as_deref(), "Outputs")?;
        for value in std::iter::once(&output.value).chain(&output.export_name) {
            check_value(value, dialect)?;
            check_names(template, value)?;
            unresolved.extend(unresolved_names(template, value)?);
        }
        if let Some(name) = &output.export_name
            && !is_independent(template, name)
        {
            return Err(TemplateError::function(format!(
                "Output {} is malformed. The Name field of every Export member must not depend on any resources, imported values, or Fn::GetAZs.",
                output.logical_id
            )));
        }
    }
    reject_unresolved(&unresolved, "", "Outputs")
}

/// Returns the error for names that do not exist. AWS's text for outputs has no prefix.
pub fn reject_unresolved(
    names: &IndexSet<&str>,
    prefix: &str,
    section: &str,
) -> Result<(), TemplateError> {
    if names.is_empty() {
        return Ok(());
    }
    let names = names.iter().copied().collect::<Vec<_>>().join(", ");
    Err(TemplateError(format!(
        "{prefix}Unresolved resource dependencies [{names}] in the {section} block of the template"
    )))
}

fn check_conditions(template: &Template, dialect: Dialect) -> Result<(), TemplateError> {
    let mut graph = DependencyGraph::default();
    let mut resources = IndexSet::new();
    for (name, value) in template.conditions() {
        if !condition_call(value).is_some_and(|(function, _)| is_condition_function(function)) {
            return Err(TemplateError::format(
                "Conditions can only be boolean operations on parameters and other conditions",
            ));
        }
        check_boolean_value(value, dialect)?;
        check_names(template, value)?;
        resources.extend(names_besides_parameters(template, value));
        let mut dependencies = IndexSet::new();
        condition_names(value, &mut |condition| {
            dependencies.insert(condition.to_owned());
        });
        let missing = dependencies.iter().find(|condition| template.condition(condition).is_none());
        check_condition_exists(template, missing.map(String::as_str), "Conditions")?;
        graph.insert(name, dependencies);
    }
    reject_resources(&resources, "Conditions")?;
    graph.order().map(|_| ()).map_err(|cycle| {
        let names = cycle.join(", ");
        TemplateError::function(format!("Found circular condition dependency: [{names}]"))
    })
}

/// Whether a function returns the value of a condition.
fn is_condition_function(function: Function) -> bool {
    use Function::{And, Condition, Equals, Not, Or};
    matches!(function, And | Or | Not | Equals | Condition)
}

fn check_rules(template: &Template, dialect: Dialect) -> Result<(), TemplateError> {
    let mut resources = IndexSet::new();
    for rule in template.rules() {
        let assertions = rule.assertions.iter().map(|assertion| &assertion.assert);
        for value in rule.condition.iter().chain(assertions) {
            check_boolean_value(value, dialect)?;
            if !condition_call(value).is_some_and(|(function, _)| function.is_boolean()) {
                return Err(TemplateError::format(format!(
                    "[/Rules/{}] Rules can only be boolean operations on parameters",
                    rule.name
                )));
            }
            resources.extend(names_besides_parameters(template, value));
        }
    }
    reject_resources(&resources, "Rules")
}

fn reject_resources(names: &IndexSet<&str>, section: &str) -> Result<(), TemplateError> {
    if names.is_empty() {
        return Ok(());
    }
    let names = names.iter().copied().collect::<Vec<_>>().join(", ");
    Err(TemplateError::format(format!(
        "Unresolved dependencies [{names}]. Cannot reference resources in the {section} block of the template"
    )))
}

fn check_condition_exists(
    template: &Template,
    condition: Option<&str>,
    section: &str,
) -> Result<(), TemplateError> {
    match condition {
        Some(condition) if template.condition(condition).is_none() => {
            Err(TemplateError::format(format!(
                "Unresolved condition dependency {condition} in the {section} block of the template"
            )))
        }
        _ => Ok(()),
    }
}

/// Calls `visit_name` for each condition that a condition refers to.
pub fn condition_names<'v>(value: &'v Value, visit_name: &mut dyn FnMut(&'v str)) {
    if let Some((Function::Condition, Value::String(name))) = condition_call(value) {
        visit_name(name);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| condition_names(item, visit_name)),
        Value::Object(members) => {
            members.values().for_each(|member| condition_names(member, visit_name));
        }
        _ => {}
    }
}

/// Checks the conditions of `Fn::If`, the literal mapping names of `Fn::FindInMap`, and that `Fn::ImportValue` depends on
/// no resource.
fn check_names(template: &Template, value: &Value) -> Result<(), TemplateError> {
    match call(value) {
        Some((Function::If, Value::Array(list))) => {
            if let Some(Value::String(condition)) = list.first()
                && template.condition(condition).is_none()
            {
                return Err(TemplateError::function(format!(
                    "unresolved condition dependency {condition} in Fn::If"
                )));
            }
        }
        Some((Function::FindInMap, Value::Array(list))) => {
            if let [Value::String(name), _, _] = list.as_slice()
                && template.mappings().is_none_or(|mappings| mappings.get(name).is_none())
            {
                return Err(mapping::missing(name));
            }
        }
        Some((Function::ImportValue, name))
            if !names_besides_parameters(template, name).is_empty() =>
        {
            return Err(TemplateError::function(IMPORT_VALUE));
        }
        _ => {}
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_names(template, item)),
        Value::Object(members) => {
            members.values().try_for_each(|member| check_names(template, member))
        }
        _ => Ok(()),
    }
}

fn is_parameter(template: &Template, name: &str) -> bool {
    is_pseudo_parameter(name) || template.parameter(name).is_some()
}

/// Returns the names that neither a parameter nor a resource has.
fn unresolved_names<'v>(
    template: &Template,
    value: &'v Value,
) -> Result<Vec<&'v str>, TemplateError> {
    let mut unresolved = Vec::new();
    let mut error = None;
    visit(value, &|_| None, &mut |reference| match reference {
        Reference::Name(name) => {
            if !is_parameter(template, name) && template.resource(name).is_none() {
                unresolved.push(name);
            }
        }
        Reference::Attribute { logical_id, .. } => {
            if template.resource(logical_id).is_none() {
                let message =
                    format!("instance of Fn::GetAtt references undefined resource {logical_id}");
                error.get_or_insert(message);
            }
        }
        Reference::SubAttribute { logical_id, attribute } => {
            if template.resource(logical_id).is_none() {
                error.get_or_insert(format!(
                    "instance of Fn::Sub references invalid resource attribute {logical_id}.{attribute}"
                ));
            }
        }
    });
    error.map_or(Ok(unresolved), |message| Err(TemplateError::function(message)))
}

/// Returns the names that are not those of parameters.
fn names_besides_parameters<'v>(template: &Template, value: &'v Value) -> Vec<&'v str> {
    let mut names = Vec::new();
    visit(value, &|_| None, &mut |reference| match reference {
        Reference::Name(name) if is_parameter(template, name) => {}
        Reference::Name(name)
        | Reference::Attribute { logical_id: name, .. }
        | Reference::SubAttribute { logical_id: name, .. } => names.push(name),
    });
    names
}

fn is_independent(template: &Template, name: &Value) -> bool {
    let is_allowed =
        |value: &Value| !matches!(call(value), Some((Function::ImportValue | Function::GetAzs, _)));
    names_besides_parameters(template, name).is_empty() && all_values(name, &is_allowed)
}

fn all_values(value: &Value, is_allowed: &dyn Fn(&Value) -> bool) -> bool {
    let members_are_allowed = match value {
        Value::Array(items) => items.iter().all(|item| all_values(item, is_allowed)),
        Value::Object(members) => members.values().all(|member| all_values(member, is_allowed)),
        _ => true,
    };
    members_are_allowed && is_allowed(value)
}
