//! DescribeChangeSet, in pages of at most 1 MB of changes.
use serde_json::{Value, json};

use crate::cloudformation::change_set::{with_values, without_values};
use crate::cloudformation::lookup;
use crate::cloudformation::operations::describe_stacks::{
    parameter_json, rollback_configuration_json, unless_empty,
};
use crate::cloudformation::paging::{decode_token, encode_token};
use crate::cloudformation::request::{CHANGE_SET_NAME, Members, STACK_NAME, validation_error};
use crate::cloudformation::response::{result_xml, tag_list, time_text};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::drift::ResourceDriftStatus;
use crate::state::stacks::{ChangeSet, OnFailure, Stack};
use crate::store::Store;

const PAGE_BYTES_MAX: usize = 1_048_576;
const STACK_NAME_LENGTH_MAX: usize = 2_048;
const CHANGE_SET_NAME_LENGTH_MAX: usize = 1_600;

pub fn describe_change_set(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    members.require("ChangeSetName")?;
    let name =
        members.checked_text("ChangeSetName", CHANGE_SET_NAME_LENGTH_MAX, Some(CHANGE_SET_NAME))?;
    let name = name.unwrap_or_default();
    let stack_name = members.checked_text("StackName", STACK_NAME_LENGTH_MAX, Some(STACK_NAME))?;
    let has_values = members.flag("IncludePropertyValues")?.unwrap_or(false);
    let first = match members.text("NextToken") {
        None => 0,
        Some(token) => decode_token(token)?
            .parse::<usize>()
            .map_err(|_| validation_error("Invalid NextToken"))?,
    };
    store.read(|state| {
        let (stack_id, id) = lookup::change_set_ids(state, caller, stack_name, name)?;
        let stack = lookup::require_stack(state, caller, &stack_id)?;
        let change_set =
            stack.change_sets.get(&id).ok_or_else(|| lookup::missing_change_set(name))?;
        let changes = change_set.changes.iter().filter_map(|change| match has_values {
            true => with_values(change),
            false => Some(without_values(change)),
        });
        let changes: Vec<Value> = changes.collect();
        let page = page(&changes[first.min(changes.len())..]);
        let next = first + page.len();
        let mut description = description_json(stack, change_set);
        description["Changes"] = json!(page);
        if next < changes.len() {
            description["NextToken"] = json!(encode_token(&next.to_string()));
        }
        Ok(description)
    })
}

/// The first changes, as many as fit into a page; one fits always.
fn page(changes: &[Value]) -> &[Value] {
    let mut bytes = 0;
    let count = changes.iter().take_while(|change| {
        bytes += result_xml(change).len();
        bytes <= PAGE_BYTES_MAX
    });
    &changes[..count.count().max(1).min(changes.len())]
}

/// Which members exist when is AWS's choice (docs/reference/cloudformation.md#describechangeset).
fn description_json(stack: &Stack, change_set: &ChangeSet) -> Value {
    let deployment = &change_set.deployment;
    let on_failure = change_set.on_failure.map(|on_failure| match on_failure {
        OnFailure::Rollback => "ROLLBACK",
        OnFailure::DoNothing => "DO_NOTHING",
        OnFailure::Delete => "DELETE",
    });
    json!({
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": change_set.description,
        "Parameters": unless_empty(&deployment.parameters, parameter_json),
        "CreationTime": time_text(change_set.created_epoch_s),
        "ExecutionStatus": change_set.execution_status.text(),
        "Status": change_set.status.text(),
        "StatusReason": change_set.status_reason,
        "StackDriftStatus": change_set.revert_drift.then(|| stack_drift_status(change_set)),
        "NotificationARNs": deployment.notification_arns,
        "RollbackConfiguration": rollback_configuration_json(&deployment.rollback_configuration),
        "Capabilities": deployment.capabilities,
        "Tags": Some(tag_list(&deployment.tags)).filter(|tags| !tags.is_empty()),
        "Changes": [],
        "IncludeNestedStacks": change_set.include_nested_stacks,
        "OnStackFailure": on_failure,
        "ImportExistingResources": change_set.import_existing_resources.then_some(true),
        "DeploymentMode": change_set.revert_drift.then_some("REVERT_DRIFT"),
    })
}

/// Whether a resource of the change set has drifted.
fn stack_drift_status(change_set: &ChangeSet) -> &'static str {
    let mut drifts = change_set.changes.iter().filter_map(|change| change.drift.as_ref());
    match drifts.any(|drift| drift.status != ResourceDriftStatus::InSync) {
        true => "DRIFTED",
        false => "IN_SYNC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_changes_as_fit_and_at_least_one() {
        let change = |bytes: usize| json!({ "Type": "x".repeat(bytes) });
        let check = |bytes: &[usize], expected: usize| {
            let changes: Vec<Value> = bytes.iter().copied().map(change).collect();
            assert_eq!(page(&changes).len(), expected, "{bytes:?}");
        };
        check(&[], 0);
        check(&[10, 10], 2);
        check(&[600_000, 300_000, 300_000], 2);
        check(&[2_000_000, 10], 1);
    }
}
