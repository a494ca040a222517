//! Which policies of a role are managed: a tag of the role contains a digest of each.
//!
//! Other policies of the role are unmanaged. They are listed, and never modified.
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use provision_core::kinds::log_role::LogRole;
use provision_core::ownership::POLICIES_TAG;
use provision_core::text::Text;

/// The longest value of a tag, in characters.
const VALUE_MAX: usize = 256;
/// The tag's value if the digests of all policies do not fit.
const ALL: &str = "all";

/// The managed policies of a role.
#[derive(Debug)]
pub enum OwnPolicies {
    /// All of its policies: the role has no such tag, or more policies than fit into one.
    All,
    /// The policies with these digests.
    Digests(BTreeSet<String>),
}

impl OwnPolicies {
    /// Reads the value of the tag.
    pub fn parse(value: Option<&str>) -> Self {
        match value {
            Some(ALL) | None => Self::All,
            Some(value) => Self::Digests(value.split_whitespace().map(str::to_owned).collect()),
        }
    }
    /// Whether the policy with this digest is managed.
    pub fn contains(&self, digest: &str) -> bool {
        match self {
            Self::All => true,
            Self::Digests(digests) => digests.contains(digest),
        }
    }
}

/// Returns the digest of an inline policy.
pub fn inline_digest(name: &str) -> String {
    digest(&format!("inline:{name}"))
}

/// Returns the digest of an attached managed policy.
pub fn managed_digest(arn: &Text) -> String {
    digest(&format!("managed:{arn}"))
}

/// Six digits distinguish the policies of one role, and let many fit into one tag.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the digests of all declared policies of `role`.
pub fn policy_digests(role: &LogRole) -> BTreeSet<String> {
    let inline = role.policies.iter().map(|policy| inline_digest(&policy.policy_name));
    inline.chain(role.managed_policy_arns.iter().map(managed_digest)).collect()
}

/// Returns the tag that makes the policies of `roles` managed.
pub fn policies_tag<'a>(roles: impl IntoIterator<Item = &'a LogRole>) -> (String, String) {
    let digests: BTreeSet<String> = roles.into_iter().flat_map(policy_digests).collect();
    let value = digests.into_iter().collect::<Vec<_>>().join(" ");
    let value = if value.len() > VALUE_MAX { ALL.to_owned() } else { value };
    (POLICIES_TAG.to_owned(), value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn role(policies: usize) -> LogRole {
        let policy = |n| json!({ "PolicyName": format!("p{n}"), "PolicyDocument": {} });
        let policies: Vec<Value> = (0..policies).map(policy).collect();
        serde_json::from_value(json!({
            "AssumeRolePolicyDocument": {}, "Policies": policies, "ManagedPolicyArns": ["arn:x"],
        }))
        .unwrap()
    }

    #[test]
    fn the_tag_contains_declared_policies_and_no_others() {
        let (_, value) = policies_tag([&role(1), &role(2)]);
        let own = OwnPolicies::parse(Some(&value));
        assert!(own.contains(&inline_digest("p0")) && own.contains(&inline_digest("p1")));
        assert!(own.contains(&managed_digest(&"arn:x".into())));
        assert!(!own.contains(&inline_digest("p2")) && !own.contains(&inline_digest("arn:x")));
        assert!(!OwnPolicies::parse(Some("")).contains(&inline_digest("p0")));
    }

    #[test]
    fn all_policies_are_managed_without_a_tag_or_if_they_do_not_fit() {
        assert!(OwnPolicies::parse(None).contains(&inline_digest("any")));
        let (_, value) = policies_tag([&role(35)]);
        assert!(
            value.len() <= VALUE_MAX
                && !OwnPolicies::parse(Some(&value)).contains(&inline_digest("any"))
        );
        let (_, value) = policies_tag([&role(36)]);
        assert!(OwnPolicies::parse(Some(&value)).contains(&inline_digest("any")));
    }
}
