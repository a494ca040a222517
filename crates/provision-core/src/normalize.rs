//! Makes the desired state comparable with the live state. Pure.
use std::collections::BTreeSet;

use serde_json::Value;

use crate::address::Address;
use crate::kind::{DesiredResource, DesiredState, LiveState};
use crate::model::Site;
use crate::text::{Placeholder, Text};

/// Resolves the placeholders with known values, then lets each kind keep live values that the spec omits.
///
/// The attributes of resources in `replaced` count as unknown, since they are about to change.
pub fn normalize(
    desired: &DesiredState,
    live: &LiveState,
    site: &Site,
    replaced: &BTreeSet<Address>,
) -> DesiredState {
    let known = |placeholder: &Placeholder| match placeholder {
        Placeholder::Attribute { address, .. } if replaced.contains(address) => None,
        placeholder => live.resolve(placeholder, site),
    };
    let normalize_resource = |(address, resource): (&Address, &DesiredResource)| {
        let mut normalized =
            DesiredResource { properties: resource.properties.resolve(&known), ..resource.clone() };
        if let Some(is) = live.managed.get(address) {
            let merged = normalized.kind.normalize(
                &normalized.properties,
                &normalized.declared,
                &is.properties,
                site,
            );
            normalized.properties = merged.ordered_like(&is.properties);
        }
        (address.clone(), normalized)
    };
    desired.iter().map(normalize_resource).collect()
}

/// Returns the value of a placeholder that the spec determines, and not AWS: the name of a declared resource.
pub fn resolve_from_spec(
    placeholder: &Placeholder,
    desired: &DesiredState,
    site: &Site,
) -> Option<String> {
    let Placeholder::Attribute { address, name } = placeholder else { return None };
    let text = match desired.get(address)?.properties.get(name)? {
        Value::String(text) => Text::literal(text),
        other => Text::from_intrinsic(other)?,
    };
    let pseudo = |placeholder: &Placeholder| match placeholder {
        Placeholder::Pseudo(name) => site.pseudo_parameter(name),
        _ => None,
    };
    text.resolve(&pseudo).as_literal().map(str::to_owned)
}
