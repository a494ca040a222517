//! Carries out operations on stacks. A stack's status says which phase it is in, and every step is recorded before
//! and after it is done, so that an operation that a kill interrupted goes on where it was.
//!
//! The phases visit the same resources: `deploy` in the order of their dependencies, `deletion` in the reverse order,
//! `rollback` restores what was deployed before.
mod completion;
mod deletion;
mod deploy;
mod deployment;
mod handler_call;
mod import;
mod leftovers;
mod order;
mod outputs;
mod record;
mod resource;
mod resource_entry;
mod rollback;
mod run;
mod stack_names;
#[cfg(test)]
mod tests;

pub use record::{StackRecord, start};
pub use run::{Engine, resume};
