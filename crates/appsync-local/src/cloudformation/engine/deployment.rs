//! What the steps of one deployment share: its evaluation, and which resources failed so far.
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cloudformation::engine::run::Engine;
use crate::cloudformation::evaluation::Evaluation;
use crate::lock::lock;
use crate::state::Tags;
use crate::state::stacks::{ResourceStatus, Stack, StackOperation};

/// What the resources of one operation have in common.
pub struct Deployment<'a> {
    pub engine: &'a Engine,
    pub evaluation: &'a Evaluation<'a>,
    pub operation: StackOperation,
    /// The stack's tags before the operation.
    pub former_tags: Tags,
    /// Whether the stack's tags differ from those.
    pub tags_changed: bool,
    /// Whether a resource failed, which cancels those in progress.
    pub is_cancelled: AtomicBool,
    /// The logical ids that failed, in order.
    pub failures: Mutex<Failures>,
}

/// The logical ids of the resources that failed.
#[derive(Clone, Default)]
pub struct Failures {
    pub created: Vec<String>,
    pub updated: Vec<String>,
    pub imported: Vec<String>,
}

impl Failures {
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.imported.is_empty()
    }

    /// AWS's text. A list of the resources that failed ends with a space.
    pub fn reason(&self) -> String {
        let list = |verb: &str, ids: &[String]| match ids {
            [] => String::new(),
            ids => format!("The following resource(s) failed to {verb}: [{}]. ", ids.join(", ")),
        };
        list("create", &self.created)
            + &list("update", &self.updated)
            + &list("import", &self.imported)
    }
}

impl Deployment<'_> {
    /// Records the failure of a resource.
    pub fn note_failure(&self, logical_id: &str, status: ResourceStatus) {
        let mut failures = lock(&self.failures);
        let ids = match status {
            ResourceStatus::CreateFailed => &mut failures.created,
            ResourceStatus::ImportFailed => &mut failures.imported,
            _ => &mut failures.updated,
        };
        ids.push(logical_id.to_owned());
    }

    /// Whether a resource failed, or the user cancelled the update.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
            || self.engine.read(is_cancelled).unwrap_or_default()
    }
}

/// Whether CancelUpdateStack was called.
pub fn is_cancelled(stack: &Stack) -> bool {
    stack.operation.as_ref().is_some_and(|operation| operation.is_cancelled)
}
