//! Reads, compares and calls AppSync and IAM itself.
use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};

use crate::apply::{Halt, Outcome, Place, Run, Stop, Taken, apply, beat, clear};
use crate::client::Aws;
use crate::live::{LookError, observe, reject_unlisted, with_made};
use crate::lock::lock;
use provision_core::address::Address;
use provision_core::diff::{Change, Verb, compare};
use provision_core::event::Event;
use provision_core::kind::{Desired, Live};
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
    pub live: Live,
    /// What should be, made comparable.
    pub settled: Desired,
    pub changes: Vec<Change>,
    pub steps: Vec<Step>,
    /// The only addresses that it is about; none: all of them.
    only: Option<BTreeSet<Address>>,
    /// How many calls it took to look.
    pub calls: u64,
}

impl Proposal {
    /// The same with the changes at these addresses only.
    pub fn limited(mut self, addresses: BTreeSet<Address>) -> Self {
        self.only = Some(addresses);
        let changes = std::mem::take(&mut self.changes);
        self.changes = self.concerned(changes);
        self.steps = plan(&self.changes, &self.settled, &self.live);
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
    desired: &Desired,
    now_epoch_s: i64,
) -> Result<Proposal, LookError> {
    let before = aws.calls();
    let (identity, live) = join(aws.identity(), observe(aws, stack)).await;
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
    let (settled, changes) = compare(desired, &live, &site);
    let steps = plan(&changes, &settled, &live);
    let calls = aws.calls() - before;
    Ok(Proposal { site, live, settled, changes, steps, only: None, calls })
}

/// How a proposal is carried out.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    pub steps_at_once: usize,
    /// Whether a person thought about the proposal: others may have changed AWS meanwhile.
    pub thought_about: bool,
    /// Set when it is to end.
    pub stop: &'a Stop,
    pub tell: &'a (dyn Fn(Event) + Sync),
}

/// How it went, and what is there now.
#[derive(Debug)]
pub struct Done {
    pub outcome: Outcome,
    /// What is there now, and what of the wanted did not stick, or why nobody knows.
    pub looked: Result<(Live, Vec<Change>), LookError>,
}

/// What came of carrying a proposal out.
#[derive(Debug)]
pub enum Carried {
    Out(Box<Done>),
    /// Another run has changed the stack meanwhile: what was proposed is no longer what is needed.
    Stale,
}

/// Does what was proposed, unless another run of the stack changes it, and looks again.
///
/// Nothing is done before this run has the stack to itself.
pub async fn carry_out(
    aws: &Aws,
    stack: &str,
    desired: &Desired,
    proposal: &Proposal,
    way: Way<'_>,
) -> Result<Carried, LookError> {
    let Way { steps_at_once, thought_about, stop, tell } = way;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let place = Place::of(&proposal.live);
    if let Some(place) = &place {
        let waited = wait_for_turn(aws, place, &id, way).await? || thought_about;
        if waited && !is_as_proposed(aws, stack, desired, proposal).await? {
            place.leave(aws, [id]).await?;
            return Ok(Carried::Stale);
        }
        // Those that were there before have ended by now, and may not have tidied up.
        if !stop.is_set() {
            clear(aws, &proposal.live).await?;
        }
    }
    let places = Mutex::new(place.into_iter().collect());
    let (site, places) = (&proposal.site, &places);
    let run = Run { aws, site, stack, id: &id, steps_at_once, places, stop, tell };
    let outcome = {
        let applying = pin!(apply(&proposal.steps, &proposal.live, run));
        let beating = pin!(beat(aws, &id, places));
        match select(applying, beating).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), applying)) => {
                stop.now(Halt::Overtaken);
                applying.await
            }
        }
    };
    let looked = settled(aws, stack, desired, proposal, &outcome).await;
    // Whoever waits goes on once this is gone; should it stay, they find that nobody is there.
    let places = lock(places).clone();
    join_all(places.iter().map(|place| place.leave(aws, [id.clone()]))).await;
    Ok(Carried::Out(Box::new(Done { outcome, looked })))
}

/// Says that this run runs, after all others have ended. Whether there were others, who may have changed
/// what was proposed.
async fn wait_for_turn(
    aws: &Aws,
    place: &Place,
    id: &str,
    way: Way<'_>,
) -> Result<bool, LookError> {
    let mut waited = false;
    while !way.stop.is_set() {
        match place.take(aws, id).await? {
            Taken::Alone | Taken::Unknown => break,
            Taken::Gone => return Ok(true),
            Taken::Others => {
                if !waited {
                    (way.tell)(Event::Queued);
                }
                waited = true;
                place.wait_for_others(aws, way.stop).await?;
            }
        }
    }
    Ok(waited)
}

/// Whether AWS still needs what was proposed, and has it as it was.
async fn is_as_proposed(
    aws: &Aws,
    stack: &str,
    desired: &Desired,
    proposal: &Proposal,
) -> Result<bool, LookError> {
    let (_, changes) = verify(aws, stack, desired, &proposal.site).await?;
    Ok(proposal.concerned(changes) == proposal.changes)
}

/// Looks again. What was made may take a moment to show: only what stays different did not stick.
async fn settled(
    aws: &Aws,
    stack: &str,
    desired: &Desired,
    proposal: &Proposal,
    outcome: &Outcome,
) -> Result<(Live, Vec<Change>), LookError> {
    let look = async || {
        let (live, left) = verify(aws, stack, desired, &proposal.site).await?;
        Ok((live, proposal.concerned(left)))
    };
    let settles = |it: &Change| it.verb != Verb::Update;
    let mut looked = look().await;
    for (n, wait) in LOOKS.into_iter().chain(MORE_LOOKS).enumerate() {
        let done = match &looked {
            _ if !outcome.is_whole() => !matches!(looked, Err(LookError::Twins { .. })),
            Ok((_, left)) if n < LOOKS.len() => left.is_empty(),
            Ok((_, left)) => !left.iter().any(settles),
            Err(LookError::Twins { .. }) => n >= LOOKS.len(),
            Err(LookError::Aws(_)) => true,
        };
        if done {
            break;
        }
        aws.wait(wait).await;
        looked = look().await;
    }
    match looked {
        Ok((live, left)) if left.iter().any(|it| outcome.made.contains_key(&it.address)) => {
            let made = outcome.made.iter().filter_map(|(address, made)| {
                Some((address, proposal.settled.get(address)?.kind, made))
            });
            let live = with_made(aws, stack, live, made).await?;
            let left = compare(desired, &live, &proposal.site).1;
            Ok((live, proposal.concerned(left)))
        }
        looked => looked,
    }
}

/// Whether `left` is a change that AWS has made by its own word, and only does not show yet.
pub fn shows_late(outcome: &Outcome, left: &Change) -> bool {
    match left.verb {
        Verb::Create | Verb::Replace => outcome.made.contains_key(&left.address),
        Verb::Delete => outcome.succeeded.contains(&(left.address.clone(), plan::Verb::Delete)),
        Verb::Update => false,
    }
}

/// Looks again: what is there now, and what of `desired` did not stick.
pub async fn verify(
    aws: &Aws,
    stack: &str,
    desired: &Desired,
    site: &Site,
) -> Result<(Live, Vec<Change>), LookError> {
    let live = observe(aws, stack).await?;
    let (_, changes) = compare(desired, &live, site);
    Ok((live, changes))
}

impl fmt::Debug for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").field("steps_at_once", &self.steps_at_once).finish_non_exhaustive()
    }
}
