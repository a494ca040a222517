//! Safety checks: which changes need permission that the user did not give. Pure.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::diff::{Change, ChangeAction};
use crate::kind::{AwsName, DesiredState, LiveState, UnmanagedResource};
use crate::model::{Attributes, Tags};
use crate::ownership::Owner;
use crate::ownership::PROTECT_TAG;

/// The permissions that the user gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The stack may become empty.
    pub allow_empty: bool,
    /// Unmanaged resources may be deleted together with an API, and unmanaged policies with a role; and an API
    /// may get the name of an unmanaged one.
    pub allow_unmanaged: bool,
    /// Maximum number of resources that may be deleted or replaced. `None`: no limit.
    pub max_deletes: Option<usize>,
}

/// A change that a safety check blocks, and how to allow it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyViolation {
    /// The address of the change. `None`: the plan as a whole.
    #[schemars(with = "Option<String>")]
    pub address: Option<Address>,
    /// Why it is blocked.
    pub reason: String,
    /// How to allow it.
    pub help: String,
}

/// Returns what `policy` blocks. Empty: the changes may be applied.
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
                "the spec declares no resources: all {} resources of the stack would be deleted",
                live.managed.len()
            ),
            help: "if this is intended, use `provision destroy` or pass `--allow-empty`".into(),
        });
    }
    refusals.extend(changes.iter().filter_map(|change| protected(change, live)));
    if !policy.allow_unmanaged {
        refusals.extend(changes.iter().filter_map(|change| deletes_unmanaged(change, live)));
    }
    refusals.extend(policy.max_deletes.and_then(|max| exceeds_max_deletes(changes, max)));
    refusals.extend(changes.iter().filter_map(|change| name_conflict(change, live, policy)));
    refusals.extend(changes.iter().filter_map(|change| singleton_conflict(change, live)));
    refusals
}

/// Protection is a tag on AWS, so it holds whatever the current spec declares.
fn protected(change: &Change, live: &LiveState) -> Option<PolicyViolation> {
    if !change.verb.deletes_existing() {
        return None;
    }
    let tags = live.managed.get(&change.address)?.properties.get("Tags")?.clone();
    let tags: Tags = serde_json::from_value(tags).unwrap_or_default();
    tags.0.contains_key(PROTECT_TAG).then(|| PolicyViolation {
        address: Some(change.address.clone()),
        reason: format!("it is protected by the tag `{PROTECT_TAG}` on AWS"),
        help: "apply the spec with `protect: false` first".into(),
    })
}

/// AWS deletes an API with all its child resources, and a role with its inline policies. Unmanaged ones are
/// not deleted without permission.
fn deletes_unmanaged(change: &Change, live: &LiveState) -> Option<PolicyViolation> {
    if !change.verb.deletes_existing() {
        return None;
    }
    let is_child =
        |resource: &&UnmanagedResource| resource.parent.as_ref() == Some(&change.address);
    let names: Vec<String> =
        live.unmanaged.iter().filter(is_child).map(UnmanagedResource::to_string).collect();
    (!names.is_empty()).then(|| PolicyViolation {
        address: Some(change.address.clone()),
        reason: format!("deleting it would also delete unmanaged resources: {}", names.join(", ")),
        help: "delete them first, or pass `--allow-unmanaged`".into(),
    })
}

/// Guards against a wrong or incomplete spec.
fn exceeds_max_deletes(changes: &[Change], max: usize) -> Option<PolicyViolation> {
    let deleted = changes.iter().filter(|change| change.verb.deletes_existing());
    let deleted: Vec<String> = deleted.map(|change| change.address.to_string()).collect();
    (deleted.len() > max).then(|| PolicyViolation {
        address: None,
        reason: format!(
            "{} {} would be deleted or replaced, but `--max-deletes` allows {max}: {}",
            deleted.len(),
            if deleted.len() == 1 { "resource" } else { "resources" },
            deleted.join(", ")
        ),
        help: "if this is intended, raise `--max-deletes`".into(),
    })
}

/// Returns the unmanaged top-level resources whose names `changes` need.
pub fn name_conflicts(changes: &[Change], live: &LiveState) -> Vec<UnmanagedResource> {
    let conflict = |change: &Change| {
        let (_, name) = wanted_name(change)?;
        live.unrelated.iter().find(|unrelated| has_name(unrelated, change, name)).cloned()
    };
    changes.iter().filter_map(conflict).collect()
}

/// Returns the name that a change gives to a new resource.
fn wanted_name(change: &Change) -> Option<(AwsName, &str)> {
    if !matches!(change.verb, ChangeAction::Create | ChangeAction::Replace) {
        return None;
    }
    let aws_name = change.kind.aws_name?;
    let field = change.fields.iter().find(|field| field.name == aws_name.property)?;
    Some((aws_name, field.after.as_ref().and_then(Value::as_str)?))
}

fn has_name(unmanaged: &UnmanagedResource, change: &Change, name: &str) -> bool {
    unmanaged.noun == change.kind.noun
        && unmanaged.parent == change.address.parent()
        && unmanaged.name.as_deref() == Some(name)
}

/// Blocks the creation of a resource whose name an unmanaged one has.
fn name_conflict(change: &Change, live: &LiveState, policy: Policy) -> Option<PolicyViolation> {
    let (aws_name, name) = wanted_name(change)?;
    let noun = change.kind.noun;
    let has_same_name = |resource: &&UnmanagedResource| has_name(resource, change, name);
    let owner = &live.unmanaged.iter().chain(&live.unrelated).find(has_same_name)?.owner;
    let address = Some(change.address.clone());
    if aws_name.allows_duplicates {
        return (!policy.allow_unmanaged).then(|| PolicyViolation {
            address,
            reason: format!(
                "{noun} `{name}` already exists ({owner}); this would create a second one"
            ),
            help: match owner {
                Owner::Unknown => format!(
                    "to adopt it, {}; or choose another name, or pass `--allow-unmanaged`",
                    adoption_hint(&change.address, aws_name)
                ),
                _ => "choose another name, or pass `--allow-unmanaged`".to_owned(),
            },
        });
    }
    let reason = format!("{noun} `{name}` already exists ({owner})");
    let help = match owner {
        Owner::CloudFormation(_) | Owner::OtherStack(_) => {
            "choose another name, or remove it from that stack first".to_owned()
        }
        _ => format!(
            "choose another name, or adopt it: {}",
            adoption_hint(&change.address, aws_name)
        ),
    };
    Some(PolicyViolation { address, reason, help })
}

/// Blocks the creation of a singleton that AWS already has: creating one would replace it.
fn singleton_conflict(change: &Change, live: &LiveState) -> Option<PolicyViolation> {
    let Change { address, kind, verb, .. } = change;
    if !kind.is_singleton || *verb != ChangeAction::Create {
        return None;
    }
    let parent = address.parent()?;
    let is_same = |resource: &&UnmanagedResource| {
        resource.noun == kind.noun && resource.parent.as_ref() == Some(&parent)
    };
    let unmanaged = live.unmanaged.iter().find(is_same)?;
    let name = unmanaged.name.as_deref().unwrap_or_default();
    let nothing = Attributes::default();
    let attributes = live.managed.get(&parent).map_or(&nothing, |managed| &managed.attributes);
    Some(PolicyViolation {
        address: Some(address.clone()),
        reason: format!("AWS already has one ({}): {name}", unmanaged.owner),
        help: match unmanaged.owner {
            Owner::OtherStack(_) => "remove it from that stack first".into(),
            _ => kind.conflict_hint(address, name, attributes),
        },
    })
}

/// Returns how an unmanaged resource becomes the one at `address`.
fn adoption_hint(address: &Address, aws_name: AwsName) -> String {
    match aws_name.tagged {
        true => format!(
            "set its tag `provision:stack` to the name of this stack, and `provision:address={address}`"
        ),
        false => format!("end its description with `[provision:STACK/{address}]`"),
    }
}
