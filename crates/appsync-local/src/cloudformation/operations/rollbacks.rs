//! CancelUpdateStack, ContinueUpdateRollback and RollbackStack.
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::engine::{Engine, StackRecord, start};
use crate::cloudformation::lookup;
use crate::cloudformation::operations::deploys::{operation, require_stack_name};
use crate::cloudformation::request::{Members, validation_error};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{OnFailure, OperationType, ResourceStatus, Stack, StackStatus};
use crate::store::Store;

pub async fn cancel_update(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = require_stack_name(members)?;
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            if stack.status != StackStatus::UpdateInProgress {
                return Err(wrong_status("CancelUpdateStack", stack));
            }
            if let Some(operation) = &mut stack.operation {
                operation.is_cancelled = true;
            }
            Ok(())
        })
        .await?;
    Ok(json!({}))
}

pub async fn continue_rollback(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = require_stack_name(members)?;
    let skipped = members.texts("ResourcesToSkip").unwrap_or_default();
    let forces = members.flag("ForceRollback")?.unwrap_or_default();
    if forces && !skipped.is_empty() {
        let message = "ResourcesToSkip and ForceRollback cannot be specified together.";
        return Err(validation_error(message));
    }
    let mut operation = operation(members, OperationType::ContinueRollback, OnFailure::Rollback)?;
    let now = store.now_epoch_s();
    let id = store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            if stack.status != StackStatus::UpdateRollbackFailed {
                return Err(wrong_status("ContinueUpdateRollback", stack));
            }
            operation.excluded = match forces {
                true => failed_updates(stack),
                false => skipped.iter().map(|id| (*id).to_owned()).collect(),
            };
            let failed = failed_updates(stack);
            if let Some(id) = operation.excluded.iter().find(|id| !failed.contains(id)) {
                let message = format!(
                    "The resource {id} cannot be skipped: only resources in the UPDATE_FAILED state because of a rollback can be."
                );
                return Err(validation_error(message));
            }
            let id = stack.id.clone();
            let mut record = StackRecord { stack, now_epoch_s: now };
            start(&mut record, operation, StackStatus::UpdateRollbackInProgress);
            Ok(id)
        })
        .await?;
    Engine::new(store, caller, &id).run().await;
    Ok(json!({}))
}

pub async fn roll_back(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = require_stack_name(members)?;
    let operation = operation(members, OperationType::Rollback, OnFailure::Rollback)?;
    let operation_id = operation.id.clone();
    let now = store.now_epoch_s();
    let id = store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            let next = match stack.status {
                // A stack that never was stable is deleted.
                StackStatus::CreateFailed => StackStatus::DeleteInProgress,
                StackStatus::UpdateFailed => StackStatus::UpdateRollbackInProgress,
                _ => return Err(wrong_status("RollbackStack", stack)),
            };
            let id = stack.id.clone();
            let mut record = StackRecord { stack, now_epoch_s: now };
            start(&mut record, operation, next);
            Ok(id)
        })
        .await?;
    Engine::new(store, caller, &id).run().await;
    Ok(json!({ "StackId": id, "OperationId": operation_id }))
}

fn failed_updates(stack: &Stack) -> Vec<String> {
    let failed = |status| status == ResourceStatus::UpdateFailed;
    let resources = stack.resources.iter().filter(|(_, resource)| failed(resource.status));
    resources.map(|(id, _)| id.to_owned()).collect()
}

/// AWS's text begins like this; its end is not documented (docs/reference/cloudformation.md#errors).
fn wrong_status(operation: &str, stack: &Stack) -> AwsError {
    let status = stack.status.text();
    validation_error(format!(
        "{operation} cannot be called from current stack status {status} of stack {}",
        stack.id
    ))
}
