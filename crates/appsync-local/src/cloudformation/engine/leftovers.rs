//! What an update leaves behind for the cleanup phase: resources that left the template, those that were replaced, and
//! those that a rollback does not need.
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cloudformation::engine::record::StackRecord;
use crate::state::stacks::{CleanupResource, DeletionPolicy, ResourceContent, Stack};

/// Moves what an update no longer needs to the cleanup: resources that left the template, and those that were
/// replaced.
pub fn collect_cleanup(record: &mut StackRecord<'_>, active: &BTreeSet<String>) {
    let removed: Vec<String> = record
        .stack
        .resources
        .keys()
        .filter(|id| !active.contains(*id))
        .map(str::to_owned)
        .collect();
    for id in removed {
        let Some(resource) = record.stack.resources.remove(&id).map(Arc::unwrap_or_clone) else {
            continue;
        };
        let (physical_id, content) = match resource.stable {
            Some(stable) => (stable.physical_id, stable.content),
            None => (resource.physical_id, resource.content),
        };
        let is_retained = keeps(content.deletion_policy);
        add(record.stack, &id, resource.resource_type, physical_id, content, is_retained);
    }
    let replaced: Vec<(String, String, String, ResourceContent)> = record
        .stack
        .resources
        .iter()
        .filter_map(|(id, resource)| {
            let stable = resource.stable.as_ref()?;
            let is_replaced = stable.physical_id != resource.physical_id;
            is_replaced.then(|| {
                let (physical_id, content) = (stable.physical_id.clone(), stable.content.clone());
                (id.to_owned(), resource.resource_type.clone(), physical_id, content)
            })
        })
        .collect();
    for (id, resource_type, physical_id, content) in replaced {
        let is_retained = keeps(content.update_replace_policy);
        add(record.stack, &id, resource_type, physical_id, content, is_retained);
    }
}

/// Remembers a physical resource that is neither what a rollback restores nor what the stack has from now on.
pub fn collect_intermediate(record: &mut StackRecord<'_>, id: &str) {
    let Some(resource) = record.stack.resources.get(id) else { return };
    let is_intermediate = match &resource.stable {
        Some(stable) => stable.physical_id != resource.physical_id,
        None => resource.is_new,
    };
    if is_intermediate && !resource.physical_id.is_empty() {
        let resource = resource.clone();
        add(
            record.stack,
            id,
            resource.resource_type,
            resource.physical_id,
            resource.content,
            false,
        );
    }
}

/// Adds what a rollback of an update deletes: a resource that the update created.
pub fn collect_created(record: &mut StackRecord<'_>, id: &str, is_retained: bool) {
    let Some(resource) = record.stack.resources.get(id).cloned() else { return };
    let physical_id = match resource.planned_id {
        Some(planned) if resource.physical_id.is_empty() || resource.stable.is_some() => planned,
        _ => resource.physical_id,
    };
    if !physical_id.is_empty() {
        let (type_name, content) = (resource.resource_type, resource.content);
        add(record.stack, id, type_name, physical_id, content, is_retained);
    }
}

fn keeps(policy: DeletionPolicy) -> bool {
    matches!(policy, DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate)
}

fn add(
    stack: &mut Stack,
    logical_id: &str,
    resource_type: String,
    physical_id: String,
    content: ResourceContent,
    is_retained: bool,
) {
    let logical_id = logical_id.to_owned();
    let key = format!("{logical_id}/{physical_id}");
    let entry = CleanupResource { logical_id, resource_type, physical_id, content, is_retained };
    stack.cleanup.insert(key, entry);
}
