//! Calls for log roles: an IAM role with its trust policy, policies and tags (docs/reference/iam.md#operations).
use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types as sdk;
use futures_util::future::{try_join, try_join_all};
use percent_encoding::percent_decode_str;
use provision_core::failure::ErrorClass;
use provision_core::kinds::log_role::{InlinePolicy, LogRole, NAME_MAX};
use provision_core::model::{Attributes, Tags};
use provision_core::ownership::{OwnershipMarker, POLICIES_TAG, TagUpdate, parse_tags};
use provision_core::text::Text;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::calls::{AwsResult, Details, ListEntry, Query, Remote};
use crate::client::Aws;
use crate::error::{AwsError, failed, if_exists};

impl Remote for LogRole {
    /// The roles of a stack have a path to themselves, so one list finds them however many roles the account has.
    async fn list(aws: &Aws, query: &Query<'_>) -> AwsResult<Vec<ListEntry<Self>>> {
        let call = aws.iam.list_roles().path_prefix(path(query.stack, &aws.region));
        let roles = call.into_paginator().items().send().try_collect().await;
        let entry = |role: sdk::Role| ListEntry {
            attributes: attributes(&role),
            name: Some(role.role_name),
            ownership: None,
            properties: None,
        };
        Ok(roles.map_err(failed("ListRoles"))?.into_iter().map(entry).collect())
    }
    async fn read(
        aws: &Aws,
        query: &Query<'_>,
        attributes: &Attributes,
    ) -> AwsResult<Option<Details<Self>>> {
        Ok(if_exists(read(aws, query.stack, &attributes.get_or_empty("RoleName")).await)?.flatten())
    }
    async fn create(self, aws: &Aws, marker: &OwnershipMarker) -> AwsResult<Attributes> {
        let name = match &self.role_name {
            Some(name) => name.expect_literal().to_owned(),
            None => default_name(marker, &aws.region),
        };
        let mut tags = marker.add_to_tags(self.tags.expect_literals());
        tags.extend([policies_tag([&self])]);
        let call = aws
            .iam_once
            .create_role()
            .role_name(&name)
            .path(path(&marker.stack, &aws.region))
            .assume_role_policy_document(self.assume_role_policy_document.to_string())
            .set_description(self.description.as_ref().map(|text| text.expect_literal().to_owned()))
            .set_tags(Some(to_sdk(tags)));
        let created = call.send().await.map_err(failed("CreateRole"))?.role;
        let without_policies =
            Self { policies: vec![], managed_policy_arns: vec![], ..self.clone() };
        set_policies(aws, &name, &without_policies, &self).await.map_err(AwsError::partial)?;
        Ok(created.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        marker: &OwnershipMarker,
        before: Self,
        attributes: &Attributes,
    ) -> AwsResult<()> {
        let name = attributes.get_or_empty("RoleName");
        if self.assume_role_policy_document != before.assume_role_policy_document {
            let call = aws.iam.update_assume_role_policy().role_name(&name);
            let call = call.policy_document(self.assume_role_policy_document.to_string());
            call.send().await.map_err(failed("UpdateAssumeRolePolicy"))?;
        }
        if self.description != before.description {
            let call = aws.iam.update_role().role_name(&name);
            let call = call.description(self.description.as_ref().map_or("", Text::expect_literal));
            call.send().await.map_err(failed("UpdateRole"))?;
        }
        if policy_digests(&self) != policy_digests(&before) {
            // The tag first: a run that is killed in between leaves a state that the next run recognizes.
            reject_foreign_policy(aws, &name, &before, &self).await?;
            tag(aws, &name, BTreeMap::from([policies_tag([&before, &self])])).await?;
        }
        // After the first call, a failure is partial.
        set_policies(aws, &name, &before, &self).await.map_err(AwsError::partial)?;
        retag(aws, &name, marker, &before, &self).await.map_err(AwsError::partial)
    }
    /// IAM deletes a role only after its policies, so the unmanaged ones are deleted as well.
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> AwsResult<()> {
        let name = attributes.get_or_empty("RoleName");
        let (inline, managed_policy_arns) =
            try_join(inline_names(aws, &name), attached_policies(aws, &name)).await?;
        let policy = |policy_name| InlinePolicy { policy_name, policy_document: Value::Null };
        let policies = inline.into_iter().map(policy).collect();
        let all = Self { policies, managed_policy_arns, ..self.clone() };
        let bare = Self { policies: vec![], managed_policy_arns: vec![], ..self };
        set_policies(aws, &name, &all, &bare).await.map_err(AwsError::partial)?;
        let deleted = aws.iam.delete_role().role_name(&name).send().await;
        deleted.map(drop).map_err(failed("DeleteRole")).map_err(AwsError::partial)
    }
}

/// Returns the path of all roles of a stack in a Region.
fn path(stack: &str, region: &str) -> String {
    format!("/provision/{stack}/{region}/")
}

/// Returns `STACK-KEY-REGION`, or its beginning and a digest if that is too long for IAM.
fn default_name(marker: &OwnershipMarker, region: &str) -> String {
    let name = format!("{}-{}-{region}", marker.stack, marker.address.name());
    if name.len() <= NAME_MAX {
        return name;
    }
    let digest = Sha256::digest(name.as_bytes());
    let suffix: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let prefix: String = name.chars().take(NAME_MAX - suffix.len() - 1).collect();
    format!("{prefix}-{suffix}")
}

/// Changes the policies of the role from `before` to `desired`. New ones are added first, so that no permission that
/// remains is missing in between.
async fn set_policies(aws: &Aws, name: &str, before: &LogRole, desired: &LogRole) -> AwsResult<()> {
    let added = desired.policies.iter().filter(|policy| !before.policies.contains(policy));
    let puts = added.map(|policy| async {
        let call = aws.iam.put_role_policy().role_name(name).policy_name(&policy.policy_name);
        let call = call.policy_document(policy.policy_document.to_string());
        call.send().await.map(drop).map_err(failed("PutRolePolicy"))
    });
    let arns = |role: &LogRole| -> Vec<String> {
        role.managed_policy_arns.iter().map(|arn| arn.expect_literal().to_owned()).collect()
    };
    let (old, new) = (arns(before), arns(desired));
    let attaches = new.iter().filter(|arn| !old.contains(arn)).map(|arn| async move {
        let call = aws.iam.attach_role_policy().role_name(name).policy_arn(arn);
        call.send().await.map(drop).map_err(failed("AttachRolePolicy"))
    });
    try_join(try_join_all(puts), try_join_all(attaches)).await?;
    let removed = before.policies.iter().filter(|policy| !has_inline(desired, &policy.policy_name));
    let deletes = removed.map(|policy| async {
        let call = aws.iam.delete_role_policy().role_name(name).policy_name(&policy.policy_name);
        if_exists(call.send().await.map_err(failed("DeleteRolePolicy")))
    });
    let detaches = old.iter().filter(|arn| !new.contains(arn)).map(|arn| async move {
        let call = aws.iam.detach_role_policy().role_name(name).policy_arn(arn);
        if_exists(call.send().await.map_err(failed("DetachRolePolicy")))
    });
    try_join(try_join_all(deletes), try_join_all(detaches)).await?;
    Ok(())
}

fn has_inline(role: &LogRole, policy_name: &str) -> bool {
    role.policies.iter().any(|policy| policy.policy_name == policy_name)
}

/// Fails if a new inline policy would replace an unmanaged one, which IAM allows.
async fn reject_foreign_policy(
    aws: &Aws,
    name: &str,
    before: &LogRole,
    desired: &LogRole,
) -> AwsResult<()> {
    for InlinePolicy { policy_name, .. } in &desired.policies {
        if has_inline(before, policy_name) {
            continue;
        }
        let call = aws.iam.get_role_policy().role_name(name).policy_name(policy_name);
        if if_exists(call.send().await.map_err(failed("GetRolePolicy")))?.is_none() {
            continue;
        }
        // An earlier attempt of this stack may have created it.
        let role = aws.iam.get_role().role_name(name).send().await.map_err(failed("GetRole"))?.role;
        let tags = role.as_ref().map(sdk::Role::tags).unwrap_or_default();
        let tag = tags.iter().find(|tag| tag.key() == POLICIES_TAG).map(sdk::Tag::value);
        if !OwnPolicies::parse(tag).contains(&inline_digest(policy_name)) {
            let message = format!(
                "the role has an inline policy `{policy_name}` that this stack does not manage; it is not modified"
            );
            return Err(AwsError::new(ErrorClass::Exists, "PutRolePolicy", message));
        }
    }
    Ok(())
}

/// Sets the ownership tags, the user's tags, and the tag that makes exactly the desired policies managed.
async fn retag(
    aws: &Aws,
    name: &str,
    marker: &OwnershipMarker,
    before: &LogRole,
    desired: &LogRole,
) -> AwsResult<()> {
    let update = marker.tag_update(before.tags.expect_literals(), desired.tags.expect_literals());
    let has_new_policies = policy_digests(before) != policy_digests(desired);
    let TagUpdate { mut set, remove } = match update {
        Some(update) => update,
        None if has_new_policies => TagUpdate { set: BTreeMap::new(), remove: vec![] },
        None => return Ok(()),
    };
    set.extend([policies_tag([desired])]);
    tag(aws, name, set).await?;
    if !remove.is_empty() {
        let call = aws.iam.untag_role().role_name(name).set_tag_keys(Some(remove));
        call.send().await.map_err(failed("UntagRole"))?;
    }
    Ok(())
}

async fn tag(aws: &Aws, name: &str, tags: BTreeMap<String, String>) -> AwsResult<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let call = aws.iam.tag_role().role_name(name).set_tags(Some(to_sdk(tags)));
    call.send().await.map(drop).map_err(failed("TagRole"))
}

fn to_sdk(tags: BTreeMap<String, String>) -> Vec<sdk::Tag> {
    let tag = |(key, value)| {
        sdk::Tag::builder().key(key).value(value).build().expect("both required fields are set")
    };
    tags.into_iter().map(tag).collect()
}

fn attributes(role: &sdk::Role) -> Attributes {
    Attributes::default()
        .with("Arn", Some(role.arn()))
        .with("RoleId", Some(role.role_id()))
        .with("RoleName", Some(role.role_name()))
}

/// Reads the role and its policies, in as few round trips as IAM allows: two. Of unmanaged policies, only the names
/// are read.
async fn read(aws: &Aws, stack: &str, name: &str) -> AwsResult<Option<Details<LogRole>>> {
    let role = async { aws.iam.get_role().role_name(name).send().await.map_err(failed("GetRole")) };
    let (role, (inline, attached)) =
        try_join(role, try_join(inline_names(aws, name), attached_policies(aws, name))).await?;
    let Some(role) = role.role else { return Ok(None) };
    let attributes = attributes(&role);
    let tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    let tags: BTreeMap<String, String> = tags.collect();
    let own = OwnPolicies::parse(tags.get(POLICIES_TAG).map(String::as_str));
    let (tags, ownership) = parse_tags(tags, stack);
    let trust = decode(role.assume_role_policy_document().unwrap_or_default());
    let (inline, foreign_inline): (Vec<_>, Vec<_>) =
        inline.into_iter().partition(|name| own.contains(&inline_digest(name)));
    let (attached, foreign_attached): (Vec<_>, Vec<_>) =
        attached.into_iter().partition(|arn| own.contains(&managed_digest(arn)));
    let foreign_inline = foreign_inline.into_iter().map(|name| ("inline policy", name));
    let foreign_attached =
        foreign_attached.into_iter().map(|arn| ("managed policy", arn.to_string()));
    let properties = LogRole {
        assume_role_policy_document: trust,
        description: role.description().filter(|text| !text.is_empty()).map(Text::from),
        role_name: Some(role.role_name().into()),
        policies: try_join_all(inline.into_iter().map(|policy| inline_policy(aws, name, policy)))
            .await?,
        managed_policy_arns: attached,
        tags: Tags::from_literals(tags),
    };
    let unmanaged = foreign_inline.chain(foreign_attached).collect();
    Ok(Some(Details { properties, attributes, ownership, unmanaged }))
}

async fn inline_names(aws: &Aws, name: &str) -> AwsResult<Vec<String>> {
    let call = aws.iam.list_role_policies().role_name(name);
    let names = call.into_paginator().items().send().try_collect().await;
    names.map_err(failed("ListRolePolicies"))
}

async fn inline_policy(aws: &Aws, name: &str, policy: String) -> AwsResult<InlinePolicy> {
    let call = aws.iam.get_role_policy().role_name(name).policy_name(&policy);
    let response = call.send().await.map_err(failed("GetRolePolicy"))?;
    let policy_document = decode(response.policy_document());
    Ok(InlinePolicy { policy_name: policy, policy_document })
}

async fn attached_policies(aws: &Aws, name: &str) -> AwsResult<Vec<Text>> {
    let call = aws.iam.list_attached_role_policies().role_name(name);
    let policies = call.into_paginator().items().send().try_collect().await;
    let policies = policies.map_err(failed("ListAttachedRolePolicies"))?;
    Ok(policies.into_iter().filter_map(|policy| policy.policy_arn).map(Text::from).collect())
}

/// Decodes a policy document, which IAM returns percent-encoded (docs/reference/iam.md#policy-documents). Invalid
/// JSON stays text, so it differs from every desired document.
fn decode(document: &str) -> Value {
    let text = percent_decode_str(document).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}

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
