//! What an execution of a plan needs, and what it results in.
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use crate::apply::run_lock::RunLock;
use crate::apply::stop::{StopReason, StopSignal};
use crate::client::Aws;
use crate::error::AwsError;
use provision_core::address::Address;
use provision_core::event::Event;
use provision_core::model::{Attributes, Site};
use provision_core::plan::StepVerb;

/// The result of executing a plan. A partial failure is an outcome, not an error: completed steps stay done.
#[derive(Debug, Default)]
pub struct ApplyOutcome {
    /// The steps that succeeded, in this order.
    pub succeeded: Vec<(Address, StepVerb)>,
    /// The steps that failed, each with the error of its last attempt.
    pub failed: Vec<(Address, StepVerb, AwsError)>,
    /// The steps that were not started.
    pub skipped: Vec<(Address, StepVerb)>,
    /// The attributes of created resources, as the creates returned them: lists may not show the resources yet.
    pub created: BTreeMap<Address, Attributes>,
    /// Why the run stopped early, if it did.
    pub stop_reason: Option<StopReason>,
}

impl ApplyOutcome {
    /// Whether all steps succeeded.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }

    /// Whether something on AWS was changed, as far as known: the first call of a failed step may have changed
    /// something.
    pub fn has_changes(&self) -> bool {
        !self.succeeded.is_empty() || self.failed.iter().any(|(.., error)| error.is_partial)
    }
}

/// One execution of `apply` or `destroy`, and what its steps share.
#[derive(Clone, Copy)]
pub struct ApplyRun<'a> {
    pub aws: &'a Aws,
    pub site: &'a Site,
    pub stack: &'a str,
    /// Differs between any two runs.
    pub id: &'a str,
    pub max_concurrent_steps: usize,
    /// The run locks that this run holds. A create may add one.
    pub locks: &'a Mutex<Vec<RunLock>>,
    /// When it is set, steps in progress finish and the rest is skipped.
    pub stop: &'a StopSignal,
    pub emit: &'a (dyn Fn(Event) + Sync),
}

impl fmt::Debug for ApplyRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplyRun").field("stack", &self.stack).field("site", &self.site).finish()
    }
}
