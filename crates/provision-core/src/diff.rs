//! Computes the differences between the desired and the live state. Pure.
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
use crate::kind::{DesiredResource, DesiredState, Kind, LiveResource, LiveState};
use crate::model::{Properties, Site};
use crate::normalize::{normalize, resolve_from_spec};

pub use crate::kind::ChangeAction;

/// One change of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The address of the resource.
    pub address: Address,
    /// The kind of the resource.
    pub kind: &'static dyn Kind,
    /// What the change does.
    pub verb: ChangeAction,
    /// Why it is proposed.
    pub cause: ChangeCause,
    /// The digest of the declaration. Empty for a resource that the spec does not declare.
    pub digest: String,
    /// The properties that differ.
    pub fields: Vec<PropertyChange>,
    /// What users of the resource notice.
    pub effects: Vec<String>,
}

/// A note about a resource that does not change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeNote {
    /// The address of the resource.
    #[schemars(with = "String")]
    pub address: Address,
    /// The note, one line.
    pub text: String,
}

/// Why a change is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeCause {
    /// The declaration, or one that it refers to, changed since it was last applied.
    Spec,
    /// The declaration is unchanged; the resource was changed outside the spec.
    Drift,
    /// The key expires soon.
    Renewal,
}

/// A property that differs. `None`: absent on that side.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyChange {
    /// The path of the property, with dots: `EventConfig.LogConfig`.
    pub name: String,
    /// The live value.
    pub before: Option<Value>,
    /// The desired value.
    pub after: Option<Value>,
}

impl Change {
    /// Returns the properties that AWS cannot change in place.
    pub fn immutable_changes(&self) -> impl Iterator<Item = &str> {
        let names = self.fields.iter().map(|field| field.name.as_str());
        names.filter(|name| {
            self.verb == ChangeAction::Replace && self.kind.create_only.contains(name)
        })
    }
}

/// Normalizes the desired state and compares it with the live state.
///
/// A replaced resource gets new attributes, so its old ones must not be used: they stay unresolved, and every
/// resource that refers to them changes too. Hence the loop: each round finds another replacement, or ends.
pub fn compare(
    desired: &DesiredState,
    live: &LiveState,
    site: &Site,
) -> (DesiredState, Vec<Change>) {
    let mut replaced = BTreeSet::new();
    loop {
        let normalized = normalize(desired, live, site, &replaced);
        let changes = diff(desired, &normalized, live, site, &replaced);
        let new = changes
            .iter()
            .filter(|change| change.verb == ChangeAction::Replace)
            .map(|change| change.address.clone());
        let new: BTreeSet<Address> = new.collect();
        if new.is_subset(&replaced) {
            return (normalized, changes);
        }
        replaced.extend(new);
    }
}

/// Returns notes on changed declarations that need no change now, because they take effect later.
pub fn deferred_changes(
    desired: &DesiredState,
    normalized: &DesiredState,
    live: &LiveState,
    changes: &[Change],
    site: &Site,
) -> Vec<ChangeNote> {
    let note = |(address, resource): (&Address, &DesiredResource)| {
        let digest = desired.get(address)?.digest();
        let is_new = live.managed.get(address)?.digest.as_ref() != Some(&digest);
        let changes = changes.iter().any(|change| change.address == *address);
        let text = resource
            .kind
            .deferred_change(&resource.properties, &resource.declared, site)
            .filter(|_| is_new && !changes)?;
        Some(ChangeNote { address: address.clone(), text })
    };
    normalized.iter().filter_map(note).collect()
}

/// Returns the changes that turn `live` into `normalized`, the comparable form of `desired`, in the order of
/// addresses.
fn diff(
    desired: &DesiredState,
    normalized: &DesiredState,
    live: &LiveState,
    site: &Site,
    replaced: &BTreeSet<Address>,
) -> Vec<Change> {
    let nothing = Properties::default();
    let addresses: BTreeSet<&Address> = normalized.keys().chain(live.managed.keys()).collect();
    let compare = |address: &Address| {
        let to = normalized.get(address);
        // If only the marker is left, a declared resource is created, and any other has its marker removed.
        let is_present =
            |resource: &&LiveResource| to.is_none() || resource.kind.exists(&resource.properties);
        let from = live.managed.get(address).filter(is_present);
        let kind = to.map(|to| to.kind).or(from.map(|from| from.kind))?;
        let before = from.map_or(&nothing, |from| &from.properties);
        let fields = changed_properties(before, to.map_or(&nothing, |to| &to.properties));
        let is_create_only = |field: &PropertyChange| kind.create_only.contains(&&*field.name);
        let verb = match (from, to) {
            (None, _) => ChangeAction::Create,
            (_, None) => ChangeAction::Delete,
            _ if fields.is_empty() => return None,
            _ if fields.iter().any(is_create_only) => ChangeAction::Replace,
            _ => ChangeAction::Update,
        };
        let digest = desired.get(address).map(DesiredResource::digest).unwrap_or_default();
        let same = from.is_some_and(|from| from.digest.as_ref() == Some(&digest));
        let is_new =
            |address: &Address| replaced.contains(address) || !live.managed.contains_key(address);
        let refers_to_new = |field: &PropertyChange| {
            let property =
                desired.get(address).and_then(|desired| desired.properties.only(&field.name));
            property.is_some_and(|property| property.references().any(|refer| is_new(&refer)))
        };
        let because = match same {
            true if fields.iter().all(|field| is_renewal(kind, field)) => ChangeCause::Renewal,
            true if !fields.iter().all(refers_to_new) => ChangeCause::Drift,
            _ => ChangeCause::Spec,
        };
        let fields = with_names_from_spec(fields, desired, site);
        let effects =
            kind.effects(verb, from.map(|from| &from.properties), to.map(|to| &to.properties));
        Some(Change {
            address: address.clone(),
            kind,
            verb,
            cause: because,
            fields,
            digest,
            effects,
        })
    };
    addresses.into_iter().filter_map(compare).collect()
}

/// Whether the field extends an expiry, as opposed to correcting one that was extended by hand.
fn is_renewal(kind: &'static dyn Kind, field: &PropertyChange) -> bool {
    let expiry = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
    kind.timestamps.contains(&&*field.name) && expiry(&field.before) < expiry(&field.after)
}

/// Returns the same changes with the names that the spec determines, for readers. If a name stays the same,
/// the difference is the resource that it belongs to: then it stays unresolved.
fn with_names_from_spec(
    fields: Vec<PropertyChange>,
    desired: &DesiredState,
    site: &Site,
) -> Vec<PropertyChange> {
    let with_known_names = |field: PropertyChange| {
        let alone = field.after.clone().map(|after| Properties::single(&field.name, after));
        let alone = alone.map(|alone| {
            alone.resolve(&|placeholder| resolve_from_spec(placeholder, desired, site))
        });
        let after = alone.and_then(|alone| alone.get(&field.name).cloned());
        if after == field.before { field } else { PropertyChange { after, ..field } }
    };
    fields.into_iter().map(with_known_names).collect()
}

fn changed_properties(before: &Properties, after: &Properties) -> Vec<PropertyChange> {
    let names: BTreeSet<&String> =
        before.iter().chain(after.iter()).map(|(name, _)| name).collect();
    let field = |name: &String| {
        let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
        (before != after).then(|| PropertyChange { name: name.clone(), before, after })
    };
    names.into_iter().filter_map(field).collect()
}
