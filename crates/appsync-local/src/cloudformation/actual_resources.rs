//! Reads the resources of a stack as they are, from the services that have them.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cloudformation::drift::{self, DriftComparison};
use crate::cloudformation::evaluation::existing_type;
use crate::cloudformation::resource_types::{ResourceRequest, ResourceType};
use crate::protocol::caller::Caller;
use crate::state::stacks::{ResourceStatus, Stack};
use crate::store::Store;

/// A resource as it is.
pub enum ReadResource {
    Compared(DriftComparison),
    Deleted,
    /// CloudFormation does not detect drift of its type.
    NotSupported,
    /// It could not be read, for this reason.
    Failed(String),
}

/// Reads the resources of the stack whose logical ids are requested, and compares them with their deployment.
pub async fn read_resources(
    store: &Arc<Store>,
    caller: &Caller,
    stack: &Stack,
    is_requested: impl Fn(&str) -> bool,
) -> BTreeMap<String, ReadResource> {
    let mut read = BTreeMap::new();
    let resources = stack.resources.iter().filter(|(id, resource)| {
        let exists = !resource.physical_id.is_empty();
        exists && resource.status != ResourceStatus::DeleteComplete && is_requested(id)
    });
    for (logical_id, resource) in resources {
        let resource_type = existing_type(&resource.resource_type).ok();
        let resource_type = resource_type.filter(ResourceType::detects_drift);
        let Some(resource_type) = resource_type.filter(|_| !resource.is_stub) else {
            read.insert(logical_id.to_owned(), ReadResource::NotSupported);
            continue;
        };
        let properties = &resource.content.properties;
        let request = ResourceRequest {
            store,
            caller,
            stack_name: &stack.name,
            stack_id: &stack.id,
            logical_id,
            properties,
            stack_tags: &stack.deployment.tags,
        };
        let result = match resource_type.read(&request, &resource.physical_id).await {
            Ok(actual) => {
                ReadResource::Compared(drift::compare(&resource_type, properties, &actual))
            }
            Err(error) if error.is_not_found() => ReadResource::Deleted,
            Err(error) => ReadResource::Failed(error.message),
        };
        read.insert(logical_id.to_owned(), result);
    }
    read
}
