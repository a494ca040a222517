//! DeleteStack.
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::engine::{Engine, StackRecord, start};
use crate::cloudformation::lookup;
use crate::cloudformation::operations::deploys::operation;
use crate::cloudformation::request::{Members, validation_error};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{OnFailure, OperationType, Stack, StackStatus};
use crate::store::Store;

pub async fn delete_stack(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("StackName")?;
    let retained = members.texts("RetainResources").unwrap_or_default();
    let mode = members.one_of("DeletionMode", &["STANDARD", "FORCE_DELETE_STACK"])?;
    let forces = mode == Some("FORCE_DELETE_STACK");
    let mut operation = operation(members, OperationType::DeleteStack, OnFailure::DoNothing)?;
    let now = store.now_epoch_s();
    let deleted = store
        .change(|state| {
            // Deleting what does not exist succeeds, as does deleting it twice.
            let Some(stack) = lookup::stack(state, caller, name) else { return Ok(None) };
            let is_gone =
                matches!(stack.status, StackStatus::DeleteComplete | StackStatus::DeleteInProgress);
            if is_gone {
                return Ok(None);
            }
            check_deletable(stack, name)?;
            check_retained(stack, &retained, forces)?;
            operation.excluded = match forces {
                true => failed_ids(stack),
                false => retained.iter().map(|id| (*id).to_owned()).collect(),
            };
            let id = stack.id.clone();
            let is_review = stack.status == StackStatus::ReviewInProgress;
            let mut record = StackRecord { stack, now_epoch_s: now };
            start(&mut record, operation, StackStatus::DeleteInProgress);
            if is_review {
                record.stack.change_sets.clear();
            }
            Ok(Some(id))
        })
        .await?;
    if let Some(id) = deleted {
        Engine::new(store, caller, &id).run().await;
    }
    Ok(json!({}))
}

fn check_deletable(stack: &Stack, name: &str) -> Result<(), AwsError> {
    if stack.termination_protection {
        let message =
            format!("Stack [{name}] cannot be deleted while TerminationProtection is enabled");
        return Err(validation_error(message));
    }
    let in_progress = stack.status.is_in_progress();
    let accepts = matches!(stack.status, StackStatus::CreateInProgress);
    if in_progress && !accepts {
        let (id, status) = (&stack.id, stack.status.text());
        let message = format!("Stack [{id}] cannot be deleted while in status {status}");
        return Err(validation_error(message));
    }
    Ok(())
}

/// Resources can be retained only in a stack whose deletion failed (docs/reference/cloudformation.md#delete).
fn check_retained(stack: &Stack, retained: &[&str], forces: bool) -> Result<(), AwsError> {
    if retained.is_empty() && !forces {
        return Ok(());
    }
    if stack.status != StackStatus::DeleteFailed {
        let message = format!(
            "Invalid operation on stack [{}]. Only stacks in the DELETE_FAILED state can be deleted with {}.",
            stack.id,
            if forces { "DeletionMode FORCE_DELETE_STACK" } else { "RetainResources" }
        );
        return Err(validation_error(message));
    }
    match retained.iter().find(|id| !stack.resources.contains_key(id)) {
        Some(id) => {
            let message = format!("Resource [{id}] does not exist in stack [{}]", stack.id);
            Err(validation_error(message))
        }
        None => Ok(()),
    }
}

fn failed_ids(stack: &Stack) -> Vec<String> {
    let failed = crate::state::stacks::ResourceStatus::DeleteFailed;
    let resources = stack.resources.iter().filter(|(_, resource)| resource.status == failed);
    resources.map(|(id, _)| id.to_owned()).collect()
}
