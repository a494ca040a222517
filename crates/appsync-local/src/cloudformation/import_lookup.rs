//! Finds the resources that a change set imports, before it can be executed.
use std::sync::Arc;

use crate::cloudformation::change_set::Identifiers;
use crate::cloudformation::evaluation::Evaluation;
use crate::cloudformation::resource_types::ResourceRequest;
use crate::protocol::caller::Caller;
use crate::state::stacks::{Deployment, Stack, StackStatus};
use crate::store::Store;

/// Returns why a resource cannot be imported: it does not exist, or a stack has it already.
pub async fn failure(
    store: &Arc<Store>,
    caller: &Caller,
    stack: &Stack,
    deployment: &Deployment,
    evaluation: &Evaluation<'_>,
    identifiers: &Identifiers,
) -> Option<String> {
    for (logical_id, identifier) in identifiers {
        let declaration = evaluation.scope.template().resource(logical_id);
        let Some(declaration) = declaration else { continue };
        let Ok(resource_type) = evaluation.resource_type(declaration) else { continue };
        let request = ResourceRequest {
            store,
            caller,
            stack_name: &stack.name,
            stack_id: &stack.id,
            logical_id,
            properties: &declaration.properties,
            stack_tags: &deployment.tags,
        };
        let found = match resource_type.find_by_identifier(&request, identifier).await {
            Ok(found) => found,
            Err(error) => return Some(service_message(&error.message)),
        };
        if let Some(owner) = owner(store, caller, resource_type.name(), &found.physical_id) {
            let values: Vec<&str> = identifier.values().map(String::as_str).collect();
            return Some(format!("{} already exists in stack {owner}", values.join("|")));
        }
    }
    None
}

/// The ARN of the stack that has a resource.
pub fn owner(store: &Store, caller: &Caller, type_name: &str, physical_id: &str) -> Option<String> {
    store.read(|state| {
        let stacks = state.region(caller).stacks.values();
        let mut live = stacks.filter(|stack| stack.status != StackStatus::DeleteComplete);
        let has = |stack: &&Stack| {
            stack.resources.values().any(|resource| {
                resource.resource_type == type_name && resource.physical_id == physical_id
            })
        };
        live.find(has).map(|stack| stack.id.clone())
    })
}

/// The message of the service in the reason of a handler.
fn service_message(reason: &str) -> String {
    let message = reason.strip_prefix("Resource handler returned message: \"");
    let message = message.and_then(|message| Some(message.rsplit_once("\" (RequestToken: ")?.0));
    message.unwrap_or(reason).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_message_of_the_service() {
        let reason = "Resource handler returned message: \"It \"was\" not found.\" (RequestToken: 1, HandlerErrorCode: NotFound)";
        assert_eq!(service_message(reason), "It \"was\" not found.");
        assert_eq!(service_message("Other"), "Other");
    }
}
