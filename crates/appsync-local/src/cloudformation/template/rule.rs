//! The section Rules: its structure. Rules are evaluated with the parameters of an operation.
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::function::{Function, condition_call};

/// A declared rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleDeclaration {
    pub name: String,
    pub condition: Option<Value>,
    pub assertions: Vec<Assertion>,
}

/// An assertion of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    pub assert: Value,
    pub description: Option<String>,
}

/// Parses the section.
pub fn parse_rules(section: Option<&Value>) -> Result<Vec<RuleDeclaration>, TemplateError> {
    let Some(section) = section else { return Ok(Vec::new()) };
    let members = section
        .as_object()
        .ok_or_else(|| TemplateError::format("Every Rules object must be a map"))?;
    members.iter().map(|(name, rule)| parse_rule(name, rule)).collect()
}

fn parse_rule(name: &str, rule: &Value) -> Result<RuleDeclaration, TemplateError> {
    let members = rule
        .as_object()
        .ok_or_else(|| TemplateError::format("Any Rules member must be an object."))?;
    if let Some(unknown) =
        members.keys().find(|member| !["RuleCondition", "Assertions"].contains(&member.as_str()))
    {
        return Err(TemplateError(format!("Invalid template rule property '{unknown}'")));
    }
    let assertions = members.get("Assertions").and_then(Value::as_array);
    let assertions = assertions.filter(|assertions| !assertions.is_empty()).ok_or_else(|| {
        TemplateError::format(format!(
            "[/Rules/{name}] Every Rules object must contain Assertions."
        ))
    })?;
    let condition = members.get("RuleCondition").cloned();
    let assertions = assertions
        .iter()
        .map(|assertion| parse_assertion(name, assertion))
        .collect::<Result<_, _>>()?;
    let rule = RuleDeclaration { name: name.to_owned(), condition, assertions };
    for value in
        rule.condition.iter().chain(rule.assertions.iter().map(|assertion| &assertion.assert))
    {
        check_functions(value)?;
    }
    Ok(rule)
}

fn parse_assertion(rule: &str, assertion: &Value) -> Result<Assertion, TemplateError> {
    let assert = assertion.get("Assert").cloned().ok_or_else(|| {
        TemplateError::format(format!(
            "[/Rules/{rule}/Assertions] Every Assertions object must contain an Assert member."
        ))
    })?;
    let description = assertion.get("AssertDescription").and_then(Value::as_str).map(str::to_owned);
    Ok(Assertion { assert, description })
}

/// Checks that only functions of rules are used, which `Fn::If` and `Condition` are not.
fn check_functions(value: &Value) -> Result<(), TemplateError> {
    let is_allowed = |function: Function| match function {
        Function::Ref | Function::RefAll | Function::ValueOf | Function::ValueOfAll => true,
        Function::Condition => false,
        function => function.is_boolean(),
    };
    let function = condition_call(value).map(|(function, _)| function);
    if let Some(function) = function.filter(|function| !is_allowed(*function)) {
        let message = format!("{} cannot be used in the Rules block", function.key());
        return Err(TemplateError::function(message));
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(check_functions),
        Value::Object(members) => members.values().try_for_each(check_functions),
        _ => Ok(()),
    }
}
