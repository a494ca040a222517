//! Carries the steps of a plan out as a graph, each as soon as what it needs is done.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::advice::advice;
use crate::apply::attempt::{End, Work, attempt};
use crate::apply::claim::Place;
use crate::apply::gate::Gates;
use crate::apply::run::{ApplyOutcome, Run};
use crate::apply::stop::StopReason;
use crate::error::AwsError;
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::event::{CallFailure, Event, SkipReason};
use provision_core::failure::ErrorClass;
use provision_core::kind::LiveState;
use provision_core::model::Attributes;
use provision_core::plan::{Step, StepVerb};

/// Steps under way at a time. How many of one API, its gate finds out.
pub const MAX_CONCURRENT_STEPS: usize = 64;

/// Carries `steps` out, each as soon as what it needs has succeeded.
pub async fn apply(steps: &[Step], live: &LiveState, run: Run<'_>) -> ApplyOutcome {
    let known: BTreeMap<Address, Attributes> =
        live.managed.iter().map(|(address, it)| (address.clone(), it.attributes.clone())).collect();
    let known = Mutex::new(known);
    let gates = Gates::new(run.max_concurrent_steps);
    let mut progress =
        Progress { states: vec![State::Waiting; steps.len()], ..Progress::default() };
    let mut running = FuturesUnordered::new();
    (run.emit)(Event::Planned { steps: steps.len() });
    loop {
        let stopped = run.stop.is_requested();
        while let Some(n) =
            progress.next(steps, stopped).filter(|_| running.len() < run.max_concurrent_steps)
        {
            progress.states[n] = State::Running;
            let step = &steps[n];
            let (known, gates) = (&known, &gates);
            running.push(async move { (n, attempt(step, Work { run, known, gates }).await) });
        }
        let Some((n, end)) = running.next().await else { break };
        progress.finish(n, &steps[n], end, &known, run);
    }
    progress.skip_the_rest(steps, run);
    let ApplyOutcome { succeeded, failed, skipped, .. } = &progress.outcome;
    (run.emit)(Event::Finished {
        succeeded: succeeded.len(),
        failed: failed.len(),
        skipped: skipped.len(),
    });
    progress.outcome.stop_reason = run.stop.reason();
    progress.outcome
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Running,
    Done,
    /// It failed, or was skipped.
    Broken,
}

#[derive(Default)]
struct Progress {
    states: Vec<State>,
    outcome: ApplyOutcome,
}

impl Progress {
    /// A step whose needs have all succeeded.
    fn next(&self, steps: &[Step], stopped: bool) -> Option<usize> {
        let ready = |n: &usize| {
            self.states[*n] == State::Waiting
                && steps[*n].depends_on.iter().all(|need| self.states[*need] == State::Done)
        };
        (0..steps.len()).find(ready).filter(|_| !stopped)
    }

    fn finish(
        &mut self,
        n: usize,
        step: &Step,
        end: End,
        known: &Mutex<BTreeMap<Address, Attributes>>,
        run: Run<'_>,
    ) {
        let (address, action) = (step.address.clone(), step.verb());
        match end {
            End::Done(attributes) => {
                if action == StepVerb::Create {
                    let mut places = lock(run.places);
                    places.extend(Place::made(step.kind, &attributes));
                    self.outcome.created.insert(address.clone(), attributes.clone());
                }
                let mut known = lock(known);
                known.insert(step.lives_at().clone(), attributes);
                self.states[n] = State::Done;
                (run.emit)(Event::Succeeded { address: address.clone(), action });
                self.outcome.succeeded.push((address, action));
            }
            End::Failed(error) => {
                if error.class == ErrorClass::Superseded {
                    run.stop.request(StopReason::Superseded);
                }
                self.states[n] = State::Broken;
                let told = told(&error);
                (run.emit)(Event::Failed { address: address.clone(), action, error: told });
                self.outcome.failed.push((address, action, error));
            }
            End::NotBegun => self.states[n] = State::Waiting,
        }
    }

    /// What still waits when nothing runs any more waits for what broke, or for nobody.
    fn skip_the_rest(&mut self, steps: &[Step], run: Run<'_>) {
        let waiting: BTreeSet<usize> =
            (0..steps.len()).filter(|n| self.states[*n] == State::Waiting).collect();
        for n in waiting {
            let (address, action) = (steps[n].address.clone(), steps[n].verb());
            let because = match self.broken_need(steps, n) {
                Some(need) => SkipReason::Failed(steps[need].address.clone()),
                // What waits for nobody's failure waits because the run was stopped.
                None => run.stop.reason().map_or(SkipReason::Interrupted, SkipReason::from),
            };
            (run.emit)(Event::Skipped { address: address.clone(), action, because });
            self.outcome.skipped.push((address, action));
        }
    }

    /// The failure at the root of why step `n` can't run.
    fn broken_need(&self, steps: &[Step], n: usize) -> Option<usize> {
        steps[n].depends_on.iter().find_map(|need| match self.states[*need] {
            State::Broken => Some(*need),
            State::Waiting => self.broken_need(steps, *need),
            State::Running | State::Done => None,
        })
    }
}

/// An error of AWS's, for those who tell of it.
fn told(error: &AwsError) -> CallFailure {
    let advice = advice(error);
    // The code has a place of its own.
    let message = error.message.strip_prefix(error.code.as_deref().unwrap_or_default());
    let message = message.and_then(|it| it.strip_prefix(": ")).unwrap_or(&error.message);
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
