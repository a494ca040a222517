//! DetectStackDrift, DetectStackResourceDrift, DescribeStackDriftDetectionStatus and DescribeStackResourceDrifts.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::actual_resources::{ReadResource, read_resources};
use crate::cloudformation::differences::{Difference, differences};
use crate::cloudformation::lookup;
use crate::cloudformation::operations::resources::missing_resource;
use crate::cloudformation::paging::{Order, paged_result};
use crate::cloudformation::request::{Members, STACK_NAME, validation_error};
use crate::cloudformation::response::time_text;
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::drift::{DriftDetection, DriftStatus, ResourceDrift, ResourceDriftStatus};
use crate::state::stacks::{Stack, StackResource, StackStatus};
use crate::store::Store;

const NAME_LENGTH_MAX: usize = 2_048;
const STATUSES: &[&str] =
    &["IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED", "UNKNOWN", "UNSUPPORTED"];

pub async fn detect_stack_drift(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let stack = checkable_stack(store, caller, members)?;
    let logical_ids = members.texts("LogicalResourceIds");
    for logical_id in logical_ids.iter().flatten() {
        if !stack.resources.contains_key(logical_id) {
            return Err(missing_resource(logical_id, &stack.name));
        }
    }
    let is_requested = |logical_id: &str| {
        logical_ids.as_ref().is_none_or(|logical_ids| logical_ids.contains(&logical_id))
    };
    let resources = read_resources(store, caller, &stack, is_requested).await;
    let now = store.now_epoch_s();
    let failed: Vec<String> = resources
        .iter()
        .filter_map(|(id, resource)| match resource {
            // The text of the reason is undocumented.
            ReadResource::Failed(reason) => {
                Some(format!("Failed to detect drift on resource [{id}]: {reason}"))
            }
            _ => None,
        })
        .collect();
    let failure = (!failed.is_empty()).then(|| failed.join(" "));
    let detection_id = ids::request_id();
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, &stack.id)?;
            record(stack, resources, now);
            let drifted_count =
                stack.resources.values().filter(|resource| has_drifted(&resource.drift)).count();
            let status = if drifted_count > 0 { DriftStatus::Drifted } else { DriftStatus::InSync };
            stack.drift.status = Some(status);
            stack.drift.checked_epoch_s = Some(now);
            let detection = DriftDetection { started_epoch_s: now, status, drifted_count, failure };
            stack.drift.detections.insert(detection_id.clone(), detection);
            Ok(json!({ "StackDriftDetectionId": detection_id }))
        })
        .await
}

pub async fn detect_stack_resource_drift(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let stack = checkable_stack(store, caller, members)?;
    let logical_id = members.require("LogicalResourceId")?;
    if !stack.resources.contains_key(logical_id) {
        return Err(missing_resource(logical_id, &stack.name));
    }
    let resources = read_resources(store, caller, &stack, |id| id == logical_id).await;
    let now = store.now_epoch_s();
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, &stack.id)?;
            record(stack, resources, now);
            let resource = stack.resources.get(logical_id);
            let resource = resource.ok_or_else(|| missing_resource(logical_id, &stack.name))?;
            Ok(json!({ "StackResourceDrift": drift_json(stack, logical_id, resource) }))
        })
        .await
}

pub fn describe_stack_drift_detection_status(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let id = members.require("StackDriftDetectionId")?;
    store.read(|state| {
        let stacks = state.region(caller).stacks.values();
        let found =
            stacks.into_iter().find_map(|stack| Some((stack, stack.drift.detections.get(id)?)));
        let (stack, detection) = found.ok_or_else(|| {
            // The text is undocumented.
            validation_error(format!("Drift detection with id {id} does not exist"))
        })?;
        let is_complete = detection.failure.is_none();
        Ok(json!({
            "StackId": stack.id,
            "StackDriftDetectionId": id,
            "StackDriftStatus": detection.status,
            "DetectionStatus": if is_complete { "DETECTION_COMPLETE" } else { "DETECTION_FAILED" },
            "DetectionStatusReason": detection.failure,
            "DriftedStackResourceCount": detection.drifted_count,
            "Timestamp": time_text(detection.started_epoch_s),
        }))
    })
}

pub fn describe_stack_resource_drifts(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = stack_name(members)?;
    let statuses = members.texts("StackResourceDriftStatusFilters").unwrap_or_default();
    if let Some(unknown) = statuses.iter().find(|status| !STATUSES.contains(status)) {
        let set = STATUSES.join(", ");
        return Err(validation_error(format!(
            "1 validation error detected: Value '[{unknown}]' at 'stackResourceDriftStatusFilters' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [{set}]]"
        )));
    }
    store.read(|state| {
        let stack = lookup::require_stack(state, caller, name)?;
        let checked =
            stack.resources.iter().filter(|(_, resource)| resource.drift.status.is_some());
        let drifts = checked.map(|(id, resource)| (id.to_owned(), drift_json(stack, id, resource)));
        let drifts = drifts.filter(|(_, drift)| {
            let status = drift["StackResourceDriftStatus"].as_str().unwrap_or_default();
            statuses.is_empty() || statuses.contains(&status)
        });
        paged_result(members, "StackResourceDrifts", Order::Ascending, drifts)
    })
}

fn stack_name<'a>(members: &Members<'a>) -> Result<&'a str, AwsError> {
    members.require("StackName")?;
    let name = members.checked_text("StackName", NAME_LENGTH_MAX, Some(STACK_NAME))?;
    Ok(name.unwrap_or_default())
}

/// The stack of a request, in a status in which CloudFormation detects drift.
fn checkable_stack(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Stack, AwsError> {
    let name = stack_name(members)?;
    let stack = store
        .read(|state| lookup::require_stack(state, caller, name).map(|stack| stack.clone()))?;
    let is_checkable = matches!(
        stack.status,
        StackStatus::CreateComplete
            | StackStatus::UpdateComplete
            | StackStatus::UpdateRollbackComplete
            | StackStatus::UpdateRollbackFailed
            | StackStatus::ImportComplete
            | StackStatus::ImportRollbackComplete
    );
    if is_checkable {
        return Ok(stack);
    }
    // The text is undocumented.
    let (id, status) = (&stack.id, stack.status.text());
    Err(validation_error(format!(
        "Drift detection cannot be performed on stack [{id}] in {status} state."
    )))
}

fn record(stack: &mut Stack, read: BTreeMap<String, ReadResource>, now_epoch_s: f64) {
    for (logical_id, read) in read {
        let Some(resource) = stack.resources.get_mut(&logical_id) else { continue };
        let (status, expected, actual) = match read {
            ReadResource::Compared(comparison) => {
                let status = match comparison.differences.is_empty() {
                    true => ResourceDriftStatus::InSync,
                    false => ResourceDriftStatus::Modified,
                };
                (status, Some(comparison.expected), Some(comparison.actual))
            }
            ReadResource::Deleted => {
                let expected = resource.content.properties.clone();
                (ResourceDriftStatus::Deleted, Some(expected), None)
            }
            ReadResource::NotSupported | ReadResource::Failed(_) => {
                (ResourceDriftStatus::NotChecked, None, None)
            }
        };
        resource.drift = ResourceDrift {
            status: Some(status),
            checked_epoch_s: Some(now_epoch_s),
            expected,
            actual,
        };
    }
}

fn has_drifted(drift: &ResourceDrift) -> bool {
    matches!(drift.status, Some(ResourceDriftStatus::Modified | ResourceDriftStatus::Deleted))
}

fn drift_json(stack: &Stack, logical_id: &str, resource: &StackResource) -> Value {
    let drift = &resource.drift;
    let differences = match (&drift.expected, &drift.actual) {
        (Some(expected), Some(actual)) => differences(expected, actual),
        _ => Vec::new(),
    };
    json!({
        "StackId": stack.id,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        "ExpectedProperties": drift.expected.as_ref().map(Value::to_string),
        "ActualProperties": drift.actual.as_ref().map(Value::to_string),
        "PropertyDifferences": differences.iter().map(difference_json).collect::<Vec<_>>(),
        "StackResourceDriftStatus": drift.status.unwrap_or(ResourceDriftStatus::NotChecked),
        "Timestamp": time_text(drift.checked_epoch_s.unwrap_or_default()),
    })
}

fn difference_json(difference: &Difference) -> Value {
    let kind = match (&difference.before, &difference.after) {
        (None, _) => "ADD",
        (_, None) => "REMOVE",
        _ => "NOT_EQUAL",
    };
    // Both members are required: AWS writes `null` for a value that is missing.
    let text = |value: &Option<Value>| match value {
        None => "null".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    json!({
        "PropertyPath": difference.path,
        "ExpectedValue": text(&difference.before),
        "ActualValue": text(&difference.after),
        "DifferenceType": kind,
    })
}
