//! What resource handlers must know of the stack.
use serde_json::Value;

use crate::cloudformation::engine::run::Engine;
use crate::cloudformation::resource_types::ResourceRequest;
use crate::state::Tags;
use crate::state::stacks::Stack;

/// The name, the ARN and the tags of a stack.
#[derive(Clone, Default)]
pub struct StackNames {
    name: String,
    id: String,
    tags: Tags,
}

impl StackNames {
    pub fn of(stack: &Stack) -> Self {
        Self { name: stack.name.clone(), id: stack.id.clone(), tags: stack.deployment.tags.clone() }
    }

    /// With the tags that a rollback restores.
    pub fn of_stable(stack: &Stack) -> Self {
        let deployment = stack.stable.as_ref().unwrap_or(&stack.deployment);
        Self { tags: deployment.tags.clone(), ..Self::of(stack) }
    }

    pub fn request_for<'a>(
        &'a self,
        engine: &'a Engine,
        logical_id: &'a str,
        properties: &'a Value,
    ) -> ResourceRequest<'a> {
        ResourceRequest {
            store: &engine.store,
            caller: &engine.caller,
            stack_name: &self.name,
            stack_id: &self.id,
            logical_id,
            properties,
            stack_tags: &self.tags,
        }
    }
}
