//! Hides the values of parameters with `NoEcho`.
use serde_json::Value;

use crate::cloudformation::response::NO_ECHO_TEXT;
use crate::cloudformation::template::ParameterValues;
use crate::state::stacks::{Stack, StackParameter};

/// The values to hide.
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets before and after an update.
    pub fn of(before: &[StackParameter], after: &ParameterValues) -> Self {
        let after = after
            .values()
            .filter(|value| value.no_echo)
            .map(|value| value.resolved.as_ref().unwrap_or(&value.value));
        Self(hidden(before).chain(after).filter(|text| !text.is_empty()).cloned().collect())
    }

    /// The secrets of a stack, before and after an update in progress.
    pub fn of_stack(stack: &Stack) -> Self {
        let stable = stack.stable.iter().flat_map(|stable| hidden(&stable.parameters));
        let all = hidden(&stack.deployment.parameters).chain(stable);
        Self(all.filter(|text| !text.is_empty()).cloned().collect())
    }

    /// Replaces each text that has a secret in it. A text that only looks like a secret is hidden, too.
    pub fn hide(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.0.iter().any(|secret| text.contains(secret.as_str())) => {
                NO_ECHO_TEXT.clone_into(text);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.hide(member)),
            _ => {}
        }
    }
}

fn hidden(parameters: &[StackParameter]) -> impl Iterator<Item = &String> {
    let hidden = parameters.iter().filter(|parameter| parameter.no_echo);
    hidden.map(|parameter| parameter.resolved_value.as_ref().unwrap_or(&parameter.value))
}
