//! Reads, compares and calls AppSync and IAM itself.
use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};

use crate::apply::{ApplyOutcome, Place, Run, StopReason, StopSignal, Taken, apply, beat, clear};
use crate::client::Aws;
use crate::live::{LiveStateError, read_live_state, reject_unlisted, with_made};
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::diff::{Change, ChangeAction, compare};
use provision_core::event::Event;
use provision_core::kind::{DesiredState, LiveState};
use provision_core::model::Site;
use provision_core::plan::{self, Step, plan};

/// How long what was made may take to show before it counts as not there.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How much longer something may take to show, or to go, that AWS says is made or gone: IAM's lists are the
/// slowest. What AWS did not take it will not take later.
const MORE_LOOKS: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(4)];

/// What would be done, and all that is needed to do exactly that.
#[derive(Debug)]
pub struct Proposal {
    pub site: Site,
    pub live: LiveState,
    /// What should be, made comparable.
    pub normalized: DesiredState,
    pub changes: Vec<Change>,
    pub steps: Vec<Step>,
    /// The only addresses that it is about; none: all of them.
    only: Option<BTreeSet<Address>>,
    /// How many calls it took to look.
    pub calls: u64,
}

impl Proposal {
    /// The same with the changes at these addresses only.
    pub fn limited_to(mut self, addresses: BTreeSet<Address>) -> Self {
        self.only = Some(addresses);
        let changes = std::mem::take(&mut self.changes);
        self.changes = self.concerned(changes);
        self.steps = plan(&self.changes, &self.normalized, &self.live);
        self
    }
    /// Those of `changes` that it is about.
    fn concerned(&self, mut changes: Vec<Change>) -> Vec<Change> {
        changes.retain(|it| self.only.as_ref().is_none_or(|only| only.contains(&it.address)));
        changes
    }
}

/// Looks at AWS and says what would make it as `desired`.
pub async fn propose(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    now_epoch_s: i64,
) -> Result<Proposal, LiveStateError> {
    let before = aws.calls();
    let (identity, live) = join(aws.identity(), read_live_state(aws, stack)).await;
    let identity = identity?;
    let live = live?;
    reject_unlisted(&live, desired.keys())?;
    let site = Site {
        account: identity.account.clone(),
        region: aws.region.clone(),
        partition: identity.partition.clone(),
        served_at: aws.served_at.clone(),
        now_epoch_s,
    };
    let (normalized, changes) = compare(desired, &live, &site);
    let steps = plan(&changes, &normalized, &live);
    let calls = aws.calls() - before;
    Ok(Proposal { site, live, normalized, changes, steps, only: None, calls })
}

/// How a proposal is carried out.
#[derive(Clone, Copy)]
pub struct ApplyOptions<'a> {
    pub max_concurrent_steps: usize,
    /// Whether a person thought about the proposal: others may have changed AWS meanwhile.
    pub was_confirmed: bool,
    /// Set when it is to end.
    pub stop: &'a StopSignal,
    pub emit: &'a (dyn Fn(Event) + Sync),
}

/// How it went, and what is there now.
#[derive(Debug)]
pub struct ApplyReport {
    pub outcome: ApplyOutcome,
    /// What is there now, and what of the wanted did not stick, or why nobody knows.
    pub verified: Result<(LiveState, Vec<Change>), LiveStateError>,
}

/// What came of carrying a proposal out.
#[derive(Debug)]
pub enum ApplyResult {
    Completed(Box<ApplyReport>),
    /// Another run has changed the stack meanwhile: what was proposed is no longer what is needed.
    Stale,
}

/// Does what was proposed, unless another run of the stack changes it, and looks again.
///
/// Nothing is done before this run has the stack to itself.
pub async fn apply_proposal(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
    options: ApplyOptions<'_>,
) -> Result<ApplyResult, LiveStateError> {
    let ApplyOptions { max_concurrent_steps, was_confirmed, stop, emit } = options;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let place = Place::of(&proposal.live);
    if let Some(place) = &place {
        let waited = wait_for_turn(aws, place, &id, options).await? || was_confirmed;
        if waited && !is_as_proposed(aws, stack, desired, proposal).await? {
            place.leave(aws, [id]).await?;
            return Ok(ApplyResult::Stale);
        }
        // Those that were there before have ended by now, and may not have tidied up.
        if !stop.is_requested() {
            clear(aws, &proposal.live).await?;
        }
    }
    let places = Mutex::new(place.into_iter().collect());
    let (site, places) = (&proposal.site, &places);
    let run = Run { aws, site, stack, id: &id, max_concurrent_steps, places, stop, emit };
    let outcome = {
        let applying = pin!(apply(&proposal.steps, &proposal.live, run));
        let beating = pin!(beat(aws, &id, places));
        match select(applying, beating).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), applying)) => {
                stop.request(StopReason::Superseded);
                applying.await
            }
        }
    };
    let verified = settled(aws, stack, desired, proposal, &outcome).await;
    // Whoever waits goes on once this is gone; should it stay, they find that nobody is there.
    let places = lock(places).clone();
    join_all(places.iter().map(|place| place.leave(aws, [id.clone()]))).await;
    Ok(ApplyResult::Completed(Box::new(ApplyReport { outcome, verified })))
}

/// Says that this run runs, after all others have ended. Whether there were others, who may have changed
/// what was proposed.
async fn wait_for_turn(
    aws: &Aws,
    place: &Place,
    id: &str,
    options: ApplyOptions<'_>,
) -> Result<bool, LiveStateError> {
    let mut waited = false;
    while !options.stop.is_requested() {
        match place.take(aws, id).await? {
            Taken::Alone | Taken::Unknown => break,
            Taken::Gone => return Ok(true),
            Taken::Others => {
                if !waited {
                    (options.emit)(Event::Queued);
                }
                waited = true;
                place.wait_for_others(aws, options.stop).await?;
            }
        }
    }
    Ok(waited)
}

/// Whether AWS still needs what was proposed, and has it as it was.
async fn is_as_proposed(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
) -> Result<bool, LiveStateError> {
    let (_, changes) = read_back(aws, stack, desired, &proposal.site).await?;
    Ok(proposal.concerned(changes) == proposal.changes)
}

/// Looks again. What was made may take a moment to show: only what stays different did not stick.
async fn settled(
    aws: &Aws,
    stack: &str,
    desired: &DesiredState,
    proposal: &Proposal,
    outcome: &ApplyOutcome,
) -> Result<(LiveState, Vec<Change>), LiveStateError> {
    let look = async || {
        let (live, left) = read_back(aws, stack, desired, &proposal.site).await?;
        Ok((live, proposal.concerned(left)))
    };
    let settles = |it: &Change| it.verb != ChangeAction::Update;
    let mut verified = look().await;
    for (n, wait) in LOOKS.into_iter().chain(MORE_LOOKS).enumerate() {
        let done = match &verified {
            _ if !outcome.is_complete() => {
                !matches!(verified, Err(LiveStateError::DuplicateOwner { .. }))
            }
            Ok((_, left)) if n < LOOKS.len() => left.is_empty(),
            Ok((_, left)) => !left.iter().any(settles),
            Err(LiveStateError::DuplicateOwner { .. }) => n >= LOOKS.len(),
            Err(LiveStateError::Aws(_)) => true,
        };
        if done {
            break;
        }
        aws.wait(wait).await;
        verified = look().await;
    }
    match verified {
        Ok((live, left)) if left.iter().any(|it| outcome.created.contains_key(&it.address)) => {
            let made = outcome.created.iter().filter_map(|(address, made)| {
                Some((address, proposal.normalized.get(address)?.kind, made))
            });
            let live = with_made(aws, stack, live, made).await?;
            let left = compare(desired, &live, &proposal.site).1;
            Ok((live, proposal.concerned(left)))
        }
        verified => verified,
    }
}

/// Whether `left` is a change that AWS has made by its own word, and only does not show yet.
pub fn is_delayed(outcome: &ApplyOutcome, left: &Change) -> bool {
    match left.verb {
        ChangeAction::Create | ChangeAction::Replace => outcome.created.contains_key(&left.address),
        ChangeAction::Delete => {
            outcome.succeeded.contains(&(left.address.clone(), plan::StepVerb::Delete))
        }
        ChangeAction::Update => false,
    }
}

/// Looks again: what is there now, and what of `desired` did not stick.
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

impl fmt::Debug for ApplyOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplyOptions")
            .field("max_concurrent_steps", &self.max_concurrent_steps)
            .finish_non_exhaustive()
    }
}
