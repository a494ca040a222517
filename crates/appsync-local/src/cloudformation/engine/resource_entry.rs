//! A resource in the state of its stack: when it is new, and what a rollback restores.
use crate::cloudformation::resource_types::ResourceType;
use crate::state::stacks::{ResourceContent, ResourceStatus, StableResource, StackResource};

pub fn new_resource(
    resource_type: &ResourceType,
    content: ResourceContent,
    operation: &str,
    now_epoch_s: f64,
) -> StackResource {
    StackResource {
        resource_type: resource_type.name().to_owned(),
        is_stub: resource_type.is_stub(),
        content,
        ..empty_resource(operation, now_epoch_s)
    }
}

pub fn empty_resource(operation: &str, now_epoch_s: f64) -> StackResource {
    StackResource {
        resource_type: String::new(),
        physical_id: String::new(),
        planned_id: None,
        status: ResourceStatus::CreateInProgress,
        reason: None,
        updated_epoch_s: now_epoch_s,
        operation: operation.to_owned(),
        is_stub: false,
        content: ResourceContent::default(),
        stable: None,
        is_new: true,
        drift: Default::default(),
    }
}

/// Remembers what a rollback restores, unless something older is remembered already.
pub fn set_stable(resource: &mut StackResource) {
    if resource.stable.is_none() && !resource.is_new {
        resource.stable = Some(Box::new(StableResource {
            physical_id: resource.physical_id.clone(),
            content: resource.content.clone(),
        }));
    }
}
