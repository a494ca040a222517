//! Which changes need leave they don't have. Pure.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::diff::{Change, Verb};
use crate::kind::{AwsName, Desired, Live, Owner, Stranger};
use crate::mark::PROTECT_TAG;
use crate::model::{Attributes, Tags};

/// The leave a user gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The stack may end with nothing in it.
    pub allow_empty: bool,
    /// What hangs on a deleted API, or stands in a deleted role, and is not ours may go with it, and a
    /// second API may have the name of one that is not ours.
    pub allow_strangers: bool,
    /// How many may be deleted, those among them that are replaced. `None`: as many as there are.
    pub max_deletes: Option<usize>,
}

/// A change that safety forbids, and what would give leave.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// What it is about; none: all of it.
    #[schemars(with = "Option<String>")]
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
            way_out:
                "if that is meant, use `provision destroy`, or give leave with `--allow-empty`"
                    .into(),
        });
    }
    refusals.extend(changes.iter().filter_map(|change| protected(change, live)));
    if !policy.allow_strangers {
        refusals.extend(changes.iter().filter_map(|change| orphans(change, live)));
    }
    refusals.extend(policy.max_deletes.and_then(|most| too_many(changes, most)));
    refusals.extend(changes.iter().filter_map(|change| taken(change, live, policy)));
    refusals.extend(changes.iter().filter_map(|change| in_the_way(change, live)));
    refusals
}

/// What is protected says so itself on AWS, whatever the spec says by now.
fn protected(change: &Change, live: &Live) -> Option<Refusal> {
    if !change.verb.ends() {
        return None;
    }
    let tags = live.ours.get(&change.address)?.properties.get("Tags")?.clone();
    let tags: Tags = serde_json::from_value(tags).unwrap_or_default();
    tags.0.contains_key(PROTECT_TAG).then(|| Refusal {
        address: Some(change.address.clone()),
        reason: format!("it is protected: on AWS it has the tag `{PROTECT_TAG}`"),
        way_out: "apply it with `protect: false` first".into(),
    })
}

/// An API goes with all that hangs on it, a role with all policies in it; what is not ours must not go
/// unasked.
fn orphans(change: &Change, live: &Live) -> Option<Refusal> {
    if !change.verb.ends() {
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

/// A half-read spec, or the wrong one, deletes more than anybody means to.
fn too_many(changes: &[Change], most: usize) -> Option<Refusal> {
    let gone = changes.iter().filter(|it| it.verb.ends());
    let gone: Vec<String> = gone.map(|it| it.address.to_string()).collect();
    (gone.len() > most).then(|| Refusal {
        address: None,
        reason: format!(
            "{} would be deleted or replaced, and `--max-deletes` allows {most}: {}",
            gone.len(),
            gone.join(", ")
        ),
        way_out: "if all of that is meant, raise `--max-deletes`".into(),
    })
}

/// What stands at the top, is not ours, and has a name that `changes` want.
pub fn namesakes(changes: &[Change], live: &Live) -> Vec<Stranger> {
    let met = |change: &Change| {
        let (_, name) = wanted_name(change)?;
        live.beside.iter().find(|it| has_name(it, change, name)).cloned()
    };
    changes.iter().filter_map(met).collect()
}

/// The name that a change gives to something new.
fn wanted_name(change: &Change) -> Option<(AwsName, &str)> {
    if !matches!(change.verb, Verb::Create | Verb::Replace) {
        return None;
    }
    let named = change.kind.aws_name?;
    let field = change.fields.iter().find(|it| it.name == named.property)?;
    Some((named, field.after.as_ref().and_then(Value::as_str)?))
}

fn has_name(stranger: &Stranger, change: &Change, name: &str) -> bool {
    stranger.noun == change.kind.noun
        && stranger.parent == change.address.parent()
        && stranger.name.as_deref() == Some(name)
}

/// What would be made may meet somebody else's object of its name.
fn taken(change: &Change, live: &Live, policy: Policy) -> Option<Refusal> {
    let (named, name) = wanted_name(change)?;
    let noun = change.kind.noun;
    let same = |it: &&Stranger| has_name(it, change, name);
    let owner = &live.strangers.iter().chain(&live.beside).find(same)?.owner;
    let address = Some(change.address.clone());
    if named.allows_duplicates {
        return (!policy.allow_strangers).then(|| Refusal {
            address,
            reason: format!(
                "{noun} `{name}` exists already, {owner}; this would make a second one"
            ),
            way_out: match owner {
                Owner::Nobody => format!(
                    "to take it over, {}; or name this one otherwise, or give leave with `--with-strangers`",
                    adoption(&change.address, named)
                ),
                _ => "name it otherwise, or give leave with `--with-strangers`".to_owned(),
            },
        });
    }
    let reason = format!("{noun} `{name}` exists already, {owner}");
    let way_out = match owner {
        Owner::CloudFormation(_) | Owner::Stack(_) => {
            "name it otherwise, or take it out of that stack first".to_owned()
        }
        _ => format!("name it otherwise, or adopt it: {}", adoption(&change.address, named)),
    };
    Some(Refusal { address, reason, way_out })
}

/// Where only one can stand, making one would take the place of whatever stands there.
fn in_the_way(change: &Change, live: &Live) -> Option<Refusal> {
    let Change { address, kind, verb, .. } = change;
    if !kind.is_singleton || *verb != Verb::Create {
        return None;
    }
    let parent = address.parent()?;
    let there = |it: &&Stranger| it.noun == kind.noun && it.parent.as_ref() == Some(&parent);
    let stranger = live.strangers.iter().find(there)?;
    let name = stranger.name.as_deref().unwrap_or_default();
    let nothing = Attributes::default();
    let attributes = live.ours.get(&parent).map_or(&nothing, |it| &it.attributes);
    Some(Refusal {
        address: Some(address.clone()),
        reason: format!("there is one already, {}: {name}", stranger.owner),
        way_out: match stranger.owner {
            Owner::Stack(_) => "take it out of that stack first".into(),
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
