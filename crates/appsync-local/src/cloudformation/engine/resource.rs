//! One step of a deployment: a resource is created, updated, replaced, imported or left as it is. What will be called
//! is recorded before the call, and what it did after it.
use serde_json::Value;

use crate::cloudformation::decision::{Decision, decide};
use crate::cloudformation::engine::deployment::Deployment;
use crate::cloudformation::engine::handler_call;
use crate::cloudformation::engine::leftovers;
use crate::cloudformation::engine::record::StackRecord;
use crate::cloudformation::engine::resource_entry::{empty_resource, new_resource, set_stable};
use crate::cloudformation::engine::stack_names::StackNames;
use crate::cloudformation::evaluation::DeployedResources;
use crate::cloudformation::policy;
use crate::cloudformation::resource_types::{ExistingResource, ResourceState, ResourceType};
use crate::protocol::response::AwsError;
use crate::state::stacks::{ResourceContent, ResourceStatus, StackResource};

/// The step of one resource.
pub struct ResourceStep<'a> {
    pub deployment: &'a Deployment<'a>,
    pub logical_id: &'a str,
}

/// AWS's texts.
const INITIATED: &str = "Resource creation Initiated";
const REPLACES: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";
const CREATION_CANCELLED: &str = "Resource creation cancelled";
const UPDATE_CANCELLED: &str = "Resource update cancelled";

impl ResourceStep<'_> {
    /// Returns whether the resource is as its template says.
    pub async fn run(&self) -> Result<bool, AwsError> {
        let Self { deployment, logical_id } = self;
        let engine = deployment.engine;
        let known = engine.read(|stack| stack.resources.get(logical_id).cloned()).flatten();
        if known.as_ref().is_some_and(|resource| self.is_done(resource)) {
            return Ok(true);
        }
        if deployment.is_cancelled() {
            return Ok(false);
        }
        let dependencies = deployment.evaluation.dependencies_of(logical_id);
        let values = engine.read(|stack| DeployedResources::some(stack, &dependencies));
        let values = values.unwrap_or_default();
        let evaluated = deployment.evaluation.resource(logical_id, &values);
        let (resource_type, content) = match evaluated {
            Ok(evaluated) => evaluated,
            Err(reason) => {
                let status = match &known {
                    Some(resource) if !resource.physical_id.is_empty() => {
                        ResourceStatus::UpdateFailed
                    }
                    _ => ResourceStatus::CreateFailed,
                };
                self.add_if_missing(known.as_ref()).await?;
                return self.fail(status, reason).await;
            }
        };
        if let Some(identifier) = deployment.operation.imported.get(*logical_id) {
            return self.import(&resource_type, content, identifier).await;
        }
        match known {
            Some(resource) if !resource.physical_id.is_empty() => {
                self.change(&resource_type, &resource, content).await
            }
            interrupted => self.create(&resource_type, interrupted.as_ref(), content).await,
        }
    }

    /// Whether this operation has changed the resource already, before it was interrupted.
    fn is_done(&self, resource: &StackResource) -> bool {
        let complete = matches!(
            resource.status,
            ResourceStatus::CreateComplete
                | ResourceStatus::UpdateComplete
                | ResourceStatus::ImportComplete
        );
        complete && resource.operation == self.deployment.operation.id
    }

    async fn create(
        &self,
        resource_type: &ResourceType,
        interrupted: Option<&StackResource>,
        content: ResourceContent,
    ) -> Result<bool, AwsError> {
        let (engine, operation) = (self.deployment.engine, &self.deployment.operation);
        // What a killed emulator began has an identity already, and may exist.
        let resumed = interrupted
            .filter(|resource| resource.operation == operation.id)
            .and_then(|resource| resource.planned_id.clone());
        let is_resumed = resumed.is_some();
        let names = self.names();
        let planned = resumed.unwrap_or_else(|| {
            resource_type.plan_identity(&names.request_for(
                self.deployment.engine,
                self.logical_id,
                &content.properties,
            ))
        });
        if !is_resumed {
            let (id, planned) = (self.logical_id, planned.clone());
            let content = content.clone();
            engine
                .record(|record| {
                    let resource =
                        new_resource(resource_type, content, &operation.id, record.now_epoch_s);
                    let resource = StackResource { planned_id: Some(planned), ..resource };
                    record.stack.resources.insert(id.to_owned(), resource);
                    record.set_resource_status(id, ResourceStatus::CreateInProgress, None);
                })
                .await?;
        }
        engine.store.pause_stack_step().await;
        let request =
            names.request_for(self.deployment.engine, self.logical_id, &content.properties);
        match handler_call::create(resource_type, &request, &planned, is_resumed).await {
            Ok(created) => {
                let is_cancelled = self.deployment.is_cancelled();
                engine
                    .record(|record| {
                        self.set_created(record, created);
                        let initiated = Some(INITIATED.to_owned());
                        let id = self.logical_id;
                        record.set_resource_status(id, ResourceStatus::CreateInProgress, initiated);
                        if !is_cancelled {
                            record.set_resource_status(id, ResourceStatus::CreateComplete, None);
                        }
                    })
                    .await?;
                match is_cancelled {
                    true => {
                        let reason = CREATION_CANCELLED.to_owned();
                        self.fail(ResourceStatus::CreateFailed, reason).await
                    }
                    false => Ok(true),
                }
            }
            Err(error) => {
                self.note_leftover(error.is_created).await?;
                self.fail(ResourceStatus::CreateFailed, error.reason).await
            }
        }
    }

    /// Records whether a failed creation left a resource, which a rollback must delete.
    async fn note_leftover(&self, is_created: bool) -> Result<(), AwsError> {
        let id = self.logical_id;
        self.deployment
            .engine
            .record(|record| {
                if let Some(resource) = record.stack.resources.get_mut(id)
                    && !is_created
                {
                    resource.planned_id = None;
                }
            })
            .await
    }

    /// Records what a creation returned.
    pub fn set_created(&self, record: &mut StackRecord<'_>, created: ResourceState) {
        let Some(resource) = record.stack.resources.get_mut(self.logical_id) else { return };
        resource.physical_id = created.physical_id;
        resource.planned_id = None;
        resource.content.reference = created.reference;
        resource.content.attributes = created.attributes;
    }

    async fn change(
        &self,
        resource_type: &ResourceType,
        resource: &StackResource,
        content: ResourceContent,
    ) -> Result<bool, AwsError> {
        let tags_changed = self.deployment.tags_changed;
        // After a kill, the resource may have the new properties already: what it had before decides.
        let before = match &resource.stable {
            Some(stable) if resource.operation == self.deployment.operation.id => &stable.content,
            _ => &resource.content,
        };
        let decision = decide(resource_type, &before.properties, &content.properties, tags_changed);
        if !matches!(decision, Decision::Unchanged) {
            let denied = self.deployment.engine.read(|stack| {
                policy::denial(
                    stack.policy.as_deref(),
                    self.logical_id,
                    resource_type.name(),
                    &decision,
                )
            });
            if let Some(reason) = denied.flatten() {
                return self.fail(ResourceStatus::UpdateFailed, reason).await;
            }
        }
        match decision {
            Decision::Unchanged => self.keep(content).await,
            Decision::Update => self.update(resource_type, resource, content).await,
            Decision::Replace => self.replace(resource_type, resource, content).await,
        }
    }

    /// Keeps a resource, whose policies, metadata and dependencies may differ.
    async fn keep(&self, content: ResourceContent) -> Result<bool, AwsError> {
        let engine = self.deployment.engine;
        engine
            .record(|record| {
                let Some(resource) = record.stack.resources.get_mut(self.logical_id) else {
                    return;
                };
                let kept = ResourceContent {
                    reference: resource.content.reference.clone(),
                    attributes: resource.content.attributes.clone(),
                    ..content
                };
                if kept != resource.content {
                    set_stable(resource);
                    resource.content = kept;
                }
            })
            .await?;
        Ok(true)
    }

    async fn update(
        &self,
        resource_type: &ResourceType,
        resource: &StackResource,
        content: ResourceContent,
    ) -> Result<bool, AwsError> {
        let (engine, operation) = (self.deployment.engine, &self.deployment.operation);
        let id = self.logical_id;
        let old = resource.stable.as_ref().map_or(&resource.content, |stable| &stable.content);
        let new_content = ResourceContent {
            reference: resource.content.reference.clone(),
            attributes: resource.content.attributes.clone(),
            ..content
        };
        let properties = new_content.properties.clone();
        engine
            .record(|record| {
                let Some(resource) = record.stack.resources.get_mut(id) else { return };
                set_stable(resource);
                resource.operation = operation.id.clone();
                resource.content = new_content;
                record.set_resource_status(id, ResourceStatus::UpdateInProgress, None);
            })
            .await?;
        engine.store.pause_stack_step().await;
        let names = self.names();
        let request = names.request_for(self.deployment.engine, self.logical_id, &properties);
        let existing = ExistingResource {
            physical_id: &resource.physical_id,
            properties: &old.properties,
            stack_tags: &self.deployment.former_tags,
            attributes: &resource.content.attributes,
        };
        match handler_call::update(resource_type, &request, &existing).await {
            Ok(updated) if !self.deployment.is_cancelled() => {
                engine
                    .record(|record| {
                        self.set_created(record, updated);
                        record.set_resource_status(id, ResourceStatus::UpdateComplete, None);
                    })
                    .await?;
                Ok(true)
            }
            Ok(_) => self.fail(ResourceStatus::UpdateFailed, UPDATE_CANCELLED.to_owned()).await,
            Err(failure) => self.fail(ResourceStatus::UpdateFailed, failure.reason).await,
        }
    }

    /// Creates a new physical resource. The cleanup deletes the old one.
    async fn replace(
        &self,
        resource_type: &ResourceType,
        resource: &StackResource,
        content: ResourceContent,
    ) -> Result<bool, AwsError> {
        let (engine, operation) = (self.deployment.engine, &self.deployment.operation);
        let id = self.logical_id;
        let names = self.names();
        let old_name =
            resource.stable.as_ref().map_or(&resource.physical_id, |stable| &stable.physical_id);
        if let Some(name) = resource_type.custom_name(&content.properties)
            && (*old_name == name || resource.content.reference == Value::String(name.clone()))
        {
            let reason = format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and update the stack again."
            );
            return self.fail(ResourceStatus::UpdateFailed, reason).await;
        }
        let is_resumed = resource.operation == operation.id && resource.planned_id.is_some();
        let planned = match resource.planned_id.clone().filter(|_| is_resumed) {
            Some(planned) => planned,
            None => resource_type.plan_identity(&names.request_for(
                self.deployment.engine,
                self.logical_id,
                &content.properties,
            )),
        };
        let properties = content.properties.clone();
        engine
            .record(|record| {
                leftovers::collect_intermediate(record, id);
                let Some(resource) = record.stack.resources.get_mut(id) else { return };
                set_stable(resource);
                resource.operation = operation.id.clone();
                resource.planned_id = Some(planned.clone());
                resource.content = content;
                let reason = Some(REPLACES.to_owned());
                record.set_resource_status(id, ResourceStatus::UpdateInProgress, reason);
            })
            .await?;
        engine.store.pause_stack_step().await;
        let request = names.request_for(self.deployment.engine, self.logical_id, &properties);
        match handler_call::create(resource_type, &request, &planned, is_resumed).await {
            Ok(created) => {
                let is_cancelled = self.deployment.is_cancelled();
                engine
                    .record(|record| {
                        self.set_created(record, created);
                        let initiated = Some(INITIATED.to_owned());
                        record.set_resource_status(id, ResourceStatus::UpdateInProgress, initiated);
                        if !is_cancelled {
                            record.set_resource_status(id, ResourceStatus::UpdateComplete, None);
                        }
                    })
                    .await?;
                match is_cancelled {
                    true => {
                        self.fail(ResourceStatus::UpdateFailed, UPDATE_CANCELLED.to_owned()).await
                    }
                    false => Ok(true),
                }
            }
            Err(error) => {
                self.note_leftover(error.is_created).await?;
                self.fail(ResourceStatus::UpdateFailed, error.reason).await
            }
        }
    }

    /// A resource whose properties cannot be evaluated is in the stack nevertheless.
    async fn add_if_missing(&self, known: Option<&StackResource>) -> Result<(), AwsError> {
        if known.is_some() {
            return Ok(());
        }
        let Some(resource_type) = self.deployment.evaluation.type_name(self.logical_id) else {
            return Ok(());
        };
        let operation = &self.deployment.operation.id;
        self.deployment
            .engine
            .record(|record| {
                let resource = StackResource {
                    resource_type: resource_type.to_owned(),
                    ..empty_resource(operation, record.now_epoch_s)
                };
                record.stack.resources.insert(self.logical_id.to_owned(), resource);
            })
            .await
    }

    pub async fn fail(&self, status: ResourceStatus, reason: String) -> Result<bool, AwsError> {
        let operation = &self.deployment.operation.id;
        self.deployment
            .engine
            .record(|record| {
                if let Some(resource) = record.stack.resources.get_mut(self.logical_id) {
                    resource.operation = operation.clone();
                }
                record.set_resource_status(self.logical_id, status, Some(reason));
            })
            .await?;
        self.deployment.note_failure(self.logical_id, status);
        Ok(false)
    }

    pub fn names(&self) -> StackNames {
        let engine = self.deployment.engine;
        let names = engine.read(StackNames::of);
        names.unwrap_or_default()
    }
}
