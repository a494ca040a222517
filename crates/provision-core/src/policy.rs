//! Which changes need leave they don't have. Pure.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::diff::{Change, ChangeAction};
use crate::kind::{AwsName, DesiredState, LiveState, UnmanagedResource};
use crate::model::{Attributes, Tags};
use crate::ownership::Owner;
use crate::ownership::PROTECT_TAG;

/// The leave a user gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The stack may end with nothing in it.
    pub allow_empty: bool,
    /// What hangs on a deleted API, or stands in a deleted role, and is not ours may go with it, and a
    /// second API may have the name of one that is not ours.
    pub allow_unmanaged: bool,
    /// How many may be deleted, those among them that are replaced. `None`: as many as there are.
    pub max_deletes: Option<usize>,
}

/// A change that safety forbids, and what would give leave.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyViolation {
    /// What it is about; none: all of it.
    #[schemars(with = "Option<String>")]
    pub address: Option<Address>,
    pub reason: String,
    pub help: String,
}

/// What `policy` forbids. Empty: go ahead.
pub fn violations(
    changes: &[Change],
    desired: &DesiredState,
    live: &LiveState,
    policy: Policy,
) -> Vec<PolicyViolation> {
    let mut refusals = Vec::new();
    if desired.is_empty() && !live.managed.is_empty() && !policy.allow_empty {
        refusals.push(PolicyViolation {
            address: None,
            reason: format!(
                "the spec declares nothing, so everything this stack has ({}) would be deleted",
                live.managed.len()
            ),
            help: "if that is meant, use `provision destroy`, or give leave with `--allow-empty`"
                .into(),
        });
    }
    refusals.extend(changes.iter().filter_map(|change| protected(change, live)));
    if !policy.allow_unmanaged {
        refusals.extend(changes.iter().filter_map(|change| orphans(change, live)));
    }
    refusals.extend(policy.max_deletes.and_then(|most| too_many(changes, most)));
    refusals.extend(changes.iter().filter_map(|change| taken(change, live, policy)));
    refusals.extend(changes.iter().filter_map(|change| in_the_way(change, live)));
    refusals
}

/// What is protected says so itself on AWS, whatever the spec says by now.
fn protected(change: &Change, live: &LiveState) -> Option<PolicyViolation> {
    if !change.verb.deletes_existing() {
        return None;
    }
    let tags = live.managed.get(&change.address)?.properties.get("Tags")?.clone();
    let tags: Tags = serde_json::from_value(tags).unwrap_or_default();
    tags.0.contains_key(PROTECT_TAG).then(|| PolicyViolation {
        address: Some(change.address.clone()),
        reason: format!("it is protected: on AWS it has the tag `{PROTECT_TAG}`"),
        help: "apply it with `protect: false` first".into(),
    })
}

/// An API goes with all that hangs on it, a role with all policies in it; what is not ours must not go
/// unasked.
fn orphans(change: &Change, live: &LiveState) -> Option<PolicyViolation> {
    if !change.verb.deletes_existing() {
        return None;
    }
    let hangs = |it: &&UnmanagedResource| it.parent.as_ref() == Some(&change.address);
    let names: Vec<String> =
        live.unmanaged.iter().filter(hangs).map(UnmanagedResource::to_string).collect();
    (!names.is_empty()).then(|| PolicyViolation {
        address: Some(change.address.clone()),
        reason: format!(
            "deleting it would also delete what this spec never made: {}",
            names.join(", ")
        ),
        help: "delete those first, or give leave with `--with-strangers`".into(),
    })
}

/// A half-read spec, or the wrong one, deletes more than anybody means to.
fn too_many(changes: &[Change], most: usize) -> Option<PolicyViolation> {
    let gone = changes.iter().filter(|it| it.verb.deletes_existing());
    let gone: Vec<String> = gone.map(|it| it.address.to_string()).collect();
    (gone.len() > most).then(|| PolicyViolation {
        address: None,
        reason: format!(
            "{} would be deleted or replaced, and `--max-deletes` allows {most}: {}",
            gone.len(),
            gone.join(", ")
        ),
        help: "if all of that is meant, raise `--max-deletes`".into(),
    })
}

/// What stands at the top, is not ours, and has a name that `changes` want.
pub fn name_conflicts(changes: &[Change], live: &LiveState) -> Vec<UnmanagedResource> {
    let met = |change: &Change| {
        let (_, name) = wanted_name(change)?;
        live.unrelated.iter().find(|it| has_name(it, change, name)).cloned()
    };
    changes.iter().filter_map(met).collect()
}

/// The name that a change gives to something new.
fn wanted_name(change: &Change) -> Option<(AwsName, &str)> {
    if !matches!(change.verb, ChangeAction::Create | ChangeAction::Replace) {
        return None;
    }
    let named = change.kind.aws_name?;
    let field = change.fields.iter().find(|it| it.name == named.property)?;
    Some((named, field.after.as_ref().and_then(Value::as_str)?))
}

fn has_name(stranger: &UnmanagedResource, change: &Change, name: &str) -> bool {
    stranger.noun == change.kind.noun
        && stranger.parent == change.address.parent()
        && stranger.name.as_deref() == Some(name)
}

/// What would be made may meet somebody else's object of its name.
fn taken(change: &Change, live: &LiveState, policy: Policy) -> Option<PolicyViolation> {
    let (named, name) = wanted_name(change)?;
    let noun = change.kind.noun;
    let same = |it: &&UnmanagedResource| has_name(it, change, name);
    let owner = &live.unmanaged.iter().chain(&live.unrelated).find(same)?.owner;
    let address = Some(change.address.clone());
    if named.allows_duplicates {
        return (!policy.allow_unmanaged).then(|| PolicyViolation {
            address,
            reason: format!(
                "{noun} `{name}` exists already, {owner}; this would make a second one"
            ),
            help: match owner {
                Owner::Unknown => format!(
                    "to take it over, {}; or name this one otherwise, or give leave with `--with-strangers`",
                    adoption(&change.address, named)
                ),
                _ => "name it otherwise, or give leave with `--with-strangers`".to_owned(),
            },
        });
    }
    let reason = format!("{noun} `{name}` exists already, {owner}");
    let way_out = match owner {
        Owner::CloudFormation(_) | Owner::OtherStack(_) => {
            "name it otherwise, or take it out of that stack first".to_owned()
        }
        _ => format!("name it otherwise, or adopt it: {}", adoption(&change.address, named)),
    };
    Some(PolicyViolation { address, reason, help: way_out })
}

/// Where only one can stand, making one would take the place of whatever stands there.
fn in_the_way(change: &Change, live: &LiveState) -> Option<PolicyViolation> {
    let Change { address, kind, verb, .. } = change;
    if !kind.is_singleton || *verb != ChangeAction::Create {
        return None;
    }
    let parent = address.parent()?;
    let there =
        |it: &&UnmanagedResource| it.noun == kind.noun && it.parent.as_ref() == Some(&parent);
    let stranger = live.unmanaged.iter().find(there)?;
    let name = stranger.name.as_deref().unwrap_or_default();
    let nothing = Attributes::default();
    let attributes = live.managed.get(&parent).map_or(&nothing, |it| &it.attributes);
    Some(PolicyViolation {
        address: Some(address.clone()),
        reason: format!("there is one already, {}: {name}", stranger.owner),
        help: match stranger.owner {
            Owner::OtherStack(_) => "take it out of that stack first".into(),
            _ => kind.conflict_hint(address, name, attributes),
        },
    })
}

/// How something that nobody owns becomes the one at `address`.
fn adoption(address: &Address, named: AwsName) -> String {
    match named.tagged {
        true => format!(
            "give it the tags `provision:stack`, with the name of this stack, and `provision:address={address}`"
        ),
        false => format!("let its description end in `[provision:STACK/{address}]`"),
    }
}
