//! Which policies of a role are ours: what the role's tag remembers of those that a spec declared.
//!
//! The rest were put there by others, and are never touched.
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use provision_core::kinds::log_role::LogRole;
use provision_core::ownership::POLICIES_TAG;
use provision_core::text::Text;

/// A tag's value takes this many characters.
const VALUE_MAX: usize = 256;
/// What the tag says where it can't name them.
const ALL: &str = "all";

/// The policies of a role that are ours.
#[derive(Debug)]
pub enum Known {
    /// All of them: the role was made before the tag was, or has more policies than a tag can hold.
    All,
    These(BTreeSet<String>),
}

impl Known {
    /// Reads the tag's value.
    pub fn of(value: Option<&str>) -> Self {
        match value {
            Some(ALL) | None => Self::All,
            Some(value) => Self::These(value.split_whitespace().map(str::to_owned).collect()),
        }
    }
    pub fn has(&self, mark: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(marks) => marks.contains(mark),
        }
    }
}

/// What the tag remembers of an inline policy.
pub fn inline_mark(name: &str) -> String {
    mark(&format!("inline:{name}"))
}

/// What the tag remembers of a managed policy.
pub fn managed_mark(arn: &Text) -> String {
    mark(&format!("managed:{arn}"))
}

/// Six digits tell the policies of one role apart, and let many stand in one tag.
fn mark(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

/// What the tag remembers of all policies of `role`.
pub fn marks(role: &LogRole) -> BTreeSet<String> {
    let inline = role.policies.iter().map(|it| inline_mark(&it.policy_name));
    inline.chain(role.managed_policy_arns.iter().map(managed_mark)).collect()
}

/// The tag that remembers the policies of `roles`.
pub fn remembered<'a>(roles: impl IntoIterator<Item = &'a LogRole>) -> (String, String) {
    let marks: BTreeSet<String> = roles.into_iter().flat_map(marks).collect();
    let value = marks.into_iter().collect::<Vec<_>>().join(" ");
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
    fn a_role_remembers_its_policies_and_no_others() {
        let (_, value) = remembered([&role(1), &role(2)]);
        let known = Known::of(Some(&value));
        assert!(known.has(&inline_mark("p0")) && known.has(&inline_mark("p1")));
        assert!(known.has(&managed_mark(&"arn:x".into())));
        assert!(!known.has(&inline_mark("p2")) && !known.has(&inline_mark("arn:x")));
        assert!(!Known::of(Some("")).has(&inline_mark("p0")));
    }

    #[test]
    fn where_no_tag_says_which_all_are_ours() {
        assert!(Known::of(None).has(&inline_mark("any")));
        let (_, value) = remembered([&role(35)]);
        assert!(value.len() <= VALUE_MAX && !Known::of(Some(&value)).has(&inline_mark("any")));
        let (_, value) = remembered([&role(36)]);
        assert!(Known::of(Some(&value)).has(&inline_mark("any")));
    }
}
