//! How operations end: with a status, and with nothing left to restore if the stack is stable.
use crate::cloudformation::engine::record::StackRecord;
use crate::state::stacks::{ExecutionStatus, StackStatus};

/// Ends an operation: the stack is stable, and nothing is left to restore.
pub fn finish(
    record: &mut StackRecord<'_>,
    status: StackStatus,
    reason: Option<String>,
    executed: ExecutionStatus,
) {
    for resource in record.stack.resources.values_mut() {
        (resource.stable, resource.is_new, resource.planned_id) = (None, false, None);
    }
    record.stack.stable = None;
    record.stack.drop_unused_templates();
    end(record, status, reason, executed);
}

/// Ends an operation with a status after which the stack may still be restored.
pub fn end(
    record: &mut StackRecord<'_>,
    status: StackStatus,
    reason: Option<String>,
    executed: ExecutionStatus,
) {
    let change_set =
        record.stack.operation.as_ref().and_then(|operation| operation.change_set_id.clone());
    let change_set = change_set.and_then(|id| record.stack.change_sets.get_mut(&id));
    if let Some(change_set) = change_set {
        change_set.execution_status = executed;
    }
    record.set_status(status, reason);
}
