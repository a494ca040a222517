//! The phase that brings a stack to its template: creates, updates, replaces and imports its resources in the order
//! of their dependencies, then evaluates its outputs.
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cloudformation::engine::deployment::{Deployment, Failures, is_cancelled};
use crate::cloudformation::engine::order::{self, AfterFailure, Graph};
use crate::cloudformation::engine::record::begin_rollback;
use crate::cloudformation::engine::resource::ResourceStep;
use crate::cloudformation::engine::run::Engine;
use crate::cloudformation::engine::{completion, leftovers, outputs};
use crate::cloudformation::evaluation::{Inputs, StackIdentity};
use crate::cloudformation::policy;
use crate::cloudformation::template::TemplateError;
use crate::lock::lock;
use crate::protocol::response::AwsError;
use crate::state::stacks::{
    ExecutionStatus, OnFailure, ResourceStatus, Stack, StackOperation, StackOutput, StackResource,
    StackStatus,
};

impl Engine {
    pub async fn deploy(&self) -> Result<(), AwsError> {
        let Some(stack) = self.read(Stack::clone) else { return Ok(()) };
        let Some(operation) = stack.operation.clone() else { return Ok(()) };
        let inputs = match self.inputs(&stack) {
            Ok(inputs) => inputs,
            Err(error) => return self.fail(&operation, format!("{error} ")).await,
        };
        let evaluation = match inputs.evaluate() {
            Ok(evaluation) => evaluation,
            Err(error) => return self.fail(&operation, format!("{error} ")).await,
        };
        let graph = evaluation.graph();
        let former = stack.stable.as_ref().unwrap_or(&stack.deployment);
        let former_tags = former.tags.clone();
        let deployment = Deployment {
            engine: self,
            evaluation: &evaluation,
            tags_changed: former_tags != stack.deployment.tags,
            former_tags,
            is_cancelled: AtomicBool::new(operation.is_cancelled),
            failures: Mutex::default(),
            operation: operation.clone(),
        };
        let after = match operation.on_failure {
            OnFailure::DoNothing => AfterFailure::Continue,
            OnFailure::Rollback | OnFailure::Delete => AfterFailure::Stop,
        };
        let seed = self.store.stack_seed();
        let deployment = &deployment;
        order::run(&graph, seed, after, |logical_id| async move {
            let step = ResourceStep { deployment, logical_id: &logical_id };
            let succeeded = step.run().await.unwrap_or(false);
            if !succeeded && after == AfterFailure::Stop {
                deployment.is_cancelled.store(true, Ordering::SeqCst);
            }
            succeeded && !deployment.is_cancelled()
        })
        .await;
        let failures = lock(&deployment.failures).clone();
        if !failures.is_empty() {
            return self.fail(&operation, failures.reason()).await;
        }
        if self.read(is_cancelled).unwrap_or_default() {
            return self.fail(&operation, String::new()).await;
        }
        if let Some(reason) = self.deny_removals(&graph).await? {
            return self.fail(&operation, reason).await;
        }
        match outputs::evaluate(self, &evaluation) {
            Ok(outputs) => {
                let active = graph.into_keys().collect();
                self.complete(outputs, inputs.imported(), active).await
            }
            Err(reason) => self.fail(&operation, format!("{reason}. ")).await,
        }
    }

    /// Ends the phase: the stack is as its template says, except for what the cleanup deletes.
    async fn complete(
        &self,
        outputs: Vec<StackOutput>,
        imports: BTreeSet<String>,
        active: BTreeSet<String>,
    ) -> Result<(), AwsError> {
        self.record(|record| {
            record.stack.outputs = outputs;
            record.stack.deployment.imports = imports;
            match record.stack.status {
                StackStatus::UpdateInProgress => {
                    leftovers::collect_cleanup(record, &active);
                    record.set_status(StackStatus::UpdateCompleteCleanupInProgress, None);
                }
                StackStatus::ImportInProgress => {
                    completion::finish(
                        record,
                        StackStatus::ImportComplete,
                        None,
                        ExecutionStatus::ExecuteComplete,
                    );
                }
                _ => {
                    completion::finish(
                        record,
                        StackStatus::CreateComplete,
                        None,
                        ExecutionStatus::ExecuteComplete,
                    );
                }
            }
        })
        .await
    }

    /// Fails the removal of resources that the stack policy denies. Returns the reason of the stack.
    async fn deny_removals(&self, graph: &Graph) -> Result<Option<String>, AwsError> {
        let denials = self.read(|stack| {
            let removed = stack.resources.iter().filter(|(id, _)| !graph.contains_key(*id));
            let denial = |(id, resource): (&str, &StackResource)| {
                let policy = stack.policy.as_deref();
                let reason = policy::denial_of_deletion(policy, id, &resource.resource_type)?;
                Some((id.to_owned(), reason))
            };
            removed.filter_map(denial).collect::<Vec<_>>()
        });
        let denials = denials.unwrap_or_default();
        if denials.is_empty() {
            return Ok(None);
        }
        let failures = Failures {
            updated: denials.iter().map(|(id, _)| id.clone()).collect(),
            ..Failures::default()
        };
        self.record(|record| {
            for (id, reason) in denials {
                record.set_resource_status(&id, ResourceStatus::UpdateFailed, Some(reason));
            }
        })
        .await?;
        Ok(Some(failures.reason()))
    }

    /// What the deployment of a stack is evaluated with.
    fn inputs(&self, stack: &Stack) -> Result<Inputs, TemplateError> {
        let identity = StackIdentity { id: stack.id.clone(), name: stack.name.clone() };
        let text = self.read(|stack| stack.template_text(&stack.deployment).to_owned());
        let (store, caller) = (&self.store, &self.caller);
        let text = text.unwrap_or_default();
        Inputs::of_deployment(store, caller, &identity, &text, &stack.deployment)
    }

    /// Ends the phase with a failure, after which the operation's options decide.
    async fn fail(&self, operation: &StackOperation, reason: String) -> Result<(), AwsError> {
        self.record(|record| {
            let requested = |verb: &str| Some(format!("{reason}{verb} requested by user."));
            match (record.stack.status, operation.on_failure) {
                (StackStatus::ImportInProgress, _) => {
                    begin_rollback(record, StackStatus::ImportRollbackInProgress, Some(reason));
                }
                (StackStatus::CreateInProgress, OnFailure::Rollback) => {
                    begin_rollback(record, StackStatus::RollbackInProgress, requested("Rollback"));
                }
                (StackStatus::CreateInProgress, OnFailure::Delete) => {
                    begin_rollback(record, StackStatus::DeleteInProgress, requested("Delete"));
                }
                (StackStatus::CreateInProgress, OnFailure::DoNothing) => {
                    let failed = ExecutionStatus::ExecuteFailed;
                    completion::end(record, StackStatus::CreateFailed, Some(reason), failed);
                }
                (_, OnFailure::DoNothing) => {
                    let failed = ExecutionStatus::ExecuteFailed;
                    completion::end(record, StackStatus::UpdateFailed, Some(reason), failed);
                }
                _ => {
                    let reason = (!reason.is_empty()).then_some(reason);
                    begin_rollback(record, StackStatus::UpdateRollbackInProgress, reason);
                }
            }
        })
        .await
    }
}
