//! What a run of `apply` is given, and how it went.
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use crate::apply::claim::Place;
use crate::apply::stop::{StopReason, StopSignal};
use crate::client::Aws;
use crate::error::AwsError;
use provision_core::address::Address;
use provision_core::event::Event;
use provision_core::model::{Attributes, Site};
use provision_core::plan::StepVerb;

/// How it went. A failure halfway is an outcome, not an `Err`: what was done stays done.
#[derive(Debug, Default)]
pub struct ApplyOutcome {
    pub succeeded: Vec<(Address, StepVerb)>,
    pub failed: Vec<(Address, StepVerb, AwsError)>,
    pub skipped: Vec<(Address, StepVerb)>,
    /// What AWS says that it made, by what it said then: its lists may not show it yet.
    pub created: BTreeMap<Address, Attributes>,
    /// Why it ended before its time, if it did.
    pub stop_reason: Option<StopReason>,
}

impl ApplyOutcome {
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }
    /// Whether AWS is no longer as it was, for all that is known: a step that failed may have changed something
    /// with its first call.
    pub fn has_changes(&self) -> bool {
        !self.succeeded.is_empty() || self.failed.iter().any(|(.., error)| error.is_partial)
    }
}

/// What a run is carried out with.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub aws: &'a Aws,
    pub site: &'a Site,
    pub stack: &'a str,
    /// What tells this run from every other.
    pub id: &'a str,
    pub max_concurrent_steps: usize,
    /// Where it says that it runs. What it makes may be such a place, too.
    pub places: &'a Mutex<Vec<Place>>,
    /// Set when it is to end: what runs is finished, the rest is skipped.
    pub stop: &'a StopSignal,
    pub emit: &'a (dyn Fn(Event) + Sync),
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("stack", &self.stack).field("site", &self.site).finish()
    }
}
