//! Finds stacks and change sets by the names and ARNs of requests, and the errors for those that do not exist.
use crate::cloudformation::request::validation_error;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::State;
use crate::state::stacks::{ChangeSet, Stack, StackStatus};

/// The stack of a name, unless it is deleted, or of an ARN.
pub fn stack<'a>(state: &'a mut State, caller: &Caller, name: &str) -> Option<&'a mut Stack> {
    let stacks = &mut state.region(caller).stacks;
    if name.starts_with("arn:") {
        return stacks.get_mut(name);
    }
    stacks
        .values_mut()
        .find(|stack| stack.name == name && stack.status != StackStatus::DeleteComplete)
}

/// The stack of a request, or the error that most operations have.
pub fn require_stack<'a>(
    state: &'a mut State,
    caller: &Caller,
    name: &str,
) -> Result<&'a mut Stack, AwsError> {
    stack(state, caller, name).ok_or_else(|| missing_stack(name))
}

/// The error of most operations (docs/reference/cloudformation.md#errors).
pub fn missing_stack(name: &str) -> AwsError {
    validation_error(format!("Stack with id {name} does not exist"))
}

/// The error of operations on events and change sets.
pub fn missing_stack_in_brackets(name: &str) -> AwsError {
    validation_error(format!("Stack [{name}] does not exist"))
}

/// The error of DescribeStackResource and DescribeStackResources.
pub fn missing_stack_in_quotes(name: &str) -> AwsError {
    validation_error(format!("Stack '{name}' does not exist"))
}

/// The error for a change set that does not exist; `name` as in the request.
pub fn missing_change_set(name: &str) -> AwsError {
    AwsError::new(404, "ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"))
}

/// The stack of a change set that a request names by its ARN, or by its name and that of its stack. Returns the ARNs
/// of both.
pub fn change_set_ids(
    state: &mut State,
    caller: &Caller,
    stack_name: Option<&str>,
    name: &str,
) -> Result<(String, String), AwsError> {
    if name.starts_with("arn:") {
        let stacks = state.region(caller).stacks.values();
        let stack = stacks.into_iter().find(|stack| stack.change_sets.contains_key(name));
        let stack = stack.ok_or_else(|| missing_change_set(name))?;
        return Ok((stack.id.clone(), name.to_owned()));
    }
    let stack_name = stack_name.ok_or_else(|| {
        validation_error("StackName must be specified if ChangeSetName is not specified as an ARN.")
    })?;
    let stack =
        stack(state, caller, stack_name).ok_or_else(|| missing_stack_in_brackets(stack_name))?;
    let named = |change_set: &&ChangeSet| change_set.name == name && !change_set.is_hidden();
    let change_set = stack.change_sets.values().find(named);
    let change_set = change_set.ok_or_else(|| missing_change_set(name))?;
    Ok((stack.id.clone(), change_set.id.clone()))
}
