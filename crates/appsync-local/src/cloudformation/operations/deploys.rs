//! CreateStack, UpdateStack and ExecuteChangeSet: the operations that bring a stack to a template.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::change_set;
use crate::cloudformation::engine::{Engine, StackRecord, start};
use crate::cloudformation::evaluation::StackIdentity;
use crate::cloudformation::lookup::{self, missing_stack};
use crate::cloudformation::operations::stack_policies::policy_text;
use crate::cloudformation::proposal::Proposal;
use crate::cloudformation::request::{Members, STACK_NAME, TOKEN, validation_error};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{
    ChangeSetStatus, ChangeSetType, ExecutionStatus, OnFailure, OperationType, Stack,
    StackOperation, StackStatus,
};
use crate::store::Store;

pub async fn create_stack(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.checked_text("StackName", 128, Some("[a-zA-Z][-a-zA-Z0-9]*"))?;
    let name = name.map_or_else(|| members.require("StackName"), Ok)?;
    let on_failure = on_failure(members)?.unwrap_or(OnFailure::Rollback);
    let operation = operation(members, OperationType::CreateStack, on_failure)?;
    let existing = store.read(|state| {
        let stack = lookup::stack(state, caller, name)?;
        Some((stack.id.clone(), stack.status, stack.operation.clone()))
    });
    let id = match existing {
        None => new_stack_arn(caller, name),
        // It keeps the id that its change set gave it.
        Some((id, StackStatus::ReviewInProgress, _)) => id,
        // A retry of the request that created it.
        Some((id, _, Some(former)))
            if former.kind == OperationType::CreateStack
                && former.token.is_some()
                && former.token == operation.token =>
        {
            return Ok(json!({ "StackId": id, "OperationId": former.id }));
        }
        Some(_) => return Err(already_exists(name)),
    };
    let identity = StackIdentity { id: id.clone(), name: name.to_owned() };
    let proposal = Proposal::parse(store, caller, members, &identity, None)?;
    proposal.check_capabilities(true)?;
    let policy = policy_text(members)?;
    let now = store.now_epoch_s();
    let max = store.quotas().stacks;
    let operation_id = operation.id.clone();
    store
        .change(|state| {
            let stacks = &mut state.region(caller).stacks;
            let is_live = |stack: &&Stack| stack.status != StackStatus::DeleteComplete;
            if !stacks.contains_key(&id) && stacks.values().filter(is_live).count() >= max {
                let message = format!("Limit for stacks has been exceeded. Quota {max}");
                return Err(AwsError::new(400, "LimitExceededException", message));
            }
            let has_name = |stack: &Stack| stack.name == name && stack.id != id;
            if stacks.values().filter(is_live).any(has_name) {
                return Err(already_exists(name));
            }
            let mut stack = new_stack(&identity, now);
            if let Some(reviewed) = stacks.get(&id) {
                (stack.created_epoch_s, stack.events) =
                    (reviewed.created_epoch_s, reviewed.events.clone());
                stack.change_sets = reviewed.change_sets.clone();
                make_obsolete(&mut stack);
            }
            stack.disable_rollback = on_failure == OnFailure::DoNothing;
            stack.termination_protection =
                members.flag("EnableTerminationProtection")?.unwrap_or_default();
            stack.timeout_min = members.number("TimeoutInMinutes", 1)?;
            stack.policy = policy;
            proposal.put_into(&mut stack);
            let mut record = StackRecord { stack: &mut stack, now_epoch_s: now };
            start(&mut record, operation, StackStatus::CreateInProgress);
            stacks.insert(id.as_str(), stack);
            Ok(())
        })
        .await?;
    Engine::new(store, caller, &id).run().await;
    Ok(json!({ "StackId": id, "OperationId": operation_id }))
}

pub async fn update_stack(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = require_stack_name(members)?;
    let current = store.read(|state| lookup::stack(state, caller, name).map(|stack| stack.clone()));
    let current = current.ok_or_else(|| missing_stack(name))?;
    let disables_rollback = members.flag("DisableRollback")?.unwrap_or_default();
    check_updatable(&current, disables_rollback)?;
    let on_failure = if disables_rollback { OnFailure::DoNothing } else { OnFailure::Rollback };
    let operation = operation(members, OperationType::UpdateStack, on_failure)?;
    if operation.token.is_some()
        && let Some(former) = &current.operation
        && former.token == operation.token
        && former.kind == OperationType::UpdateStack
    {
        return Ok(json!({ "StackId": current.id, "OperationId": former.id }));
    }
    let identity = StackIdentity { id: current.id.clone(), name: current.name.clone() };
    let proposal = Proposal::parse(store, caller, members, &identity, Some(&current))?;
    proposal.check_capabilities(true)?;
    let policy = policy_text(members)?;
    if !change_set::has_changes(&current, &proposal)? {
        return Err(validation_error("No updates are to be performed."));
    }
    let (id, operation_id) = (current.id.clone(), operation.id.clone());
    let now = store.now_epoch_s();
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            check_updatable(stack, disables_rollback)?;
            begin_update(stack, &proposal, disables_rollback, now);
            stack.policy = policy.or_else(|| stack.policy.take());
            make_obsolete(stack);
            let mut record = StackRecord { stack, now_epoch_s: now };
            start(&mut record, operation, StackStatus::UpdateInProgress);
            Ok(())
        })
        .await?;
    Engine::new(store, caller, &id).run().await;
    Ok(json!({ "StackId": id, "OperationId": operation_id }))
}

pub async fn execute_change_set(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("ChangeSetName")?;
    let stack_name = members.text("StackName");
    let disables_rollback = members.flag("DisableRollback")?;
    let mut operation = operation(members, OperationType::UpdateStack, OnFailure::Rollback)?;
    let now = store.now_epoch_s();
    let ids = store.read(|state| lookup::change_set_ids(state, caller, stack_name, name))?;
    let (stack_id, change_set_id) = ids;
    let stack = store
        .read(|state| lookup::require_stack(state, caller, &stack_id).map(|stack| stack.clone()))?;
    let change_set = stack.change_sets[&change_set_id].clone();
    if change_set.status == ChangeSetStatus::CreateComplete
        && change_set.execution_status == ExecutionStatus::Available
    {
        Proposal::of_change_set(store, caller, &stack, &change_set)?.check_capabilities(false)?;
    }
    // The status is checked and the change set claimed in one change, so that it is never executed twice.
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, &stack_id)?;
            let change_set = stack.change_sets.get_mut(&change_set_id);
            let change_set = change_set.ok_or_else(|| lookup::missing_change_set(name))?;
            let invalid = |what: &str, status: &str| {
                let message = format!(
                    "ChangeSet [{change_set_id}] cannot be executed in its current {what} of [{status}]"
                );
                AwsError::new(400, "InvalidChangeSetStatus", message)
            };
            if change_set.status != ChangeSetStatus::CreateComplete {
                return Err(invalid("status", change_set.status.text()));
            }
            if change_set.execution_status != ExecutionStatus::Available {
                return Err(invalid("execution status", change_set.execution_status.text()));
            }
            change_set.execution_status = ExecutionStatus::ExecuteInProgress;
            let change_set = change_set.clone();
            operation.on_failure = match (disables_rollback, change_set.on_failure) {
                (Some(true), _) => OnFailure::DoNothing,
                (Some(false), _) | (None, None) => OnFailure::Rollback,
                (None, Some(on_failure)) => on_failure,
            };
            operation.change_set_id = Some(change_set_id.clone());
            operation.imported = change_set.imported.clone();
            let status = match change_set.change_set_type {
                ChangeSetType::Create => StackStatus::CreateInProgress,
                ChangeSetType::Update => StackStatus::UpdateInProgress,
                ChangeSetType::Import => StackStatus::ImportInProgress,
            };
            if change_set.change_set_type == ChangeSetType::Create {
                operation.kind = OperationType::CreateStack;
            }
            let is_review = stack.status == StackStatus::ReviewInProgress;
            if !is_review {
                check_updatable(stack, operation.on_failure == OnFailure::DoNothing)?;
                stack.stable.get_or_insert_with(|| stack.deployment.clone());
            }
            change_set::record_actual_state(stack, &change_set.reverted);
            stack.updated_epoch_s = Some(now);
            stack.deployment = change_set.deployment.clone();
            stack.disable_rollback = operation.on_failure == OnFailure::DoNothing;
            stack.change_set_id = Some(change_set_id.clone());
            delete_others(stack, &change_set_id);
            let mut record = StackRecord { stack, now_epoch_s: now };
            start(&mut record, operation, status);
            Ok(())
        })
        .await?;
    Engine::new(store, caller, &stack_id).run().await;
    Ok(json!({}))
}

/// The ARN of a new stack.
pub fn new_stack_arn(caller: &Caller, name: &str) -> String {
    let (partition, region, account) = (caller.partition(), &caller.region, &caller.account);
    let id = uuid::Uuid::new_v4();
    format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{id}")
}

/// A stack without a template.
pub fn new_stack(identity: &StackIdentity, now_epoch_s: f64) -> Stack {
    Stack {
        id: identity.id.clone(),
        name: identity.name.clone(),
        created_epoch_s: now_epoch_s,
        updated_epoch_s: None,
        deleted_epoch_s: None,
        status: StackStatus::ReviewInProgress,
        status_reason: None,
        deployment: Default::default(),
        stable: None,
        outputs: Vec::new(),
        disable_rollback: false,
        termination_protection: false,
        timeout_min: None,
        change_set_id: None,
        policy: None,
        operation: None,
        drift: Default::default(),
        resources: Default::default(),
        cleanup: Default::default(),
        events: Default::default(),
        change_sets: Default::default(),
        templates: Default::default(),
    }
}

pub fn already_exists(name: &str) -> AwsError {
    AwsError::new(400, "AlreadyExistsException", format!("Stack [{name}] already exists"))
}

/// Rejects an update in a status that does not allow one. After a failure without rollback, only another update
/// without rollback is possible.
pub fn check_updatable(stack: &Stack, disables_rollback: bool) -> Result<(), AwsError> {
    let is_failed = matches!(stack.status, StackStatus::CreateFailed | StackStatus::UpdateFailed);
    if stack.status.is_updatable() || is_failed && disables_rollback {
        return Ok(());
    }
    let (id, status) = (&stack.id, stack.status.text());
    Err(validation_error(format!("Stack:{id} is in {status} state and can not be updated.")))
}

fn begin_update(stack: &mut Stack, proposal: &Proposal, disables_rollback: bool, now: f64) {
    let former = stack.deployment.clone();
    stack.stable.get_or_insert(former);
    stack.updated_epoch_s = Some(now);
    stack.disable_rollback = disables_rollback;
    stack.change_set_id = None;
    proposal.put_into(stack);
}

/// An operation without a change set leaves the change sets, which can no longer be executed.
fn make_obsolete(stack: &mut Stack) {
    for change_set in stack.change_sets.values_mut() {
        if change_set.execution_status == ExecutionStatus::Available {
            change_set.execution_status = ExecutionStatus::Obsolete;
        }
    }
}

/// The execution of a change set deletes all others, except for what only its ARN finds.
fn delete_others(stack: &mut Stack, executed: &str) {
    stack.change_sets.retain(|id, change_set| id == executed || change_set.is_hidden());
}

pub fn require_stack_name<'a>(members: &Members<'a>) -> Result<&'a str, AwsError> {
    let name = members.checked_text("StackName", 2_048, Some(STACK_NAME))?;
    name.map_or_else(|| members.require("StackName"), Ok)
}

/// A new operation with the options that requests have in common.
pub fn operation(
    members: &Members<'_>,
    kind: OperationType,
    on_failure: OnFailure,
) -> Result<StackOperation, AwsError> {
    let token = members.checked_text("ClientRequestToken", 128, Some(TOKEN))?;
    Ok(StackOperation {
        id: ids::request_id(),
        kind,
        token: token.map(str::to_owned),
        on_failure,
        retain_except_on_create: members.flag("RetainExceptOnCreate")?.unwrap_or_default(),
        excluded: Vec::new(),
        imported: BTreeMap::new(),
        change_set_id: None,
        is_cancelled: false,
        rollback_id: None,
    })
}

/// `OnFailure` of CreateStack, or `DisableRollback`, which excludes it.
fn on_failure(members: &Members<'_>) -> Result<Option<OnFailure>, AwsError> {
    let given = members.one_of("OnFailure", &["ROLLBACK", "DELETE", "DO_NOTHING"])?;
    let config = members.structure("DeploymentConfig");
    let express = match &config {
        Some(config) => config.one_of("Mode", &["STANDARD", "EXPRESS"])? == Some("EXPRESS"),
        None => false,
    };
    let disabled = match &config {
        // Express mode rolls back only if the request specifies it.
        Some(config) => Some(config.flag("DisableRollback")?.unwrap_or(express)),
        None => members.flag("DisableRollback")?,
    };
    match (given, disabled) {
        (Some(_), Some(_)) => Err(validation_error(
            "Only one of the OnFailure and DisableRollback parameters can be specified.",
        )),
        (Some("DELETE"), None) => Ok(Some(OnFailure::Delete)),
        (Some("DO_NOTHING"), None) | (None, Some(true)) => Ok(Some(OnFailure::DoNothing)),
        (Some(_), None) | (None, Some(false)) => Ok(Some(OnFailure::Rollback)),
        (None, None) => Ok(None),
    }
}
