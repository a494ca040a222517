//! Whether an update would change anything.
use std::collections::BTreeMap;

use crate::cloudformation::change_set::describe::{Description, Update, describe};
use crate::cloudformation::proposal::Proposal;
use crate::protocol::response::AwsError;
use crate::state::stacks::{Deployment, Stack};

/// Whether UpdateStack has anything to do.
pub fn has_changes(stack: &Stack, proposal: &Proposal) -> Result<bool, AwsError> {
    let evaluation = proposal.evaluate()?;
    let imported = BTreeMap::new();
    let update = Update { stack, evaluation: &evaluation, imported: &imported, actual: None };
    Ok(changes_anything(stack, &proposal.deployment, &describe(update)))
}

/// Whether a described update changes a resource, an output, a tag or who is notified. A resource or an output that
/// cannot be evaluated counts, because only the update fails.
pub fn changes_anything(stack: &Stack, deployment: &Deployment, description: &Description) -> bool {
    let changes_outputs = match &description.outputs {
        Ok(outputs) => *outputs != stack.outputs,
        Err(_) => true,
    };
    !description.changes.is_empty()
        || !description.failures.is_empty()
        || changes_outputs
        || deployment.tags != stack.deployment.tags
        || deployment.notification_arns != stack.deployment.notification_arns
}
