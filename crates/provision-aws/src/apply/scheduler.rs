//! Schedules the steps of a plan: each starts as soon as all steps that it depends on have succeeded.
use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::advice::advice;
use crate::apply::attempt::{AttemptResult, attempt};
use crate::apply::execute::StepContext;
use crate::apply::limiter::ConcurrencyLimiters;
use crate::apply::run::{ApplyOutcome, ApplyRun};
use crate::apply::run_lock::RunLock;
use crate::apply::stop::StopReason;
use crate::error::AwsError;
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::event::{CallFailure, Event, SkipReason};
use provision_core::failure::ErrorClass;
use provision_core::kind::LiveState;
use provision_core::model::Attributes;
use provision_core::plan::{Step, StepVerb};

/// Default maximum number of steps in progress. Within one API, fewer may be in progress while AppSync reports conflicts.
pub const MAX_CONCURRENT_STEPS: usize = 64;

/// Executes `steps`, each as soon as the steps that it depends on have succeeded.
pub async fn apply(steps: &[Step], live: &LiveState, run: ApplyRun<'_>) -> ApplyOutcome {
    let managed = live.managed.iter();
    let attributes =
        managed.map(|(address, resource)| (address.clone(), resource.attributes.clone()));
    let attributes = Mutex::new(attributes.collect());
    let limiters = ConcurrencyLimiters::new(run.max_concurrent_steps);
    let mut progress = StepProgress {
        steps,
        run,
        attributes: &attributes,
        states: vec![StepState::Waiting; steps.len()],
        outcome: ApplyOutcome::default(),
    };
    let mut running = FuturesUnordered::new();
    (run.emit)(Event::Planned { steps: steps.len() });
    loop {
        while running.len() < run.max_concurrent_steps
            && let Some(n) = progress.start_next()
        {
            let context = StepContext { run, attributes: &attributes };
            let (step, limiters) = (&steps[n], &limiters);
            running.push(async move { (n, attempt(step, context, limiters).await) });
        }
        let Some((n, result)) = running.next().await else { break };
        progress.finish(n, result);
    }
    progress.skip_remaining();
    let mut outcome = progress.outcome;
    (run.emit)(Event::Finished {
        succeeded: outcome.succeeded.len(),
        failed: outcome.failed.len(),
        skipped: outcome.skipped.len(),
    });
    outcome.stop_reason = run.stop.reason();
    outcome
}

#[derive(Clone, Copy, PartialEq)]
enum StepState {
    Waiting,
    Running,
    Succeeded,
    Failed,
}

/// The state of each step, and the outcome so far.
struct StepProgress<'a> {
    steps: &'a [Step],
    run: ApplyRun<'a>,
    attributes: &'a Mutex<BTreeMap<Address, Attributes>>,
    states: Vec<StepState>,
    outcome: ApplyOutcome,
}

impl StepProgress<'_> {
    /// Starts a step whose dependencies have all succeeded, unless the run is stopping, and returns its index.
    fn start_next(&mut self) -> Option<usize> {
        let has_succeeded = |n: &usize| self.states[*n] == StepState::Succeeded;
        let is_ready = |n: &usize| {
            self.states[*n] == StepState::Waiting
                && self.steps[*n].depends_on.iter().all(has_succeeded)
        };
        let next = (0..self.steps.len()).find(is_ready);
        let next = next.filter(|_| !self.run.stop.is_requested())?;
        self.states[next] = StepState::Running;
        Some(next)
    }

    /// Records the result of step `n`.
    fn finish(&mut self, n: usize, result: AttemptResult) {
        let (step, run) = (&self.steps[n], self.run);
        let (address, action) = (step.address.clone(), step.verb());
        match result {
            AttemptResult::Succeeded(attributes) => {
                if action == StepVerb::Create {
                    lock(run.locks).extend(RunLock::on(step.kind, &attributes));
                    self.outcome.created.insert(address.clone(), attributes.clone());
                }
                lock(self.attributes).insert(step.final_address().clone(), attributes);
                self.states[n] = StepState::Succeeded;
                (run.emit)(Event::Succeeded { address: address.clone(), action });
                self.outcome.succeeded.push((address, action));
            }
            AttemptResult::Failed(error) => {
                if error.class == ErrorClass::Superseded {
                    run.stop.request(StopReason::Superseded);
                }
                self.states[n] = StepState::Failed;
                let failure = call_failure(&error);
                (run.emit)(Event::Failed { address: address.clone(), action, error: failure });
                self.outcome.failed.push((address, action, error));
            }
            AttemptResult::NotStarted => self.states[n] = StepState::Waiting,
        }
    }

    /// Skips the steps that still wait when no step runs: those that depend on a failed one, and, if the run was
    /// stopped, all others.
    fn skip_remaining(&mut self) {
        for (n, step) in self.steps.iter().enumerate() {
            if self.states[n] != StepState::Waiting {
                continue;
            }
            let (address, action) = (step.address.clone(), step.verb());
            let because = match self.failed_dependency(n) {
                Some(failed) => SkipReason::Failed(self.steps[failed].address.clone()),
                None => self.run.stop.reason().map_or(SkipReason::Interrupted, SkipReason::from),
            };
            (self.run.emit)(Event::Skipped { address: address.clone(), action, because });
            self.outcome.skipped.push((address, action));
        }
    }

    /// Returns a failed step that step `n` depends on, directly or not.
    fn failed_dependency(&self, n: usize) -> Option<usize> {
        self.steps[n].depends_on.iter().find_map(|dependency| match self.states[*dependency] {
            StepState::Failed => Some(*dependency),
            StepState::Waiting => self.failed_dependency(*dependency),
            StepState::Running | StepState::Succeeded => None,
        })
    }
}

/// Describes an error of AWS for events, with advice.
fn call_failure(error: &AwsError) -> CallFailure {
    let advice = advice(error);
    // Events carry the code separately, so strip it.
    let message = error.message.strip_prefix(error.code.as_deref().unwrap_or_default());
    let message = message.and_then(|message| message.strip_prefix(": ")).unwrap_or(&error.message);
    CallFailure {
        operation: (!error.operation.is_empty()).then(|| error.operation.to_owned()),
        code: error.code.clone(),
        message: message.to_owned(),
        request_id: error.request_id.clone(),
        class: error.class,
        cause: advice.cause,
        hints: advice.fix.into_iter().collect(),
        code_errors: error.code_errors.clone(),
    }
}
