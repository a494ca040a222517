//! ListChangeSets and DeleteChangeSet.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::paging::{Order, paged_result};
use crate::cloudformation::request::{CHANGE_SET_NAME, Members, STACK_NAME};
use crate::cloudformation::response::time_text;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{ChangeSet, ExecutionStatus, Stack};
use crate::store::Store;

const STACK_NAME_LENGTH_MAX: usize = 2_048;
const CHANGE_SET_NAME_LENGTH_MAX: usize = 1_600;

pub fn list_change_sets(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    members.require("StackName")?;
    let name = members.checked_text("StackName", STACK_NAME_LENGTH_MAX, Some(STACK_NAME))?;
    let name = name.unwrap_or_default();
    store.read(|state| {
        let stack = lookup::stack(state, caller, name)
            .ok_or_else(|| lookup::missing_stack_in_brackets(name))?;
        let listed = stack.change_sets.iter().filter(|(_, change_set)| !change_set.is_hidden());
        let summaries =
            listed.map(|(id, change_set)| (id.to_owned(), summary_json(stack, change_set)));
        paged_result(members, "Summaries", Order::Ascending, summaries)
    })
}

/// Deletes a change set. One that the stack does not have counts as deleted.
pub async fn delete_change_set(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    members.require("ChangeSetName")?;
    let name =
        members.checked_text("ChangeSetName", CHANGE_SET_NAME_LENGTH_MAX, Some(CHANGE_SET_NAME))?;
    let name = name.unwrap_or_default();
    let stack_name = members.checked_text("StackName", STACK_NAME_LENGTH_MAX, Some(STACK_NAME))?;
    store
        .change(|state| {
            let found = lookup::change_set_ids(state, caller, stack_name, name);
            let (stack_id, id) = match found {
                Ok(ids) => ids,
                Err(error) if error.code == "ChangeSetNotFound" => return Ok(json!({})),
                Err(error) => return Err(error),
            };
            let stack = lookup::require_stack(state, caller, &stack_id)?;
            let is_executing = |change_set: &ChangeSet| {
                change_set.execution_status == ExecutionStatus::ExecuteInProgress
            };
            if stack.change_sets.get(&id).is_some_and(is_executing) {
                return Err(change_set_in_use());
            }
            stack.change_sets.remove(&id);
            stack.drop_unused_templates();
            Ok(json!({}))
        })
        .await
}

/// The error for an operation on a change set that is being created or executed.
pub fn change_set_in_use() -> AwsError {
    let message = "An operation on this ChangeSet is currently in progress.  Please attempt this operation again later.";
    AwsError::new(400, "InvalidChangeSetStatus", message)
}

fn summary_json(stack: &Stack, change_set: &ChangeSet) -> Value {
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution_status.text(),
        "Status": change_set.status.text(),
        "StatusReason": change_set.status_reason,
        "CreationTime": time_text(change_set.created_epoch_s),
        "Description": change_set.description,
        "IncludeNestedStacks": change_set.include_nested_stacks,
        "ImportExistingResources": change_set.import_existing_resources,
    })
}
