//! Which changes need leave they don't have. Pure.
use serde::Serialize;

use crate::address::Address;
use crate::diff::{Change, Verb};
use crate::kind::{Desired, Live, Stranger};

/// The leave a user gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// The stack may end with nothing in it.
    pub allow_empty: bool,
    /// What hangs on a deleted API and is not ours may go with it.
    pub allow_strangers: bool,
}

/// A change that safety forbids, and what would give leave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    pub address: Option<Address>,
    pub reason: String,
    pub way_out: String,
}

/// What `policy` forbids. Empty: go ahead.
pub fn refused(changes: &[Change], desired: &Desired, live: &Live, policy: Policy) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if desired.is_empty() && !live.ours.is_empty() && !policy.allow_empty {
        refusals.push(Refusal {
            address: None,
            reason: format!(
                "the spec declares nothing, so everything this stack has ({}) would be deleted",
                live.ours.len()
            ),
            way_out: "if that is meant, use `provision destroy`".into(),
        });
    }
    if !policy.allow_strangers {
        refusals.extend(changes.iter().filter_map(|change| orphans(change, live)));
    }
    refusals
}

/// AWS deletes an API with all that hangs on it; what is not ours must not go unasked.
fn orphans(change: &Change, live: &Live) -> Option<Refusal> {
    if !matches!(change.verb, Verb::Delete | Verb::Replace) {
        return None;
    }
    let hangs = |it: &&Stranger| it.parent.as_ref() == Some(&change.address);
    let names: Vec<String> = live.strangers.iter().filter(hangs).map(Stranger::to_string).collect();
    (!names.is_empty()).then(|| Refusal {
        address: Some(change.address.clone()),
        reason: format!(
            "deleting it would also delete what this spec never made: {}",
            names.join(", ")
        ),
        way_out: "delete those first, or give leave with `--with-strangers`".into(),
    })
}
