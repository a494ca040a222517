//! Proposes changes to a stack, and applies a proposal by calling AppSync, IAM and AWS WAF.
//!
//! [`propose`] reads the live state and returns the changes; [`apply_proposal`] makes exactly these, unless another
//! run has changed the stack since, and then reads the live state again to verify them. Nothing is rolled back:
//! the next run continues where a failed one stopped.
use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};

use crate::apply::{
    ApplyOutcome, ApplyRun, LockResult, RunLock, StopReason, StopSignal, apply, release_stale,
    send_heartbeats,
};
use crate::client::Aws;
use crate::live::{LiveStateError, read_live_state, reject_unlisted, with_created};
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::diff::{Change, ChangeAction, compare};
use provision_core::event::Event;
use provision_core::kind::{DesiredState, LiveState};
use provision_core::model::Site;
use provision_core::plan::{self, Step, plan};

/// The delays between reads while a change is not visible yet. Afterwards, it counts as not applied.
const VISIBILITY_DELAYS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Further delays for creates and deletes that AWS has confirmed: IAM's lists are the slowest. An update that is not
/// visible after the first delays was not applied.
const EXTRA_VISIBILITY_DELAYS: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(4)];

/// The changes that would turn the live state into the desired state, and all that is needed to make them.
#[derive(Debug)]
pub struct Proposal {
    /// Account, region and time.
    pub site: Site,
    /// The live state.
    pub live: LiveState,
    /// The desired state, made comparable to the live state.
    pub normalized: DesiredState,
    /// The differences.
    pub changes: Vec<Change>,
    /// The steps that make the changes.
    pub steps: Vec<Step>,
    /// The addresses in scope. `None`: all.
    scope: Option<BTreeSet<Address>>,
    /// The number of calls that reading the live state took.
    pub calls: u64,
}

impl Proposal {
    /// Returns the proposal with only the changes at these addresses.
    #[must_use]
    pub fn limited_to(mut self, addresses: BTreeSet<Address>) -> Self {
        self.scope = Some(addresses);
        let changes = std::mem::take(&mut self.changes);
        self.changes = self.in_scope(changes);
        self.steps = plan(&self.changes, &self.normalized, &self.live);
        self
    }

    fn in_scope(&self, mut changes: Vec<Change>) -> Vec<Change> {
        if let Some(scope) = &self.scope {
            changes.retain(|change| scope.contains(&change.address));
        }
        changes
    }
}

/// Reads the live state of `stack` and returns the changes that would turn it into `desired`. Changes nothing.
///
/// # Errors
///
/// Fails if the live state cannot be read, or if the server does not support a kind of resource that is desired.
pub async fn propose(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    now_epoch_s: i64,
) -> Result<Proposal, LiveStateError> {
    let calls_before = aws.calls();
    let (identity, live) = join(aws.identity(), read_live_state(aws, stack)).await;
    let identity = identity?;
    let live = live?;
    reject_unlisted(&live, desired.keys())?;
    let site = Site {
        account: identity.account.clone(),
        region: aws.region.clone(),
        partition: identity.partition.clone(),
        emulator_url: aws.served_at.clone(),
        now_epoch_s,
    };
    let (normalized, changes) = compare(desired, &live, &site);
    let steps = plan(&changes, &normalized, &live);
    let calls = aws.calls() - calls_before;
    Ok(Proposal { site, live, normalized, changes, steps, scope: None, calls })
}

/// How a proposal is applied.
#[derive(Clone, Copy)]
pub struct ApplyOptions<'a> {
    /// Maximum number of steps in progress. Default: [`MAX_CONCURRENT_STEPS`](crate::apply::MAX_CONCURRENT_STEPS).
    pub max_concurrent_steps: usize,
    /// Whether a person confirmed the proposal. That takes time, so the live state is compared once more.
    pub was_confirmed: bool,
    /// Stops the run early.
    pub stop: &'a StopSignal,
    /// Receives the events of the run.
    pub emit: &'a (dyn Fn(Event) + Sync),
}

impl fmt::Debug for ApplyOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplyOptions")
            .field("max_concurrent_steps", &self.max_concurrent_steps)
            .field("was_confirmed", &self.was_confirmed)
            .finish_non_exhaustive()
    }
}

/// What applying a proposal resulted in, and the live state afterwards.
#[derive(Debug)]
pub struct ApplyReport {
    /// The result of each step.
    pub outcome: ApplyOutcome,
    /// The final state, or why it is unknown.
    pub final_state: Result<FinalState, LiveStateError>,
}

/// The state after a run.
#[derive(Debug)]
pub struct FinalState {
    /// The live state.
    pub live: LiveState,
    /// The changes in scope that were not applied.
    pub remaining: Vec<Change>,
}

/// The result of [`apply_proposal`].
#[derive(Debug)]
pub enum ApplyResult {
    /// The proposal was applied, though steps may have failed.
    Completed(Box<ApplyReport>),
    /// Another run has changed the stack since: the proposal is outdated. Nothing was changed.
    Stale,
}

/// Applies `proposal`, and reads the live state again to verify it.
///
/// Waits until no other run changes the stack, and changes nothing before.
///
/// # Errors
///
/// Fails if the run lock cannot be acquired, or if the live state cannot be read before the first change. Later
/// failures are part of the [`ApplyReport`].
pub async fn apply_proposal(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
    options: ApplyOptions<'_>,
) -> Result<ApplyResult, LiveStateError> {
    let ApplyOptions { max_concurrent_steps, was_confirmed, stop, emit } = options;
    let run_id = uuid::Uuid::new_v4().simple().to_string();
    let run_lock = RunLock::find(&proposal.live);
    if let Some(run_lock) = &run_lock {
        let has_waited = acquire_run_lock(aws, run_lock, &run_id, options).await?;
        if (has_waited || was_confirmed) && !is_still_current(aws, stack, desired, proposal).await?
        {
            run_lock.release(aws, [run_id]).await?;
            return Ok(ApplyResult::Stale);
        }
        // The runs that the live state shows have ended since, perhaps without removing their tags.
        if !stop.is_requested() {
            release_stale(aws, &proposal.live).await?;
        }
    }
    let locks = Mutex::new(run_lock.into_iter().collect());
    let (site, locks) = (&proposal.site, &locks);
    let run = ApplyRun { aws, site, stack, id: &run_id, max_concurrent_steps, locks, stop, emit };
    let outcome = {
        let applying = pin!(apply(&proposal.steps, &proposal.live, run));
        let heartbeats = pin!(send_heartbeats(aws, &run_id, locks));
        match select(applying, heartbeats).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), applying)) => {
                stop.request(StopReason::Superseded);
                applying.await
            }
        }
    };
    let final_state = wait_until_visible(aws, stack, desired, proposal, &outcome).await;
    // Waiting runs start when the tags are removed; tags that remain are found to be stale.
    let held = lock(locks).clone();
    join_all(held.iter().map(|lock| lock.release(aws, [run_id.clone()]))).await;
    Ok(ApplyResult::Completed(Box::new(ApplyReport { outcome, final_state })))
}

/// Acquires the run lock, after all other runs have ended. Returns whether there were others, which may have changed
/// the stack.
async fn acquire_run_lock(
    aws: &Aws,
    run_lock: &RunLock,
    run_id: &str,
    options: ApplyOptions<'_>,
) -> Result<bool, LiveStateError> {
    let mut has_waited = false;
    while !options.stop.is_requested() {
        match run_lock.acquire(aws, run_id).await? {
            LockResult::Acquired | LockResult::Unsupported => break,
            LockResult::TargetDeleted => return Ok(true),
            LockResult::Contended => {
                if !has_waited {
                    (options.emit)(Event::Queued);
                }
                has_waited = true;
                run_lock.wait_for_others(aws, options.stop).await?;
            }
        }
    }
    Ok(has_waited)
}

/// Whether the live state still needs exactly the changes of `proposal`.
async fn is_still_current(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
) -> Result<bool, LiveStateError> {
    let (_, changes) = read_back(aws, stack, desired, &proposal.site).await?;
    Ok(proposal.in_scope(changes) == proposal.changes)
}

/// Reads the live state repeatedly until the changes are visible.
async fn wait_until_visible(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
    outcome: &ApplyOutcome,
) -> Result<FinalState, LiveStateError> {
    let read = async || {
        let (live, remaining) = read_back(aws, stack, desired, &proposal.site).await?;
        Ok(FinalState { live, remaining: proposal.in_scope(remaining) })
    };
    let may_be_delayed = |change: &Change| change.verb != ChangeAction::Update;
    let mut final_state = read().await;
    for (n, delay) in VISIBILITY_DELAYS.into_iter().chain(EXTRA_VISIBILITY_DELAYS).enumerate() {
        let is_final = match &final_state {
            // A deleted duplicate may still be visible.
            Err(LiveStateError::DuplicateOwner { .. }) => {
                outcome.is_complete() && n >= VISIBILITY_DELAYS.len()
            }
            _ if !outcome.is_complete() => true,
            Ok(FinalState { remaining, .. }) if n < VISIBILITY_DELAYS.len() => remaining.is_empty(),
            Ok(FinalState { remaining, .. }) => !remaining.iter().any(may_be_delayed),
            Err(LiveStateError::Aws(_)) => true,
        };
        if is_final {
            break;
        }
        aws.wait(delay).await;
        final_state = read().await;
    }
    let FinalState { live, remaining } = final_state?;
    if !remaining.iter().any(|change| outcome.created.contains_key(&change.address)) {
        return Ok(FinalState { live, remaining });
    }
    let created = outcome.created.iter().filter_map(|(address, attributes)| {
        Some((address, proposal.normalized.get(address)?.kind, attributes))
    });
    let live = with_created(aws, stack, live, created).await?;
    let (_, remaining) = compare(desired, &live, &proposal.site);
    Ok(FinalState { live, remaining: proposal.in_scope(remaining) })
}

/// Whether AWS has confirmed the `remaining` change, so that it is only not visible yet.
pub fn is_delayed(outcome: &ApplyOutcome, remaining: &Change) -> bool {
    let address = &remaining.address;
    match remaining.verb {
        ChangeAction::Create | ChangeAction::Replace => outcome.created.contains_key(address),
        ChangeAction::Delete => {
            outcome.succeeded.contains(&(address.clone(), plan::StepVerb::Delete))
        }
        ChangeAction::Update => false,
    }
}

/// Reads the live state, and returns it with the changes that would still turn it into `desired`.
///
/// # Errors
///
/// Fails if the live state cannot be read.
pub async fn read_back(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    site: &Site,
) -> Result<(LiveState, Vec<Change>), LiveStateError> {
    let live = read_live_state(aws, stack).await?;
    let (_, changes) = compare(desired, &live, site);
    Ok((live, changes))
}
