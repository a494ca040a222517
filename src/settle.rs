//! What should be, given what is: the desired side made comparable. Pure.
use std::collections::BTreeSet;

use crate::address::Address;
use crate::kind::{Desired, Live, Resource};
use crate::model::Site;
use crate::text::Hole;

/// Fills in what is already known, then lets each kind keep what the spec leaves open.
///
/// The attributes of what is `replaced` count as unknown: they are about to change.
pub fn settle(
    desired: &Desired,
    live: &Live,
    site: &Site,
    replaced: &BTreeSet<Address>,
) -> Desired {
    let known = |hole: &Hole| match hole {
        Hole::Attribute { address, .. } if replaced.contains(address) => None,
        hole => live.known(hole, site),
    };
    let settle = |(address, resource): (&Address, &Resource)| {
        let mut settled =
            Resource { properties: resource.properties.filled(&known), ..resource.clone() };
        if let Some(is) = live.ours.get(address) {
            let given = (settled.kind.given)(&settled, &is.properties, site);
            settled.properties = given.ordered_like(&is.properties);
        }
        (address.clone(), settled)
    };
    desired.iter().map(settle).collect()
}
