//! The phase that restores what a stack was before an update: updated resources get their former properties,
//! replaced ones their former identity, and what the update created is left for the cleanup.
use std::sync::Mutex;

use crate::cloudformation::engine::handler_call;
use crate::cloudformation::engine::order::{self, AfterFailure};
use crate::cloudformation::engine::run::Engine;
use crate::cloudformation::engine::stack_names::StackNames;
use crate::cloudformation::engine::{completion, leftovers};
use crate::cloudformation::evaluation::existing_type;
use crate::cloudformation::resource_types::ExistingResource;
use crate::lock::lock;
use crate::protocol::response::AwsError;
use crate::state::stacks::{
    ExecutionStatus, OperationType, ResourceStatus, StableResource, Stack, StackResource,
    StackStatus,
};

impl Engine {
    pub async fn roll_back(&self, status: StackStatus) -> Result<(), AwsError> {
        let Some(stack) = self.read(Stack::clone) else { return Ok(()) };
        let skipped = match &stack.operation {
            Some(operation) if operation.kind == OperationType::ContinueRollback => {
                operation.excluded.clone()
            }
            _ => Vec::new(),
        };
        let depends_on = |resource: &StackResource| match &resource.stable {
            Some(stable) => stable.content.depends_on.clone(),
            None => resource.content.depends_on.clone(),
        };
        let dependencies: Vec<(String, Vec<String>)> = stack
            .resources
            .iter()
            .filter(|(_, resource)| resource.stable.is_some())
            .map(|(id, resource)| (id.to_owned(), depends_on(resource)))
            .collect();
        let graph = order::graph_of(dependencies.iter().map(|(id, names)| (id.as_str(), names)));
        let failed = Mutex::new(Vec::new());
        let (stack, failed_ids, skipped) = (&stack, &failed, &skipped);
        order::run(&graph, self.store.stack_seed(), AfterFailure::Continue, |id| async move {
            let resource = &stack.resources[&id];
            let is_skipped = skipped.contains(&id);
            let restored = self.restore(stack, &id, resource, is_skipped).await.unwrap_or(false);
            if !restored {
                lock(failed_ids).push(id);
            }
            restored
        })
        .await;
        let failed = lock(&failed).clone();
        self.end_rollback(status, &failed).await
    }

    /// Restores a resource. Returns whether it is what it was.
    async fn restore(
        &self,
        stack: &Stack,
        id: &str,
        resource: &StackResource,
        is_skipped: bool,
    ) -> Result<bool, AwsError> {
        let Some(stable) = &resource.stable else { return Ok(true) };
        let StableResource { physical_id, content } = &**stable;
        let is_replaced = *physical_id != resource.physical_id || resource.planned_id.is_some();
        let is_same = resource.content.properties == content.properties;
        if is_same && !is_replaced {
            self.set_restored(id, stable, false).await?;
            return Ok(true);
        }
        if is_skipped {
            self.set_restored(id, stable, true).await?;
            return Ok(true);
        }
        if is_replaced {
            self.record(|record| {
                leftovers::collect_created(record, id, false);
                if let Some(resource) = record.stack.resources.get_mut(id) {
                    (resource.physical_id, resource.content, resource.planned_id) =
                        (physical_id.clone(), content.clone(), None);
                }
                record.set_resource_status(id, ResourceStatus::UpdateInProgress, None);
                record.set_resource_status(id, ResourceStatus::UpdateComplete, None);
            })
            .await?;
            self.set_restored(id, stable, false).await?;
            return Ok(true);
        }
        let in_progress = ResourceStatus::UpdateInProgress;
        self.record(|record| record.set_resource_status(id, in_progress, None)).await?;
        self.store.pause_stack_step().await;
        let names = StackNames::of_stable(stack);
        let request = names.request_for(self, id, &content.properties);
        let existing = ExistingResource {
            physical_id,
            properties: &resource.content.properties,
            stack_tags: &stack.deployment.tags,
            attributes: &resource.content.attributes,
        };
        let updated = match existing_type(&resource.resource_type) {
            Ok(resource_type) => {
                let updated = handler_call::update(&resource_type, &request, &existing).await;
                updated.map_err(|failure| failure.reason)
            }
            Err(reason) => Err(reason),
        };
        match updated {
            Ok(_) => {
                self.set_restored(id, stable, true).await?;
                Ok(true)
            }
            Err(reason) => {
                let failed = ResourceStatus::UpdateFailed;
                let reason = Some(reason);
                self.record(|record| record.set_resource_status(id, failed, reason)).await?;
                Ok(false)
            }
        }
    }

    /// Records that a resource is what it was.
    async fn set_restored(
        &self,
        id: &str,
        stable: &StableResource,
        has_event: bool,
    ) -> Result<(), AwsError> {
        self.record(|record| {
            if let Some(resource) = record.stack.resources.get_mut(id) {
                (resource.physical_id, resource.content) =
                    (stable.physical_id.clone(), stable.content.clone());
                resource.stable = None;
            }
            if has_event {
                record.set_resource_status(id, ResourceStatus::UpdateComplete, None);
            }
        })
        .await
    }

    async fn end_rollback(&self, status: StackStatus, failed: &[String]) -> Result<(), AwsError> {
        self.record(|record| {
            if !failed.is_empty() {
                let list = failed.join(", ");
                let reason = format!("The following resource(s) failed to update: [{list}]. ");
                let executed = ExecutionStatus::ExecuteFailed;
                let next = StackStatus::UpdateRollbackFailed;
                return completion::end(record, next, Some(reason), executed);
            }
            let retains_created = status == StackStatus::ImportRollbackInProgress;
            let created: Vec<String> = record
                .stack
                .resources
                .iter()
                .filter(|(_, resource)| resource.is_new)
                .map(|(id, _)| id.to_owned())
                .collect();
            for id in created {
                if !retains_created {
                    leftovers::collect_created(record, &id, false);
                }
                record.stack.resources.remove(&id);
            }
            if let Some(stable) = record.stack.stable.take() {
                record.stack.deployment = stable;
            }
            match status {
                StackStatus::ImportRollbackInProgress => {
                    let executed = ExecutionStatus::ExecuteFailed;
                    completion::finish(record, StackStatus::ImportRollbackComplete, None, executed);
                }
                _ => {
                    let next = StackStatus::UpdateRollbackCompleteCleanupInProgress;
                    record.set_status(next, None);
                }
            }
        })
        .await
    }
}
