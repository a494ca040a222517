//! The exports that the stacks of a Region share.
use std::collections::BTreeMap;

use crate::protocol::caller::Caller;
use crate::state::State;
use crate::state::stacks::{Stack, StackStatus};

/// An export of a stack.
pub struct Export {
    pub value: String,
    pub stack_id: String,
}

/// The exports of the Region, by name.
pub fn exports(state: &mut State, caller: &Caller) -> BTreeMap<String, Export> {
    let mut exports = BTreeMap::new();
    let stacks = state.region(caller).stacks.values();
    for stack in stacks.filter(|stack| stack.status != StackStatus::DeleteComplete) {
        for output in &stack.outputs {
            if let Some(name) = &output.export_name {
                let export = Export { value: output.value.clone(), stack_id: stack.id.clone() };
                exports.insert(name.clone(), export);
            }
        }
    }
    exports
}

/// The names of the stacks that import an export, in their order.
pub fn importers(state: &mut State, caller: &Caller, export: &str) -> Vec<String> {
    let stacks = state.region(caller).stacks.values();
    let exists = |stack: &&Stack| stack.status != StackStatus::DeleteComplete;
    let importers = stacks.filter(exists).filter(|stack| imports(stack, export));
    let mut names: Vec<String> = importers.map(|stack| stack.name.clone()).collect();
    names.sort();
    names
}

/// Whether the stack imports it, or a rollback that may follow needs it again.
fn imports(stack: &Stack, export: &str) -> bool {
    let deployments = [Some(&stack.deployment), stack.stable.as_ref()];
    deployments.into_iter().flatten().any(|deployment| deployment.imports.contains(export))
}
