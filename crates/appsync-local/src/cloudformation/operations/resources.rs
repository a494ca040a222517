//! DescribeStackResource, DescribeStackResources and ListStackResources.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::paging::{Order, paged_result};
use crate::cloudformation::request::{Members, validation_error};
use crate::cloudformation::response::time_text;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{ResourceStatus, Stack, StackResource};
use crate::store::Store;

pub fn describe_stack_resource(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("StackName")?;
    let logical_id = members.require("LogicalResourceId")?;
    store.read(|state| {
        let stack = lookup::stack(state, caller, name)
            .ok_or_else(|| lookup::missing_stack_in_quotes(name))?;
        let resource =
            stack.resources.get(logical_id).ok_or_else(|| missing_resource(logical_id, name))?;
        let mut detail = resource_json(stack, logical_id, resource, "LastUpdatedTimestamp");
        let metadata = resource.content.metadata.as_ref();
        detail["Metadata"] = json!(metadata.map_or_else(|| "{}".to_owned(), Value::to_string));
        Ok(json!({ "StackResourceDetail": detail }))
    })
}

/// The resources of a stack, by its name or by the physical id of one of them.
pub fn describe_stack_resources(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let logical_id = members.text("LogicalResourceId");
    store.read(|state| {
        let stack = match (members.text("StackName"), members.text("PhysicalResourceId")) {
            (Some(name), None) => &*lookup::stack(state, caller, name)
                .ok_or_else(|| lookup::missing_stack_in_quotes(name))?,
            (None, Some(physical_id)) => {
                let mut stacks = state.region(caller).stacks.values();
                stacks.find(|stack| has_physical_id(stack, physical_id)).ok_or_else(|| {
                    validation_error(format!("Stack for {physical_id} does not exist"))
                })?
            }
            _ => {
                let message =
                    "You must specify either StackName or PhysicalResourceId, but not both.";
                return Err(validation_error(message));
            }
        };
        let is_requested = |id: &str| logical_id.is_none_or(|logical_id| id == logical_id);
        let resources = stack.resources.iter().filter(|(id, _)| is_requested(id));
        let resources: Vec<Value> = resources
            .map(|(id, resource)| resource_json(stack, id, resource, "Timestamp"))
            .collect();
        match logical_id {
            Some(logical_id) if resources.is_empty() => {
                Err(missing_resource(logical_id, &stack.name))
            }
            _ => Ok(json!({ "StackResources": resources })),
        }
    })
}

pub fn list_stack_resources(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("StackName")?;
    store.read(|state| {
        let stack = lookup::require_stack(state, caller, name)?;
        let summary = |(logical_id, resource): (&str, &StackResource)| {
            let mut summary = resource_json(stack, logical_id, resource, "LastUpdatedTimestamp");
            // The model of a summary does not have them.
            summary["StackId"] = Value::Null;
            summary["StackName"] = Value::Null;
            (logical_id.to_owned(), summary)
        };
        let summaries = stack.resources.iter().map(summary);
        paged_result(members, "StackResourceSummaries", Order::Ascending, summaries)
    })
}

/// The error for a logical id that a stack does not have; `stack` as in the request.
pub fn missing_resource(logical_id: &str, stack: &str) -> AwsError {
    validation_error(format!("Resource {logical_id} does not exist for stack {stack}"))
}

fn has_physical_id(stack: &Stack, physical_id: &str) -> bool {
    stack.resources.values().any(|resource| {
        resource.physical_id == physical_id && resource.status != ResourceStatus::DeleteComplete
    })
}

fn resource_json(
    stack: &Stack,
    logical_id: &str,
    resource: &StackResource,
    time_member: &str,
) -> Value {
    let drift = &resource.drift;
    let drift_status = drift.status.map_or_else(|| json!("NOT_CHECKED"), |status| json!(status));
    let physical_id = Some(&resource.physical_id).filter(|physical_id| !physical_id.is_empty());
    json!({
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": resource.resource_type,
        time_member: time_text(resource.updated_epoch_s),
        "ResourceStatus": resource.status.text(),
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {
            "StackResourceDriftStatus": drift_status,
            "LastCheckTimestamp": drift.checked_epoch_s.map(time_text),
        },
    })
}
