//! Evaluates conditions and rules.
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::evaluator::{Evaluator, Resolved};
use crate::cloudformation::template::function::{Function, call, condition_call};
use crate::cloudformation::template::graph::DependencyGraph;
use crate::cloudformation::template::names::condition_names;
use crate::cloudformation::template::parameter_values::ParameterValue;
use crate::cloudformation::template::scalar;
use crate::cloudformation::template::sections::Template;

/// Evaluates all conditions of a template. `evaluator` evaluates operands.
pub fn evaluate_conditions(
    template: &Template,
    evaluator: &Evaluator<'_>,
) -> Result<IndexMap<String, bool>, TemplateError> {
    let mut graph = DependencyGraph::default();
    for (name, value) in template.conditions() {
        let mut dependencies = IndexSet::new();
        condition_names(value, &mut |condition| {
            dependencies.insert(condition.to_owned());
        });
        graph.insert(name, dependencies);
    }
    let mut results = IndexMap::new();
    for name in graph.order().unwrap_or_default() {
        let value = template.condition(name).unwrap_or(&Value::Null);
        let context = Context { template, evaluator, conditions: &results };
        let result = context.evaluate(value)?;
        results.insert(name.to_owned(), result);
    }
    Ok(results)
}

/// Evaluates all rules of a template; returns the error of the first assertion that is false.
pub fn check_rules(template: &Template, evaluator: &Evaluator<'_>) -> Result<(), TemplateError> {
    let context = Context { template, evaluator, conditions: &IndexMap::new() };
    for rule in template.rules() {
        if let Some(condition) = &rule.condition
            && !context.evaluate(condition)?
        {
            continue;
        }
        for assertion in &rule.assertions {
            if !context.evaluate(&assertion.assert)? {
                let reason = assertion.description.as_deref().unwrap_or("an assertion is false");
                return Err(TemplateError(format!("Rule {} failed: {reason}", rule.name)));
            }
        }
    }
    Ok(())
}

struct Context<'c> {
    template: &'c Template,
    evaluator: &'c Evaluator<'c>,
    conditions: &'c IndexMap<String, bool>,
}

impl Context<'_> {
    fn evaluate(&self, value: &Value) -> Result<bool, TemplateError> {
        let (function, argument) = condition_call(value).ok_or_else(|| {
            TemplateError::format(
                "Conditions can only be boolean operations on parameters and other conditions",
            )
        })?;
        let list = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        match (function, list) {
            (Function::Condition, _) => {
                let name = argument.as_str().unwrap_or_default();
                self.conditions.get(name).copied().ok_or_else(|| {
                    TemplateError::format(format!(
                        "Unresolved condition dependency {name} in the Conditions block of the template"
                    ))
                })
            }
            (Function::Not, [operand]) => Ok(!self.evaluate(operand)?),
            (Function::And, operands) => {
                operands.iter().try_fold(true, |all, operand| Ok(self.evaluate(operand)? && all))
            }
            (Function::Or, operands) => {
                operands.iter().try_fold(false, |any, operand| Ok(self.evaluate(operand)? || any))
            }
            (Function::Equals, [left, right]) => {
                Ok(self.text(function, left)? == self.text(function, right)?)
            }
            (Function::Contains, [items, item]) => {
                let items = self.texts(function, items)?;
                Ok(self.texts(function, item)?.iter().any(|item| items.contains(item)))
            }
            (Function::EachMemberIn, [items, allowed]) => {
                let allowed = self.texts(function, allowed)?;
                Ok(self.texts(function, items)?.iter().all(|item| allowed.contains(item)))
            }
            (Function::EachMemberEquals, [items, expected]) => {
                let expected = self.text(function, expected)?;
                Ok(self.texts(function, items)?.iter().all(|item| *item == expected))
            }
            _ => {
                let message = format!("{} does not return a boolean value", function.key());
                Err(TemplateError::function(message))
            }
        }
    }

    fn text(&self, function: Function, operand: &Value) -> Result<String, TemplateError> {
        match self.operand(operand)? {
            Resolved::Value(value) => scalar::text(&value),
            Resolved::NoValue => None,
        }
        .ok_or_else(|| {
            TemplateError::function(format!(
                "every {} object requires a list of 2 string parameters.",
                function.key()
            ))
        })
    }

    fn texts(
        &self,
        function: Function,
        operand: &Value,
    ) -> Result<IndexSet<String>, TemplateError> {
        let texts = match self.operand(operand)? {
            Resolved::Value(Value::Array(items)) => items.iter().map(scalar::text).collect(),
            Resolved::Value(value) => scalar::text(&value).map(|text| IndexSet::from([text])),
            Resolved::NoValue => None,
        };
        texts.ok_or_else(|| {
            TemplateError::function(format!(
                "every {} object requires lists of strings",
                function.key()
            ))
        })
    }

    fn operand(&self, operand: &Value) -> Result<Resolved, TemplateError> {
        match call(operand) {
            Some((Function::RefAll, Value::String(type_name))) => {
                Ok(Resolved::Value(self.values_of_type(type_name)))
            }
            Some((function @ (Function::ValueOf | Function::ValueOfAll), _)) => {
                Err(TemplateError::function(format!(
                    "the emulator cannot read the attributes that {} returns",
                    function.key()
                )))
            }
            _ => Ok(self.evaluator.evaluate(operand)?),
        }
    }

    /// Returns the values of all parameters of a type, and the items of all lists of it.
    fn values_of_type(&self, type_name: &str) -> Value {
        let list = format!("List<{type_name}>");
        let mut values = Vec::new();
        for parameter in self.template.parameters() {
            if parameter.type_name != type_name && parameter.type_name != list {
                continue;
            }
            match self.evaluator.parameters.get(&parameter.name).map(ParameterValue::reference) {
                Some(Value::Array(items)) => values.extend(items),
                Some(value) => values.push(value),
                None => {}
            }
        }
        Value::Array(values)
    }
}
