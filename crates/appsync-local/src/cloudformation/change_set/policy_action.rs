//! What the policies of a resource do with it when it leaves the stack, as change sets name it.
use crate::state::changes::PolicyAction;
use crate::state::stacks::DeletionPolicy;

pub fn of_removal(policy: DeletionPolicy) -> PolicyAction {
    match policy {
        DeletionPolicy::Delete => PolicyAction::Delete,
        DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate => PolicyAction::Retain,
        DeletionPolicy::Snapshot => PolicyAction::Snapshot,
    }
}

pub fn of_replacement(policy: DeletionPolicy) -> PolicyAction {
    match policy {
        DeletionPolicy::Delete => PolicyAction::ReplaceAndDelete,
        DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate => {
            PolicyAction::ReplaceAndRetain
        }
        DeletionPolicy::Snapshot => PolicyAction::ReplaceAndSnapshot,
    }
}
