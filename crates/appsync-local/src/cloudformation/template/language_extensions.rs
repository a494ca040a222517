//! Applies `AWS::LanguageExtensions`: expands `Fn::ForEach` of resources, conditions, outputs and properties, and evaluates
//! what must be known before the template is used: names of references, `Fn::Length`. The other functions of the
//! transform are evaluated with all others.
//!
//! The item of a loop is substituted in the keys of the loop's body, in the text of `Fn::Sub`, and for a `Ref` to the
//! identifier. Other texts keep `${Identifier}`.
use serde_json::{Map, Value};

use crate::cloudformation::template::error::{EvaluationError, TemplateError};
use crate::cloudformation::template::evaluator::{Evaluator, Resolved};
use crate::cloudformation::template::function::{FOR_EACH_PREFIX, Function, call};
use crate::cloudformation::template::limits::TEMPLATE_BYTES_MAX;
use crate::cloudformation::template::scalar;

const LAYOUT: &str = "Fn::ForEach layout is incorrect";
const COLLECTION: &str = "Could not find a collection or could not be resolved for Fn::ForEach";
const LENGTH: &str = "The Fn::Length value could not be resolved for properties";

/// Returns the document with the transform applied. `evaluator` evaluates what refers to no resources.
pub fn apply(document: &Value, evaluator: &Evaluator<'_>) -> Result<Value, TemplateError> {
    let expansion = Expansion { evaluator };
    let mut expanded = document.clone();
    for section in ["Conditions", "Resources", "Outputs"] {
        if let Some(value) = expanded.get_mut(section) {
            *value = expansion.expand(value, None)?;
        }
    }
    if expanded.to_string().len() > TEMPLATE_BYTES_MAX {
        let message = format!("Template may not exceed {TEMPLATE_BYTES_MAX} bytes in size.");
        return Err(TemplateError(message));
    }
    expansion.evaluate_conditions(&mut expanded)?;
    check_output_names(document, &expanded)?;
    Ok(expanded)
}

struct Expansion<'e> {
    evaluator: &'e Evaluator<'e>,
}

/// The item of a loop, in the scope of the loops around it.
struct Binding<'b> {
    outer: Option<&'b Binding<'b>>,
    identifier: &'b str,
    item: &'b str,
}

/// The parts of `Fn::ForEach`.
struct Loop<'l> {
    identifier: &'l str,
    collection: &'l Value,
    body: &'l Map<String, Value>,
}

impl Expansion<'_> {
    fn expand(&self, value: &Value, binding: Option<&Binding<'_>>) -> Result<Value, TemplateError> {
        if binding.is_some() {
            self.evaluator.budget.spend(value.as_str().map_or(0, str::len))?;
        }
        match (call(value), value) {
            (Some((Function::Ref, name)), _) => self.expand_ref(name, binding),
            (Some((Function::Sub, argument)), _) => {
                Ok(long_form(Function::Sub, self.expand_sub(argument, binding)?))
            }
            (Some((Function::GetAtt, Value::Array(names))), _) => {
                let names: Result<Vec<_>, _> =
                    names.iter().map(|name| self.expand_name(name, binding)).collect();
                Ok(long_form(Function::GetAtt, Value::Array(names?)))
            }
            (Some((Function::Length, argument)), _) if call(argument).is_some() => {
                self.expand_length(argument, binding)
            }
            (_, Value::Array(items)) => {
                items.iter().map(|item| self.expand(item, binding)).collect()
            }
            (_, Value::Object(members)) => {
                let mut results = Map::new();
                self.expand_members(members, binding, &mut results)?;
                Ok(Value::Object(results))
            }
            (_, scalar) => Ok(scalar.clone()),
        }
    }

    /// Adds the members, and those that loops produce instead of the loops.
    fn expand_members(
        &self,
        members: &Map<String, Value>,
        binding: Option<&Binding<'_>>,
        results: &mut Map<String, Value>,
    ) -> Result<(), TemplateError> {
        for (name, member) in members {
            if name.starts_with(FOR_EACH_PREFIX) {
                self.expand_loop(name, member, binding, results)?;
            } else {
                results.insert(name.clone(), self.expand(member, binding)?);
            }
        }
        Ok(())
    }

    fn expand_loop(
        &self,
        name: &str,
        argument: &Value,
        outer: Option<&Binding<'_>>,
        results: &mut Map<String, Value>,
    ) -> Result<(), TemplateError> {
        let Loop { identifier, collection, body } = parse_loop(argument)?;
        for item in self.items(collection, outer)? {
            let binding = Some(&Binding { outer, identifier, item: &item });
            for (key, member) in body {
                if key.starts_with(FOR_EACH_PREFIX) {
                    self.expand_loop(key, member, binding, results)?;
                    continue;
                }
                let key = self.substitute(key, binding, true)?;
                let member = self.expand(member, binding)?;
                if results.contains_key(&key) {
                    return Err(fail(format!("{name} produces {key} more than once")));
                }
                results.insert(key, member);
            }
        }
        Ok(())
    }

    /// Returns the items of a collection. A list in the list is what a function returned.
    fn items(
        &self,
        collection: &Value,
        binding: Option<&Binding<'_>>,
    ) -> Result<Vec<String>, TemplateError> {
        let items = match self.evaluate(&self.expand(collection, binding)?, COLLECTION)? {
            Value::Array(items) => items
                .iter()
                .flat_map(|item| item.as_array().map_or(std::slice::from_ref(item), Vec::as_slice))
                .map(scalar::text)
                .collect(),
            _ => None,
        };
        items.ok_or_else(|| fail(COLLECTION))
    }

    fn expand_ref(
        &self,
        name: &Value,
        binding: Option<&Binding<'_>>,
    ) -> Result<Value, TemplateError> {
        if let Some(item) = name.as_str().and_then(|name| find(binding, name)) {
            self.evaluator.budget.spend(item.len())?;
            return Ok(Value::from(item));
        }
        Ok(long_form(Function::Ref, self.expand_name(name, binding)?))
    }

    /// Evaluates the name in a reference, which may be the result of a function.
    fn expand_name(
        &self,
        name: &Value,
        binding: Option<&Binding<'_>>,
    ) -> Result<Value, TemplateError> {
        let name = self.expand(name, binding)?;
        match call(&name) {
            Some((function, _)) => {
                let detail = format!("{} in a reference could not be resolved", function.key());
                self.evaluate(&name, &detail)
            }
            None => Ok(name),
        }
    }

    fn expand_sub(
        &self,
        argument: &Value,
        binding: Option<&Binding<'_>>,
    ) -> Result<Value, TemplateError> {
        match argument {
            Value::String(text) => Ok(Value::String(self.substitute(text, binding, false)?)),
            Value::Array(list) => match list.as_slice() {
                [Value::String(text), variables] => {
                    let text = Value::String(self.substitute(text, binding, false)?);
                    Ok(Value::Array(vec![text, self.expand(variables, binding)?]))
                }
                _ => Ok(argument.clone()),
            },
            other => Ok(other.clone()),
        }
    }

    fn expand_length(
        &self,
        argument: &Value,
        binding: Option<&Binding<'_>>,
    ) -> Result<Value, TemplateError> {
        let value = self.evaluate(&self.expand(argument, binding)?, LENGTH)?;
        value.as_array().map(|items| Value::from(items.len())).ok_or_else(|| fail(LENGTH))
    }

    /// Replaces `${Identifier}` by the item and, in keys, `&{Identifier}` by the item's letters and digits.
    fn substitute(
        &self,
        text: &str,
        binding: Option<&Binding<'_>>,
        is_key: bool,
    ) -> Result<String, TemplateError> {
        let mut text = text.to_owned();
        let mut next = binding;
        while let Some(Binding { outer, identifier, item }) = next {
            let pattern = format!("${{{identifier}}}");
            let matches = text.matches(&pattern).count();
            self.evaluator.budget.spend(text.len() + matches * item.len())?;
            text = text.replace(&pattern, item);
            let pattern = format!("&{{{identifier}}}");
            if is_key && text.contains(&pattern) {
                let item: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
                let matches = text.matches(&pattern).count();
                self.evaluator.budget.spend(text.len() + matches * item.len())?;
                text = text.replace(&pattern, &item);
            }
            next = *outer;
        }
        Ok(text)
    }

    /// Evaluates a value; what depends on resources is an error with the given detail.
    fn evaluate(&self, value: &Value, detail: &str) -> Result<Value, TemplateError> {
        match self.evaluator.evaluate(value) {
            Ok(Resolved::Value(value)) => Ok(value),
            Err(error) if self.evaluator.budget.is_spent() => Err(error.into()),
            Ok(Resolved::NoValue) | Err(EvaluationError { .. }) => Err(fail(detail)),
        }
    }

    /// Evaluates the names of the conditions of resources and outputs, which may be results of functions.
    fn evaluate_conditions(&self, document: &mut Value) -> Result<(), TemplateError> {
        let conditions = document.get("Conditions").cloned().unwrap_or_default();
        for section in ["Resources", "Outputs"] {
            let members = document.get_mut(section).and_then(Value::as_object_mut);
            for declaration in members.into_iter().flat_map(|members| members.values_mut()) {
                let Some(condition) = declaration.get_mut("Condition") else { continue };
                if call(condition).is_some() {
                    *condition =
                        self.evaluate(condition, "the name of a condition could not be resolved")?;
                }
                if let Some(name) = condition.as_str()
                    && conditions.get(name).is_none()
                {
                    return Err(fail(format!("Key {name} is missing in the map.")));
                }
            }
        }
        Ok(())
    }
}

fn parse_loop(argument: &Value) -> Result<Loop<'_>, TemplateError> {
    let parts = match argument.as_array().map(Vec::as_slice) {
        Some([Value::String(identifier), collection, Value::Object(body)])
            if !identifier.is_empty() && !collection.is_string() && !body.is_empty() =>
        {
            let patterns = [format!("${{{identifier}}}"), format!("&{{{identifier}}}")];
            let names_item = |key: &String| {
                key.starts_with(FOR_EACH_PREFIX)
                    || patterns.iter().any(|pattern| key.contains(pattern))
            };
            body.keys().all(names_item).then_some(Loop { identifier, collection, body })
        }
        _ => None,
    };
    parts.ok_or_else(|| fail(LAYOUT))
}

/// Returns the item that an identifier has in the innermost loop with it.
fn find<'b>(binding: Option<&'b Binding<'_>>, name: &str) -> Option<&'b str> {
    let mut next = binding;
    while let Some(Binding { outer, identifier, item }) = next {
        if *identifier == name {
            return Some(item);
        }
        next = *outer;
    }
    None
}

/// Checks the names of outputs that loops produced.
fn check_output_names(document: &Value, expanded: &Value) -> Result<(), TemplateError> {
    let declared = document.get("Outputs");
    let outputs = expanded.get("Outputs").and_then(Value::as_object);
    for name in outputs.into_iter().flat_map(|outputs| outputs.keys()) {
        let is_produced = declared.is_some_and(|section| section.get(name).is_none());
        if is_produced && !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(fail(format!("OutputKey '{name}' should be alphanumeric")));
        }
    }
    Ok(())
}

fn long_form(function: Function, argument: Value) -> Value {
    Value::Object(Map::from_iter([(function.key().to_owned(), argument)]))
}

fn fail(detail: impl std::fmt::Display) -> TemplateError {
    TemplateError(format!("Transform AWS::LanguageExtensions failed with: {detail}"))
}
