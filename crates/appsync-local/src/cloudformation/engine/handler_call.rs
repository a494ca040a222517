//! The calls of resource handlers, into which faults of stacks are injected: such a fault fails the action before any
//! service is called.
use crate::cloudformation::resource_types::{
    ExistingResource, HandlerError, ResourceRequest, ResourceState, ResourceType,
};

/// Why a handler failed.
pub struct Failure {
    /// The whole `ResourceStatusReason`.
    pub reason: String,
    /// Whether a failed creation left a resource that is the stack's.
    pub is_created: bool,
}

impl From<HandlerError> for Failure {
    fn from(error: HandlerError) -> Self {
        Self { reason: error.message, is_created: error.is_created }
    }
}

pub async fn create(
    resource_type: &ResourceType,
    request: &ResourceRequest<'_>,
    identity: &str,
    is_resumed: bool,
) -> Result<ResourceState, Failure> {
    inject("Create", resource_type, request)?;
    check_properties(resource_type, request)?;
    Ok(resource_type.create(request, identity, is_resumed).await?)
}

pub async fn update(
    resource_type: &ResourceType,
    request: &ResourceRequest<'_>,
    existing: &ExistingResource<'_>,
) -> Result<ResourceState, Failure> {
    inject("Update", resource_type, request)?;
    check_properties(resource_type, request)?;
    Ok(resource_type.update(request, existing).await?)
}

pub async fn delete(
    resource_type: &ResourceType,
    request: &ResourceRequest<'_>,
    physical_id: &str,
) -> Result<(), Failure> {
    inject("Delete", resource_type, request)?;
    Ok(resource_type.delete(request, physical_id).await?)
}

fn inject(
    action: &'static str,
    resource_type: &ResourceType,
    request: &ResourceRequest<'_>,
) -> Result<(), Failure> {
    let faults = &request.store.active_faults;
    match faults.decide_resource(action, resource_type.name(), request.logical_id) {
        Some(code) => Err(HandlerError::new(code, "An injected fault failed the handler.").into()),
        None => Ok(()),
    }
}

fn check_properties(
    resource_type: &ResourceType,
    request: &ResourceRequest<'_>,
) -> Result<(), Failure> {
    let checked = resource_type.check_properties(request.logical_id, request.properties);
    checked.map_err(|reason| Failure { reason, is_created: false })
}
