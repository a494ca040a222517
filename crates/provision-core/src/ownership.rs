//! Ownership markers: which stack a resource on AWS belongs to, and at which address it is declared.
//!
//! A resource that supports tags has ownership tags; any other has the same marker at the end of its
//! description. The marker includes a digest of the declaration, to distinguish a change of the spec from a
//! change made outside it. Markers are not properties: no plan and no template shows them. Pure.
use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;

/// The tag that names the stack.
pub const STACK_TAG: &str = "provision:stack";
/// The tag with the address in the spec.
pub const ADDRESS_TAG: &str = "provision:address";
/// The tag with the digest of the declaration that was applied last.
pub const DIGEST_TAG: &str = "provision:digest";
/// The tag on a domain name with the address of its association.
pub const ASSOCIATION_TAG: &str = "provision:association";
/// The tag on an API with the web ACL that this stack associated with it.
pub const WAF_TAG: &str = "provision:waf";
/// The tag on a role with the policies that the stack manages.
pub const POLICIES_TAG: &str = "provision:policies";
/// The prefix of a run lock's tag. The run's id follows. The value changes for as long as the run is
/// alive.
const RUN_TAG: &str = "provision:run:";
/// The prefix of every tag that is not the user's.
const TAG_PREFIX: &str = "provision:";
/// Tags with the prefix that are properties, because a declaration requests them.
const PROPERTY_TAGS: &[&str] = &[PROTECT_TAG];
/// The tag of a resource that must not be deleted.
pub const PROTECT_TAG: &str = "provision:protect";
/// The tag that CloudFormation sets on resources of its stacks.
const CLOUDFORMATION_TAG: &str = "aws:cloudformation:stack-name";
/// The beginning of a marker in a description.
const OPENING: &str = "[provision:";

/// The owner of a live resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "by", content = "name", rename_all = "kebab-case")]
pub enum Owner {
    /// This stack, according to the ownership marker.
    #[serde(rename = "ours")]
    ThisStack(#[schemars(with = "String")] Address),
    /// Another stack, according to the ownership marker.
    #[serde(rename = "stack")]
    OtherStack(String),
    /// A CloudFormation stack, according to CloudFormation's tags.
    CloudFormation(String),
    /// Unknown: the resource has no marker.
    #[serde(rename = "none")]
    Unknown,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisStack(address) => write!(f, "this stack's {address}"),
            Self::OtherStack(stack) => write!(f, "created by provision's stack `{stack}`"),
            Self::CloudFormation(stack) => {
                write!(f, "created by the CloudFormation stack `{stack}`")
            }
            Self::Unknown => f.write_str("created outside this spec"),
        }
    }
}

/// The ownership marker of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipMarker {
    /// The name of the stack.
    pub stack: String,
    /// The address in the spec.
    pub address: Address,
    /// The digest of the declaration.
    pub digest: String,
    /// The digest in the current marker on AWS, if there is one.
    pub previous_digest: Option<String>,
    /// The run that creates the resource, if the resource gets a run lock.
    pub run_id: Option<String>,
}

/// What the marker of a live resource records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipInfo {
    /// Whose the resource is.
    pub owner: Owner,
    /// The digest of the declaration that was applied last.
    pub digest: Option<String>,
    /// The runs that hold a run lock on it, each with its last heartbeat.
    pub runs: BTreeMap<String, String>,
}

impl OwnershipMarker {
    /// Returns the user's tags with the ownership tags added.
    pub fn add_to_tags(&self, tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut tags = tags;
        tags.insert(STACK_TAG.into(), self.stack.clone());
        tags.insert(ADDRESS_TAG.into(), self.address.to_string());
        tags.insert(DIGEST_TAG.into(), self.digest.clone());
        tags.extend(self.run_id.as_ref().map(|run| (run_tag(run), "0".to_owned())));
        tags
    }
    /// Returns the update that turns the user's tags `before` into `desired`. `None`: nothing differs.
    pub fn tag_update(
        &self,
        before: BTreeMap<String, String>,
        desired: BTreeMap<String, String>,
    ) -> Option<TagUpdate> {
        if before == desired && self.previous_digest.as_ref() == Some(&self.digest) {
            return None;
        }
        let removed = before.into_keys().filter(|key| !desired.contains_key(key)).collect();
        Some(TagUpdate { set: self.add_to_tags(desired), remove: removed })
    }
    /// Returns the marker as the value of one tag, for a resource that is recorded on another one.
    pub fn to_tag_value(&self) -> String {
        format!("{}/{}@{}", self.stack, self.address, self.digest)
    }
    /// Returns the user's description with the marker added: `Browser clients [provision:stack/apis/…#digest]`.
    pub fn add_to_description(&self, description: &str) -> String {
        let marker = format!("{OPENING}{}/{}#{}]", self.stack, self.address, self.digest);
        if description.is_empty() { marker } else { format!("{description} {marker}") }
    }
}

/// An update of tags: the tags to set, including the ownership tags, and the keys to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagUpdate {
    /// The tags to set.
    pub set: BTreeMap<String, String>,
    /// The keys to remove.
    pub remove: Vec<String>,
}

/// Returns the key of the run lock's tag of `run`.
pub fn run_tag(run: &str) -> String {
    format!("{RUN_TAG}{run}")
}

/// Returns the runs that hold a run lock according to the tags, each with its last heartbeat.
pub fn runs(tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let run = |(key, heartbeat): (&String, &String)| {
        Some((key.strip_prefix(RUN_TAG)?.to_owned(), heartbeat.clone()))
    };
    tags.iter().filter_map(run).collect()
}

/// Splits tags into the user's and the ownership marker.
pub fn parse_tags(
    tags: BTreeMap<String, String>,
    stack: &str,
) -> (BTreeMap<String, String>, OwnershipInfo) {
    let owner = match (tags.get(STACK_TAG), tags.get(ADDRESS_TAG)) {
        (Some(owner_stack), Some(address)) if owner_stack == stack => {
            Address::parse(address).map_or(Owner::Unknown, Owner::ThisStack)
        }
        (Some(owner_stack), _) => Owner::OtherStack(owner_stack.clone()),
        _ => match tags.get(CLOUDFORMATION_TAG) {
            Some(owner_stack) => Owner::CloudFormation(owner_stack.clone()),
            None => Owner::Unknown,
        },
    };
    let (digest, runs) = (tags.get(DIGEST_TAG).cloned(), runs(&tags));
    let users = |(key, _): &(String, String)| {
        !key.starts_with("aws:")
            && (!key.starts_with(TAG_PREFIX) || PROPERTY_TAGS.contains(&key.as_str()))
    };
    (tags.into_iter().filter(users).collect(), OwnershipInfo { owner, digest, runs })
}

/// Splits a description into the user's and the ownership marker.
pub fn parse_description(description: &str, stack: &str) -> (String, OwnershipInfo) {
    let info = description.strip_suffix(']').and_then(|text| {
        let (users, marker) = text.rsplit_once(OPENING)?;
        let (owner_stack, rest) = marker.split_once('/')?;
        let (address, digest) = match rest.split_once('#') {
            Some((address, digest)) => (address, Some(digest.to_owned())),
            None => (rest, None),
        };
        Some((users.trim_end(), owner_stack, Address::parse(address)?, digest))
    });
    match info {
        Some((users, owner_stack, address, digest)) => {
            let ours = owner_stack == stack;
            let owner = if ours {
                Owner::ThisStack(address)
            } else {
                Owner::OtherStack(owner_stack.into())
            };
            (users.into(), OwnershipInfo { owner, digest, runs: BTreeMap::new() })
        }
        None => {
            let info = OwnershipInfo { owner: Owner::Unknown, digest: None, runs: BTreeMap::new() };
            (description.into(), info)
        }
    }
}

/// Parses a marker that is the value of one tag.
pub fn parse_tag_value(value: &str, stack: &str) -> OwnershipInfo {
    let (path, digest) = match value.split_once('@') {
        Some((path, digest)) => (path, Some(digest.to_owned())),
        None => (value, None),
    };
    let owner = match path.split_once('/') {
        Some((owner_stack, address)) if owner_stack == stack => {
            Address::parse(address).map_or(Owner::Unknown, Owner::ThisStack)
        }
        Some((owner_stack, _)) => Owner::OtherStack(owner_stack.to_owned()),
        None => Owner::Unknown,
    };
    OwnershipInfo { owner, digest, runs: BTreeMap::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> OwnershipMarker {
        let address = Address::top_level("apis", "a").child("apiKeys", "web");
        OwnershipMarker {
            stack: "chat".into(),
            address,
            digest: "1a2b".into(),
            previous_digest: None,
            run_id: None,
        }
    }

    #[test]
    fn a_marked_description_reads_back_as_it_was_written() {
        for description in ["", "Browser clients", "[odd] one]", "a [provision:x"] {
            let (users, info) =
                parse_description(&marker().add_to_description(description), "chat");
            assert_eq!(
                (users.as_str(), info.owner),
                (description, Owner::ThisStack(marker().address))
            );
            assert_eq!(info.digest.as_deref(), Some("1a2b"));
        }
    }

    #[test]
    fn a_marker_of_another_stack_is_not_this_stacks() {
        assert_eq!(
            parse_description(&marker().add_to_description(""), "other").1.owner,
            Owner::OtherStack("chat".into())
        );
        assert_eq!(parse_description("by hand", "chat").1.owner, Owner::Unknown);
        let tags = marker().add_to_tags(BTreeMap::from([("team".into(), "a".into())]));
        assert_eq!(parse_tags(tags.clone(), "other").1.owner, Owner::OtherStack("chat".into()));
        let (users, info) = parse_tags(tags, "chat");
        assert_eq!(info.owner, Owner::ThisStack(marker().address));
        assert_eq!(info.digest.as_deref(), Some("1a2b"));
        assert_eq!(users.into_iter().collect::<Vec<_>>(), [("team".to_owned(), "a".to_owned())]);
    }

    #[test]
    fn a_marker_in_a_tag_reads_back_as_it_was_written() {
        let info = parse_tag_value(&marker().to_tag_value(), "chat");
        assert_eq!(info.owner, Owner::ThisStack(marker().address));
        assert_eq!(info.digest.as_deref(), Some("1a2b"));
        assert_eq!(
            parse_tag_value("chat/apis/a", "chat").owner,
            Owner::ThisStack(Address::top_level("apis", "a"))
        );
        assert_eq!(
            parse_tag_value(&marker().to_tag_value(), "other").owner,
            Owner::OtherStack("chat".into())
        );
        assert_eq!(parse_tag_value("by hand", "chat").owner, Owner::Unknown);
    }

    #[test]
    fn only_differing_tags_are_updated_together_with_the_marker() {
        let tags = |key: &str| BTreeMap::from([(key.to_owned(), "1".to_owned())]);
        let applied = OwnershipMarker { previous_digest: Some("1a2b".into()), ..marker() };
        assert_eq!(applied.tag_update(tags("a"), tags("a")), None);
        assert_eq!(marker().tag_update(tags("a"), tags("a")).unwrap().remove, [""; 0]);
        let change = marker().tag_update(tags("a"), tags("b")).unwrap();
        assert_eq!(change.remove, ["a"]);
        assert_eq!(change.set, marker().add_to_tags(tags("b")));
    }

    #[test]
    fn a_resource_of_a_cloudformation_stack_has_that_owner() {
        let tags = BTreeMap::from([(CLOUDFORMATION_TAG.to_owned(), "prod".to_owned())]);
        let (users, info) = parse_tags(tags, "chat");
        assert_eq!((users.len(), info.owner), (0, Owner::CloudFormation("prod".into())));
    }
}
