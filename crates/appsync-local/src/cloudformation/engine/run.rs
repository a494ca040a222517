//! Runs the phases of an operation one after the other, until the stack's status is final.
use std::sync::Arc;

use crate::cloudformation::engine::record::StackRecord;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::{Stack, StackEvent, StackStatus};
use crate::store::Store;

/// Carries out the operation of one stack.
#[derive(Clone)]
pub struct Engine {
    pub store: Arc<Store>,
    pub caller: Arc<Caller>,
    pub stack_id: Arc<str>,
}

impl Engine {
    pub fn new(store: &Arc<Store>, caller: &Caller, stack_id: &str) -> Self {
        Self {
            store: Arc::clone(store),
            caller: Arc::new(caller.clone()),
            stack_id: Arc::from(stack_id),
        }
    }

    /// Runs the operation in progress to its end. With stack time, it goes on in the background.
    pub async fn run(self) {
        let is_awaited = self.store.stack_settings().time.is_none();
        let task = tokio::spawn(async move {
            if let Err(error) = self.drive().await {
                let stack = &self.stack_id;
                tracing::error!(stack = &**stack, error = error.message, "an operation stopped");
            }
            if let Some(line) = self.read(summary) {
                // It fails if no one watches.
                let _ = self.store.stack_lines.send(line);
            }
        });
        if is_awaited {
            // A panic of the task is a defect, which the runtime reports.
            let _ = task.await;
        }
    }

    async fn drive(&self) -> Result<(), AwsError> {
        loop {
            let Some(status) = self.read(|stack| stack.status) else { return Ok(()) };
            match status {
                StackStatus::CreateInProgress
                | StackStatus::UpdateInProgress
                | StackStatus::ImportInProgress => self.deploy().await?,
                StackStatus::RollbackInProgress | StackStatus::DeleteInProgress => {
                    self.delete_resources(status).await?;
                }
                StackStatus::UpdateRollbackInProgress | StackStatus::ImportRollbackInProgress => {
                    self.roll_back(status).await?;
                }
                StackStatus::UpdateCompleteCleanupInProgress
                | StackStatus::UpdateRollbackCompleteCleanupInProgress => {
                    self.clean_up(status).await?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Passes the stack to `read`, if it exists.
    pub fn read<T>(&self, read: impl FnOnce(&Stack) -> T) -> Option<T> {
        self.store.read(|state| state.region(&self.caller).stacks.get(&self.stack_id).map(read))
    }

    /// Changes the stack and persists it.
    pub async fn record<T>(
        &self,
        change: impl FnOnce(&mut StackRecord<'_>) -> T,
    ) -> Result<T, AwsError> {
        let now_epoch_s = self.store.now_epoch_s();
        self.store
            .change(|state| {
                let stack = state.region(&self.caller).stacks.get_mut(&self.stack_id);
                let stack = stack.ok_or_else(|| AwsError::not_found("the stack is gone"))?;
                Ok(change(&mut StackRecord { stack, now_epoch_s }))
            })
            .await
    }
}

/// How an operation ended, for people: the status of the stack, and the first failure.
fn summary(stack: &Stack) -> String {
    let (name, status) = (&stack.name, stack.status.text());
    let operation = stack.operation.as_ref().map(|operation| &operation.id);
    let is_failure = |event: &&StackEvent| {
        event.logical_id.is_some()
            && event.status.ends_with("_FAILED")
            && (event.operation.as_ref() == operation)
    };
    match stack.events.values().find(is_failure) {
        Some(StackEvent { logical_id: Some(id), status: failed, reason, .. }) => {
            let reason = reason.as_deref().unwrap_or_default();
            format!("stack {name}: {status}; {id} {failed}: {reason}\n")
        }
        _ => format!("stack {name}: {status}\n"),
    }
}

/// Goes on with the operations that a kill interrupted.
pub async fn resume(store: &Arc<Store>) {
    let interrupted: Vec<(Caller, String)> = store.read(|state| {
        let mut interrupted = Vec::new();
        for (account, contents) in state.accounts.iter() {
            for (region, contents) in contents.regions.iter() {
                let stacks = contents.stacks.values();
                for stack in stacks.filter(|stack| stack.status.is_in_progress()) {
                    interrupted.push((Caller::of_stack(account, region), stack.id.clone()));
                }
            }
        }
        interrupted
    });
    for (caller, stack_id) in interrupted {
        Engine::new(store, &caller, &stack_id).run().await;
    }
}
