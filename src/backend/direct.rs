//! Reads, compares and calls AppSync and IAM itself.
use std::sync::atomic::AtomicBool;

use futures_util::future::join;

use crate::apply::{Outcome, Run, apply};
use crate::aws::{Aws, Identity};
use crate::diff::{Change, compare};
use crate::event::Event;
use crate::kind::{Desired, Live};
use crate::live::{LookError, observe};
use crate::model::Site;
use crate::plan::{Step, plan};

/// What would be done, and all that is needed to do exactly that.
#[derive(Debug)]
pub struct Proposal {
    pub identity: Identity,
    pub site: Site,
    pub live: Live,
    pub changes: Vec<Change>,
    pub steps: Vec<Step>,
}

/// Looks at AWS and says what would make it as `desired`.
pub async fn propose(
    aws: &Aws,
    stack: &str,
    desired: &Desired,
    now_epoch_s: i64,
) -> Result<Proposal, LookError> {
    let (identity, live) = join(aws.identity(), observe(aws, stack)).await;
    let identity = identity?;
    let live = live?;
    let site = Site {
        account: identity.account.clone(),
        region: aws.region.clone(),
        partition: identity.partition.clone(),
        now_epoch_s,
    };
    let (settled, changes) = compare(desired, &live, &site);
    let steps = plan(&changes, &settled, &live);
    Ok(Proposal { identity, site, live, changes, steps })
}

/// Does what was proposed.
pub async fn carry_out(
    aws: &Aws,
    stack: &str,
    proposal: &Proposal,
    steps_at_once: usize,
    interrupted: &AtomicBool,
    tell: &(dyn Fn(Event) + Sync),
) -> Outcome {
    let run = Run { aws, site: &proposal.site, stack, steps_at_once, interrupted, tell };
    apply(&proposal.steps, &proposal.live, run).await
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
