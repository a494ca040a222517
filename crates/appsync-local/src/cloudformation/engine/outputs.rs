//! The outputs of a stack whose resources are complete, and the exports that other stacks rely on.
use crate::cloudformation::engine::run::Engine;
use crate::cloudformation::evaluation::{DeployedResources, Evaluation};
use crate::cloudformation::exports::{exports, importers};
use crate::state::stacks::StackOutput;

/// Evaluates the outputs. The error is a stack's reason, without a final period.
pub fn evaluate(engine: &Engine, evaluation: &Evaluation<'_>) -> Result<Vec<StackOutput>, String> {
    let resources = engine.read(DeployedResources::all).ok_or("the stack is gone")?;
    let outputs = evaluation.outputs(&resources)?;
    let exports = engine.store.read(|state| exports(state, &engine.caller));
    for name in outputs.iter().filter_map(|output| output.export_name.as_ref()) {
        let other = exports.get(name).filter(|export| *export.stack_id != *engine.stack_id);
        if let Some(other) = other {
            let stack = other.stack_id.split('/').nth(1).unwrap_or_default();
            return Err(format!("Export with name {name} is already exported by stack {stack}"));
        }
    }
    for former in engine.read(|stack| stack.outputs.clone()).unwrap_or_default() {
        let Some(name) = &former.export_name else { continue };
        let kept = outputs.iter().find(|output| output.export_name.as_ref() == Some(name));
        if kept.is_some_and(|output| output.value == former.value) {
            continue;
        }
        if let Some(importer) = importer(engine, name) {
            let verb = if kept.is_some() { "updated" } else { "deleted" };
            return Err(format!("Export {name} cannot be {verb} as it is in use by {importer}"));
        }
    }
    Ok(outputs)
}

/// Why a stack cannot be deleted: another stack imports one of its exports.
pub fn export_in_use(engine: &Engine) -> Option<String> {
    let outputs = engine.read(|stack| stack.outputs.clone())?;
    outputs.iter().filter_map(|output| output.export_name.as_ref()).find_map(|name| {
        let importer = importer(engine, name)?;
        Some(format!("Export {name} cannot be deleted as it is in use by {importer}"))
    })
}

/// Another stack that imports an export.
fn importer(engine: &Engine, name: &str) -> Option<String> {
    let own = engine.read(|stack| stack.name.clone())?;
    let importers = engine.store.read(|state| importers(state, &engine.caller, name));
    importers.into_iter().find(|importer| *importer != own)
}
