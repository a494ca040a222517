//! Change sets: what an update would do, described before it is done.
mod describe;
mod details;
mod drift_revert;
mod has_changes;
mod import_rules;
mod policy_action;
mod references;
mod render;
#[cfg(test)]
mod tests;

pub use describe::{Description, Update, describe};
pub use drift_revert::{ActualResource, record_actual_state, reverted_resources};
pub use has_changes::{changes_anything, has_changes};
pub use import_rules::{Identifiers, check_only_imports, parse_identifiers};
pub use render::{with_values, without_values};
