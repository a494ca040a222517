//! DescribeStackEvents, and DescribeEvents, which returns the same events by operation and those of early validation.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::paging::{Order, paged_result};
use crate::cloudformation::request::{CHANGE_SET_NAME, Members, STACK_NAME, validation_error};
use crate::cloudformation::response::time_text;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{ChangeSet, ChangeSetStatus, OperationType, Stack, StackEvent};
use crate::store::Store;

const NAME_LENGTH_MAX: usize = 2_048;
const CHANGE_SET_NAME_LENGTH_MAX: usize = 1_600;

pub fn describe_stack_events(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("StackName")?;
    store.read(|state| {
        let stack = lookup::stack(state, caller, name)
            .ok_or_else(|| lookup::missing_stack_in_brackets(name))?;
        let events = stack.events.iter().rev();
        let events = events.map(|(number, event)| (number.to_owned(), event_json(stack, event)));
        paged_result(members, "StackEvents", Order::Descending, events)
    })
}

pub fn describe_events(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let stack_name = members.checked_text("StackName", NAME_LENGTH_MAX, Some(STACK_NAME))?;
    let change_set_name =
        members.checked_text("ChangeSetName", CHANGE_SET_NAME_LENGTH_MAX, Some(CHANGE_SET_NAME))?;
    let operation = members.text("OperationId");
    let filters = members.structure("Filters");
    let only_failed = match filters {
        Some(filters) => filters.flag("FailedEvents")?.unwrap_or(false),
        None => false,
    };
    let mut events = store
        .read(|state| match (stack_name, change_set_name, operation) {
            (_, Some(name), _) => {
                let (stack_id, id) = lookup::change_set_ids(state, caller, stack_name, name)?;
                let stack = lookup::require_stack(state, caller, &stack_id)?;
                Ok(stack
                    .change_sets
                    .get(&id)
                    .map(|change_set| change_set_events(stack, change_set)))
            }
            (Some(name), None, _) => {
                Ok(Some(all_events(lookup::require_stack(state, caller, name)?)))
            }
            (None, None, Some(_)) => {
                Ok(Some(state.region(caller).stacks.values().flat_map(all_events).collect()))
            }
            (None, None, None) => Err(validation_error(
                "At least one of StackName, ChangeSetName or OperationId must be specified.",
            )),
        })?
        .unwrap_or_default();
    if let Some(operation) = operation {
        events.retain(|(_, event)| event["OperationId"] == operation);
    }
    if only_failed {
        let is_failed = |event: &Value| {
            event["EventType"].as_str().is_some_and(|event_type| event_type.ends_with("_ERROR"))
        };
        events.retain(|(_, event)| is_failed(event));
    }
    events.sort_by(|(one, _), (other, _)| other.cmp(one));
    paged_result(members, "OperationEvents", Order::Descending, events)
}

fn event_json(stack: &Stack, event: &StackEvent) -> Value {
    json!({
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "OperationId": event.operation,
        "LogicalResourceId": event.logical_id.as_ref().unwrap_or(&stack.name),
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.resource_type,
        "Timestamp": time_text(event.epoch_s),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    })
}

/// The events of a stack's operations and change sets, with keys in the order of time.
fn all_events(stack: &Stack) -> Vec<(String, Value)> {
    let events = stack
        .events
        .iter()
        .map(|(number, event)| (key(event.epoch_s, number), operation_event_json(stack, event)));
    let change_sets = stack.change_sets.values();
    events.chain(change_sets.flat_map(|change_set| change_set_events(stack, change_set))).collect()
}

fn key(epoch_s: f64, number: &str) -> String {
    format!("{epoch_s:017.3}/{number}")
}

fn operation_event_json(stack: &Stack, event: &StackEvent) -> Value {
    let operation_type = operation_type(stack, event);
    let mut json = event_json(stack, event);
    // The model of this operation has no name of the stack.
    json["StackName"] = Value::Null;
    json["OperationType"] = json!(operation_type);
    if event.logical_id.is_some() {
        let is_failed = event.status.ends_with("_FAILED");
        json["EventType"] = json!(if is_failed { "PROVISIONING_ERROR" } else { "PROGRESS_EVENT" });
        return json;
    }
    let (status, end) = match event.status.as_str() {
        status if status.ends_with("_IN_PROGRESS") => ("IN_PROGRESS", None),
        status if status.ends_with("_FAILED") => ("FAILED", Some(event.epoch_s)),
        _ => ("SUCCEEDED", Some(event.epoch_s)),
    };
    let start = first_event(stack, event).map_or(event.epoch_s, |first| first.epoch_s);
    json["EventType"] = json!("STACK_EVENT");
    json["OperationStatus"] = json!(status);
    json["StartTime"] = json!(time_text(start));
    json["EndTime"] = json!(end.map(time_text));
    json
}

/// The first event of the stack itself in the operation of `event`.
fn first_event<'a>(stack: &'a Stack, event: &StackEvent) -> Option<&'a StackEvent> {
    stack
        .events
        .values()
        .find(|other| other.logical_id.is_none() && other.operation == event.operation)
}

/// The type of an event's operation. Events of operations before the last one have only their statuses.
fn operation_type(stack: &Stack, event: &StackEvent) -> Option<OperationType> {
    let operation = stack.operation.as_ref();
    let current = operation.filter(|operation| event.operation.as_ref() == Some(&operation.id));
    if let Some(operation) = current {
        return Some(operation.kind);
    }
    let first = first_event(stack, event)?;
    Some(match first.status.as_str() {
        "REVIEW_IN_PROGRESS" => OperationType::CreateChangeset,
        "CREATE_IN_PROGRESS" => OperationType::CreateStack,
        "DELETE_IN_PROGRESS" => OperationType::DeleteStack,
        "ROLLBACK_IN_PROGRESS" | "UPDATE_ROLLBACK_IN_PROGRESS" => OperationType::Rollback,
        _ => OperationType::UpdateStack,
    })
}

/// The operation that created a change set, and its validations.
fn change_set_events(stack: &Stack, change_set: &ChangeSet) -> Vec<(String, Value)> {
    let time = time_text(change_set.created_epoch_s);
    let (status, end) = match change_set.status {
        ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress => ("IN_PROGRESS", None),
        ChangeSetStatus::CreateComplete => ("SUCCEEDED", Some(&time)),
        ChangeSetStatus::Failed => ("FAILED", Some(&time)),
    };
    let operation = json!({
        "EventId": change_set.operation,
        "StackId": stack.id,
        "OperationId": change_set.operation,
        "OperationType": OperationType::CreateChangeset,
        "OperationStatus": status,
        "EventType": "STACK_EVENT",
        "Timestamp": time,
        "StartTime": time,
        "EndTime": end,
    });
    let validations = change_set.validations.iter().cloned();
    let key = |(number, event)| {
        let number = format!("{}/{number:04}", change_set.id);
        (key(change_set.created_epoch_s, &number), event)
    };
    validations.chain([operation]).enumerate().map(key).collect()
}
