//! Deletes resources in the reverse order of their dependencies: those of a stack that is deleted or whose creation is
//! rolled back, and in the cleanup phase those that an update or its rollback left behind.
use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::cloudformation::engine::handler_call;
use crate::cloudformation::engine::order::{self, AfterFailure};
use crate::cloudformation::engine::record::StackRecord;
use crate::cloudformation::engine::run::Engine;
use crate::cloudformation::engine::stack_names::StackNames;
use crate::cloudformation::engine::{completion, outputs};
use crate::cloudformation::evaluation::existing_type;
use crate::lock::lock;
use crate::protocol::response::AwsError;
use crate::state::stacks::{
    CleanupResource, DeletionPolicy, ExecutionStatus, OperationType, ResourceContent,
    ResourceStatus, Stack, StackResource, StackStatus,
};

/// How often the cleanup phase tries to delete a resource.
const CLEANUP_ATTEMPTS: usize = 3;

impl Engine {
    /// Deletes the resources of a stack that is deleted, or whose creation is rolled back.
    pub async fn delete_resources(&self, status: StackStatus) -> Result<(), AwsError> {
        if status == StackStatus::DeleteInProgress
            && let Some(reason) = outputs::export_in_use(self)
        {
            return self
                .record(|record| record.set_status(StackStatus::DeleteFailed, Some(reason)))
                .await;
        }
        let Some(stack) = self.read(Stack::clone) else { return Ok(()) };
        let items = stack.resources.iter().map(|(id, resource)| (id, &resource.content.depends_on));
        let graph = order::reversed(&order::graph_of(items));
        let failed = Mutex::new(BTreeSet::new());
        let (stack, failed_ids) = (&stack, &failed);
        order::run(&graph, self.store.stack_seed(), AfterFailure::Continue, |id| async move {
            let resource = &stack.resources[&id];
            let deleted = self.delete_resource(stack, &id, resource).await.unwrap_or(false);
            if !deleted {
                lock(failed_ids).insert(id);
            }
            deleted
        })
        .await;
        let failed: Vec<String> = lock(&failed).iter().cloned().collect();
        self.record(|record| end_deletion(record, status, &failed)).await
    }

    /// Deletes a resource of the stack, unless it is retained. Returns whether the stack is rid of it.
    async fn delete_resource(
        &self,
        stack: &Stack,
        id: &str,
        resource: &StackResource,
    ) -> Result<bool, AwsError> {
        let is_done = matches!(
            resource.status,
            ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped
        );
        // A creation that was interrupted may have created the resource.
        let physical_id = match &resource.planned_id {
            Some(planned) if resource.physical_id.is_empty() => planned,
            _ => &resource.physical_id,
        };
        if is_done || physical_id.is_empty() {
            return Ok(true);
        }
        if is_retained(stack, id, resource) {
            let skipped = ResourceStatus::DeleteSkipped;
            self.record(|record| record.set_resource_status(id, skipped, None)).await?;
            return Ok(true);
        }
        let in_progress = ResourceStatus::DeleteInProgress;
        self.record(|record| record.set_resource_status(id, in_progress, None)).await?;
        self.store.pause_stack_step().await;
        let names = StackNames::of(stack);
        let (name, content) = (&resource.resource_type, &resource.content);
        let (status, reason) = match self.delete(&names, id, name, physical_id, content).await {
            Ok(()) => (ResourceStatus::DeleteComplete, None),
            Err(reason) => (ResourceStatus::DeleteFailed, Some(reason)),
        };
        self.record(|record| record.set_resource_status(id, status, reason)).await?;
        Ok(status == ResourceStatus::DeleteComplete)
    }

    async fn delete(
        &self,
        names: &StackNames,
        logical_id: &str,
        type_name: &str,
        physical_id: &str,
        content: &ResourceContent,
    ) -> Result<(), String> {
        let resource_type = existing_type(type_name)?;
        let request = names.request_for(self, logical_id, &content.properties);
        let deleted = handler_call::delete(&resource_type, &request, physical_id).await;
        deleted.map_err(|failure| failure.reason)
    }

    /// Deletes what an update or its rollback left behind. It cannot fail: what cannot be deleted leaves the stack.
    pub async fn clean_up(&self, status: StackStatus) -> Result<(), AwsError> {
        let Some(stack) = self.read(Stack::clone) else { return Ok(()) };
        // Entries are named for their order; a dependency is the logical id of another entry.
        let key_of = |id: &String| {
            let mut entries = stack.cleanup.iter();
            entries.find(|(_, entry)| entry.logical_id == *id).map(|(key, _)| key.to_owned())
        };
        let dependencies: Vec<(String, Vec<String>)> = stack
            .cleanup
            .iter()
            .map(|(key, entry)| {
                (key.to_owned(), entry.content.depends_on.iter().filter_map(key_of).collect())
            })
            .collect();
        let items = dependencies.iter().map(|(key, dependencies)| (key.as_str(), dependencies));
        let graph = order::reversed(&order::graph_of(items));
        let left = Mutex::new(false);
        let (stack, left_behind) = (&stack, &left);
        order::run(&graph, self.store.stack_seed(), AfterFailure::Continue, |key| async move {
            let entry = &stack.cleanup[&key];
            let deleted = self.clean_up_resource(stack, &key, entry).await.unwrap_or(false);
            if !deleted {
                *lock(left_behind) = true;
            }
            // What depends on it was deleted before; nothing waits for a success.
            true
        })
        .await;
        let is_left_behind = *lock(&left);
        self.record(|record| {
            record.stack.cleanup.clear();
            match status {
                StackStatus::UpdateCompleteCleanupInProgress => {
                    let reason = "Update successful. One or more resources could not be deleted.";
                    let reason = is_left_behind.then(|| reason.to_owned());
                    let executed = ExecutionStatus::ExecuteComplete;
                    completion::finish(record, StackStatus::UpdateComplete, reason, executed);
                }
                _ => {
                    let executed = ExecutionStatus::ExecuteFailed;
                    completion::finish(record, StackStatus::UpdateRollbackComplete, None, executed);
                }
            }
        })
        .await
    }

    async fn clean_up_resource(
        &self,
        stack: &Stack,
        key: &str,
        entry: &CleanupResource,
    ) -> Result<bool, AwsError> {
        let CleanupResource { logical_id, resource_type, physical_id, content, is_retained } =
            entry;
        let push = |record: &mut StackRecord<'_>, status, reason| {
            record.push_resource_event(
                logical_id,
                resource_type,
                physical_id,
                status,
                reason,
                None,
            );
        };
        if *is_retained {
            self.record(|record| {
                push(record, ResourceStatus::DeleteSkipped, None);
                record.stack.cleanup.remove(key);
            })
            .await?;
            return Ok(true);
        }
        let names = StackNames::of(stack);
        for attempt in 1..=CLEANUP_ATTEMPTS {
            self.record(|record| push(record, ResourceStatus::DeleteInProgress, None)).await?;
            self.store.pause_stack_step().await;
            let deleted =
                self.delete(&names, logical_id, resource_type, physical_id, content).await;
            let is_last = attempt == CLEANUP_ATTEMPTS;
            let is_deleted = deleted.is_ok();
            self.record(|record| {
                match deleted {
                    Ok(()) => push(record, ResourceStatus::DeleteComplete, None),
                    Err(reason) => push(record, ResourceStatus::DeleteFailed, Some(reason)),
                }
                if is_deleted || is_last {
                    record.stack.cleanup.remove(key);
                }
            })
            .await?;
            if is_deleted {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a resource remains when the stack goes.
fn is_retained(stack: &Stack, id: &str, resource: &StackResource) -> bool {
    let Some(operation) = &stack.operation else { return false };
    let is_rollback = stack.status == StackStatus::RollbackInProgress;
    match resource.content.deletion_policy {
        _ if operation.kind == OperationType::DeleteStack
            && operation.excluded.iter().any(|excluded| excluded == id) =>
        {
            true
        }
        DeletionPolicy::Delete | DeletionPolicy::Snapshot => false,
        DeletionPolicy::Retain => !(is_rollback && operation.retain_except_on_create),
        DeletionPolicy::RetainExceptOnCreate => !is_rollback,
    }
}

fn end_deletion(record: &mut StackRecord<'_>, status: StackStatus, failed: &[String]) {
    let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
    let reason = (!failed.is_empty()).then_some(reason);
    let is_failed = !failed.is_empty();
    match (status, is_failed) {
        (StackStatus::RollbackInProgress, false) => {
            completion::finish(
                record,
                StackStatus::RollbackComplete,
                None,
                ExecutionStatus::ExecuteFailed,
            );
        }
        (StackStatus::RollbackInProgress, true) => {
            completion::end(
                record,
                StackStatus::RollbackFailed,
                reason,
                ExecutionStatus::ExecuteFailed,
            );
        }
        (_, true) => record.set_status(StackStatus::DeleteFailed, reason),
        (_, false) => {
            record.set_status(StackStatus::DeleteComplete, None);
            record.stack.deleted_epoch_s = Some(record.now_epoch_s);
            record.stack.outputs.clear();
        }
    }
}
