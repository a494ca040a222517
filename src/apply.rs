//! Carries a plan out as a graph, and says so as it goes.
//!
//! Independent steps run side by side, bounded in number and, within one API, by a gate: AppSync may
//! refuse overlapping changes of one API, and nobody has published when.
mod attempt;
mod claim;
mod gate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::address::Address;
use crate::aws::{Aws, AwsError, Class};
use crate::event::{Because, Event};
use crate::kind::Live;
use crate::model::{Attributes, Site};
use crate::plan::{Step, Verb};

use attempt::{Work, attempt};

pub use claim::{Place, Taken};
use gate::Gates;

/// Steps under way at a time. How many of one API, its gate finds out.
pub const STEPS_AT_ONCE: usize = 64;

/// How it went. A failure halfway is an outcome, not an `Err`: what was done stays done.
#[derive(Debug, Default)]
pub struct Outcome {
    pub succeeded: Vec<(Address, Verb)>,
    pub failed: Vec<(Address, Verb, AwsError)>,
    pub skipped: Vec<(Address, Verb)>,
    pub interrupted: bool,
    /// Another run of the stack is under way.
    pub overtaken: bool,
}

impl Outcome {
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
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
    pub steps_at_once: usize,
    /// Set when the user wants it to end: what runs is finished, the rest is skipped.
    pub interrupted: &'a AtomicBool,
    /// Set when another run of the stack shows up: then this one ends the same way.
    pub overtaken: &'a AtomicBool,
    pub tell: &'a (dyn Fn(Event) + Sync),
}

/// Carries `steps` out, each as soon as what it needs has succeeded.
pub async fn apply(steps: &[Step], live: &Live, run: Run<'_>) -> Outcome {
    let known: BTreeMap<Address, Attributes> =
        live.ours.iter().map(|(address, it)| (address.clone(), it.attributes.clone())).collect();
    let known = Mutex::new(known);
    let gates = Gates::new(run.steps_at_once);
    let mut progress =
        Progress { states: vec![State::Waiting; steps.len()], ..Progress::default() };
    let mut running = FuturesUnordered::new();
    (run.tell)(Event::Planned { steps: steps.len() });
    loop {
        let interrupted = run.ends();
        while let Some(n) =
            progress.next(steps, interrupted).filter(|_| running.len() < run.steps_at_once)
        {
            progress.states[n] = State::Running;
            let step = &steps[n];
            let (known, gates) = (&known, &gates);
            running.push(async move { (n, attempt(step, Work { run, known, gates }).await) });
        }
        let Some((n, answer)) = running.next().await else { break };
        progress.finish(n, &steps[n], answer, &known, run);
    }
    progress.skip_the_rest(steps, run);
    let Outcome { succeeded, failed, skipped, .. } = &progress.outcome;
    (run.tell)(Event::Finished {
        succeeded: succeeded.len(),
        failed: failed.len(),
        skipped: skipped.len(),
    });
    progress.outcome.interrupted = run.interrupted.load(Ordering::Relaxed);
    progress.outcome.overtaken = run.overtaken.load(Ordering::Relaxed);
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
    outcome: Outcome,
}

impl Progress {
    /// A step whose needs have all succeeded.
    fn next(&self, steps: &[Step], interrupted: bool) -> Option<usize> {
        let ready = |n: &usize| {
            self.states[*n] == State::Waiting
                && steps[*n].needs.iter().all(|need| self.states[*need] == State::Done)
        };
        (0..steps.len()).find(ready).filter(|_| !interrupted)
    }

    fn finish(
        &mut self,
        n: usize,
        step: &Step,
        answer: Result<Attributes, AwsError>,
        known: &Mutex<BTreeMap<Address, Attributes>>,
        run: Run<'_>,
    ) {
        let (address, action) = (step.address.clone(), step.verb());
        match answer {
            Ok(attributes) => {
                let mut known = known.lock().expect("nobody panics while holding it");
                known.insert(address.clone(), attributes);
                self.states[n] = State::Done;
                (run.tell)(Event::Succeeded { address: address.clone(), action });
                self.outcome.succeeded.push((address, action));
            }
            Err(error) => {
                if error.class == Class::Overtaken {
                    run.overtaken.store(true, Ordering::Relaxed);
                }
                self.states[n] = State::Broken;
                let message = error.to_string();
                (run.tell)(Event::Failed { address: address.clone(), action, message });
                self.outcome.failed.push((address, action, error));
            }
        }
    }

    /// What still waits when nothing runs any more waits for what broke, or for nobody.
    fn skip_the_rest(&mut self, steps: &[Step], run: Run<'_>) {
        let waiting: BTreeSet<usize> =
            (0..steps.len()).filter(|n| self.states[*n] == State::Waiting).collect();
        for n in waiting {
            let (address, action) = (steps[n].address.clone(), steps[n].verb());
            let because = match self.broken_need(steps, n) {
                Some(need) => Because::Failed(steps[need].address.clone()),
                None if run.overtaken.load(Ordering::Relaxed) => Because::Overtaken,
                None => Because::Interrupted,
            };
            (run.tell)(Event::Skipped { address: address.clone(), action, because });
            self.outcome.skipped.push((address, action));
        }
    }

    /// The failure at the root of why step `n` can't run.
    fn broken_need(&self, steps: &[Step], n: usize) -> Option<usize> {
        steps[n].needs.iter().find_map(|need| match self.states[*need] {
            State::Broken => Some(*need),
            State::Waiting => self.broken_need(steps, *need),
            State::Running | State::Done => None,
        })
    }
}

impl Run<'_> {
    /// Whether nothing more is to be begun.
    fn ends(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.overtaken.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("stack", &self.stack).field("site", &self.site).finish()
    }
}
