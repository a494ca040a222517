//! DescribeStacks and ListStacks.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::paging::{Order, paged_result};
use crate::cloudformation::request::{Members, STACK_NAME};
use crate::cloudformation::response::{NO_ECHO_TEXT, tag_list, time_text};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::drift::StackDrift;
use crate::state::stacks::{Stack, StackOutput, StackParameter, StackStatus};
use crate::store::Store;

const NAME_LENGTH_MAX: usize = 2_048;

pub fn describe_stacks(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.checked_text("StackName", NAME_LENGTH_MAX, Some(STACK_NAME))?;
    store.read(|state| {
        let Some(name) = name else {
            let stacks = state.region(caller).stacks.values();
            let mut stacks: Vec<&Stack> =
                stacks.filter(|stack| stack.status != StackStatus::DeleteComplete).collect();
            return paged_result(
                members,
                "Stacks",
                Order::Descending,
                newest_first(&mut stacks, stack_json),
            );
        };
        let stack = lookup::require_stack(state, caller, name)?;
        Ok(json!({ "Stacks": [stack_json(stack)] }))
    })
}

pub fn list_stacks(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let statuses = members.texts("StackStatusFilter").unwrap_or_default();
    store.read(|state| {
        let stacks = state.region(caller).stacks.values();
        let is_listed =
            |stack: &&Stack| statuses.is_empty() || statuses.contains(&stack.status.text());
        let mut stacks: Vec<&Stack> = stacks.filter(is_listed).collect();
        paged_result(
            members,
            "StackSummaries",
            Order::Descending,
            newest_first(&mut stacks, summary_json),
        )
    })
}

/// The stacks with keys that are in the order of their creation.
fn newest_first<'a>(
    stacks: &'a mut [&Stack],
    write: fn(&Stack) -> Value,
) -> impl Iterator<Item = (String, Value)> + 'a {
    let key = |stack: &Stack| format!("{:020.3}{}", stack.created_epoch_s, stack.id);
    stacks.sort_by_key(|stack| key(stack));
    stacks.iter().rev().map(move |stack| (key(stack), write(stack)))
}

/// A stack. Which members exist when is AWS's choice (docs/reference/cloudformation.md#members-of-a-stack).
fn stack_json(stack: &Stack) -> Value {
    let deployment = &stack.deployment;
    let is_deleted = stack.status == StackStatus::DeleteComplete;
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "Description": deployment.description,
        "Parameters": unless_empty(&deployment.parameters, parameter_json),
        "CreationTime": time_text(stack.created_epoch_s),
        "DeletionTime": stack.deleted_epoch_s.map(time_text),
        "LastUpdatedTime": stack.updated_epoch_s.map(time_text),
        "RollbackConfiguration": rollback_configuration_json(&deployment.rollback_configuration),
        "StackStatus": stack.status.text(),
        "StackStatusReason": stack.status_reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": deployment.notification_arns,
        "TimeoutInMinutes": stack.timeout_min,
        "Capabilities": unless_empty(&deployment.capabilities, |capability| json!(capability)),
        "Outputs": unless_empty(&stack.outputs, output_json),
        "RoleARN": deployment.role_arn,
        "Tags": tag_list(&deployment.tags),
        "EnableTerminationProtection": (!is_deleted).then_some(stack.termination_protection),
        "DriftInformation": drift_json(&stack.drift),
        "LastOperations": last_operations_json(stack),
    })
}

fn summary_json(stack: &Stack) -> Value {
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.deployment.description,
        "CreationTime": time_text(stack.created_epoch_s),
        "LastUpdatedTime": stack.updated_epoch_s.map(time_text),
        "DeletionTime": stack.deleted_epoch_s.map(time_text),
        "StackStatus": stack.status.text(),
        "StackStatusReason": stack.status_reason,
        "DriftInformation": drift_json(&stack.drift),
        "LastOperations": last_operations_json(stack),
    })
}

/// The parameter of a stack or change set.
pub fn parameter_json(parameter: &StackParameter) -> Value {
    let value = if parameter.no_echo { NO_ECHO_TEXT } else { &parameter.value };
    json!({
        "ParameterKey": parameter.key,
        "ParameterValue": value,
        "ResolvedValue": parameter.resolved_value,
    })
}

/// A list that is absent when it is empty.
pub fn unless_empty<T>(items: &[T], write: impl Fn(&T) -> Value) -> Option<Vec<Value>> {
    (!items.is_empty()).then(|| items.iter().map(write).collect())
}

/// The configuration, or the empty structure that AWS returns without one.
pub fn rollback_configuration_json(configuration: &Value) -> Value {
    if configuration.is_null() { json!({}) } else { configuration.clone() }
}

fn output_json(output: &StackOutput) -> Value {
    json!({
        "OutputKey": output.key,
        "OutputValue": output.value,
        "Description": output.description,
        "ExportName": output.export_name,
    })
}

fn drift_json(drift: &StackDrift) -> Value {
    let status = drift.status.map_or_else(|| json!("NOT_CHECKED"), |status| json!(status));
    json!({
        "StackDriftStatus": status,
        "LastCheckTimestamp": drift.checked_epoch_s.map(time_text),
    })
}

fn last_operations_json(stack: &Stack) -> Option<Value> {
    let operation = stack.operation.as_ref()?;
    Some(json!([{ "OperationType": operation.kind, "OperationId": operation.id }]))
}
