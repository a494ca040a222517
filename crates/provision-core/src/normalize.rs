//! What should be, given what is: the desired side made comparable. Pure.
use std::collections::BTreeSet;

use serde_json::Value;

use crate::address::Address;
use crate::kind::{DesiredResource, DesiredState, LiveState};
use crate::model::Site;
use crate::text::{Hole, Text};

/// Fills in what is already known, then lets each kind keep what the spec leaves open.
///
/// The attributes of what is `replaced` count as unknown: they are about to change.
pub fn normalize(
    desired: &DesiredState,
    live: &LiveState,
    site: &Site,
    replaced: &BTreeSet<Address>,
) -> DesiredState {
    let known = |hole: &Hole| match hole {
        Hole::Attribute { address, .. } if replaced.contains(address) => None,
        hole => live.resolve(hole, site),
    };
    let settle = |(address, resource): (&Address, &DesiredResource)| {
        let mut settled =
            DesiredResource { properties: resource.properties.filled(&known), ..resource.clone() };
        if let Some(is) = live.managed.get(address) {
            let given = settled.kind.normalize(
                &settled.properties,
                &settled.declared,
                &is.properties,
                site,
            );
            settled.properties = given.ordered_like(&is.properties);
        }
        (address.clone(), settled)
    };
    desired.iter().map(settle).collect()
}

/// What will fill `hole`, where the spec decides that and not AWS: the name of what it refers to.
pub fn resolve_from_spec(hole: &Hole, desired: &DesiredState, site: &Site) -> Option<String> {
    let Hole::Attribute { address, name } = hole else { return None };
    let text = match desired.get(address)?.properties.get(name)? {
        Value::String(text) => Text::plain(text),
        other => Text::open_in(other)?,
    };
    let pseudo = |hole: &Hole| match hole {
        Hole::Pseudo(name) => site.pseudo(name),
        _ => None,
    };
    text.filled(&pseudo).as_plain().map(str::to_owned)
}
