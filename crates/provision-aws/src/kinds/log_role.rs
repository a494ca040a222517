//! Log roles on AWS: a role, its trust, its policies, its tags (docs/reference/iam.md#operations).
mod policies;

use std::collections::BTreeMap;

use aws_sdk_iam::types as sdk;
use futures_util::future::{try_join, try_join_all};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::client::Aws;
use crate::error::{AwsError, failed, if_exists};
use crate::kinds::log_role::policies::{Known, inline_mark, managed_mark, marks, remembered};
use provision_core::failure::ErrorClass;
use provision_core::kinds::log_role::{InlinePolicy, LogRole, NAME_MAX};
use provision_core::model::{Attributes, Tags};
use provision_core::ownership::{OwnershipMarker, POLICIES_TAG, TagUpdate, parse_tags};
use provision_core::text::Text;

impl Remote for LogRole {
    /// Ours all stand under one path, so that one list finds them, whatever else the account has.
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let call = aws.iam.list_roles().path_prefix(path(seek.stack, &aws.region));
        let roles = call.into_paginator().items().send().try_collect().await;
        let listed = |role: sdk::Role| Listed {
            attributes: attributes(&role),
            name: Some(role.role_name),
            marked: None,
            properties: None,
        };
        Ok(roles.map_err(failed("ListRoles"))?.into_iter().map(listed).collect())
    }
    async fn read(aws: &Aws, seek: &Seek<'_>, listed: &Attributes) -> Answer<Option<Whole<Self>>> {
        Ok(if_exists(read(aws, seek.stack, &listed.text("RoleName")).await)?.flatten())
    }
    async fn create(self, aws: &Aws, mark: &OwnershipMarker) -> Answer<Attributes> {
        let name = match &self.role_name {
            Some(name) => name.expect_plain().to_owned(),
            None => default_name(mark, &aws.region),
        };
        let mut tags = mark.add_to_tags(self.tags.expect_plain());
        tags.extend([remembered([&self])]);
        let call = aws
            .iam_once
            .create_role()
            .role_name(&name)
            .path(path(&mark.stack, &aws.region))
            .assume_role_policy_document(self.assume_role_policy_document.to_string())
            .set_description(self.description.as_ref().map(|it| it.expect_plain().to_owned()))
            .set_tags(Some(to_sdk(tags)));
        let made = call.send().await.map_err(failed("CreateRole"))?.role;
        let nothing = Self { policies: vec![], managed_policy_arns: vec![], ..self.clone() };
        set_policies(aws, &name, &nothing, &self).await.map_err(AwsError::partial)?;
        Ok(made.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &OwnershipMarker,
        was: Self,
        attributes: &Attributes,
    ) -> Answer<()> {
        let name = attributes.text("RoleName");
        if self.assume_role_policy_document != was.assume_role_policy_document {
            let call = aws.iam.update_assume_role_policy().role_name(&name);
            let call = call.policy_document(self.assume_role_policy_document.to_string());
            call.send().await.map_err(failed("UpdateAssumeRolePolicy"))?;
        }
        if self.description != was.description {
            let call = aws.iam.update_role().role_name(&name);
            let call = call.description(self.description.as_ref().map_or("", Text::expect_plain));
            call.send().await.map_err(failed("UpdateRole"))?;
        }
        if marks(&self) != marks(&was) {
            // Before it is there: a run that is killed in between leaves what the next one understands.
            not_others(aws, &name, &was, &self).await?;
            tag(aws, &name, BTreeMap::from([remembered([&was, &self])])).await?;
        }
        // Of several calls, some may have been carried out.
        set_policies(aws, &name, &was, &self).await.map_err(AwsError::partial)?;
        retag(aws, &name, mark, &was, &self).await.map_err(AwsError::partial)
    }
    /// IAM deletes only a bare role. Whoever let it be deleted has let all that is in it.
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> Answer<()> {
        let name = attributes.text("RoleName");
        let (inline, managed_policy_arns) =
            try_join(inline_names(aws, &name), managed_policies(aws, &name)).await?;
        let policy = |policy_name| InlinePolicy { policy_name, policy_document: Value::Null };
        let policies = inline.into_iter().map(policy).collect();
        let all = Self { policies, managed_policy_arns, ..self.clone() };
        let bare = Self { policies: vec![], managed_policy_arns: vec![], ..self };
        set_policies(aws, &name, &all, &bare).await.map_err(AwsError::partial)?;
        let gone = aws.iam.delete_role().role_name(&name).send().await;
        gone.map(drop).map_err(failed("DeleteRole")).map_err(AwsError::partial)
    }
}

/// Where all roles of a stack in a region stand.
fn path(stack: &str, region: &str) -> String {
    format!("/provision/{stack}/{region}/")
}

/// `STACK-KEY-REGION`, cut and made unique again where that is too long for IAM.
fn default_name(mark: &OwnershipMarker, region: &str) -> String {
    let name = format!("{}-{}-{region}", mark.stack, mark.address.name());
    if name.len() <= NAME_MAX {
        return name;
    }
    let digest = Sha256::digest(name.as_bytes());
    let suffix: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = name.chars().take(NAME_MAX - suffix.len() - 1).collect();
    format!("{kept}-{suffix}")
}

/// Turns the policies that the role `was` given into those it `should` have: new ones first, so
/// that what stays allowed is never missing in between.
async fn set_policies(aws: &Aws, name: &str, was: &LogRole, should: &LogRole) -> Answer<()> {
    let puts = should.policies.iter().filter(|it| !was.policies.contains(it)).map(|it| async {
        let call = aws.iam.put_role_policy().role_name(name).policy_name(&it.policy_name);
        let call = call.policy_document(it.policy_document.to_string());
        call.send().await.map(drop).map_err(failed("PutRolePolicy"))
    });
    let arns = |role: &LogRole| -> Vec<String> {
        role.managed_policy_arns.iter().map(|it| it.expect_plain().to_owned()).collect()
    };
    let (old, new) = (arns(was), arns(should));
    let attaches = new.iter().filter(|it| !old.contains(it)).map(|arn| async move {
        let call = aws.iam.attach_role_policy().role_name(name).policy_arn(arn);
        call.send().await.map(drop).map_err(failed("AttachRolePolicy"))
    });
    try_join(try_join_all(puts), try_join_all(attaches)).await?;
    let kept =
        |gone: &InlinePolicy| should.policies.iter().any(|it| it.policy_name == gone.policy_name);
    let removes = was.policies.iter().filter(|it| !kept(it)).map(|it| async {
        let call = aws.iam.delete_role_policy().role_name(name).policy_name(&it.policy_name);
        if_exists(call.send().await.map_err(failed("DeleteRolePolicy")))
    });
    let detaches = old.iter().filter(|it| !new.contains(it)).map(|arn| async move {
        let call = aws.iam.detach_role_policy().role_name(name).policy_arn(arn);
        if_exists(call.send().await.map_err(failed("DetachRolePolicy")))
    });
    try_join(try_join_all(removes), try_join_all(detaches)).await?;
    Ok(())
}

/// Refuses to take the place of an inline policy that others put there: IAM itself would.
async fn not_others(aws: &Aws, name: &str, was: &LogRole, should: &LogRole) -> Answer<()> {
    let ours = |it: &InlinePolicy| was.policies.iter().any(|was| was.policy_name == it.policy_name);
    for InlinePolicy { policy_name, .. } in should.policies.iter().filter(|it| !ours(it)) {
        let call = aws.iam.get_role_policy().role_name(name).policy_name(policy_name);
        if if_exists(call.send().await.map_err(failed("GetRolePolicy")))?.is_none() {
            continue;
        }
        // An earlier attempt of ours may have put it there.
        let role = aws.iam.get_role().role_name(name).send().await.map_err(failed("GetRole"))?.role;
        let tags = role.as_ref().map(sdk::Role::tags).unwrap_or_default();
        let tag = tags.iter().find(|it| it.key() == POLICIES_TAG).map(sdk::Tag::value);
        if !Known::of(tag).has(&inline_mark(policy_name)) {
            let message = format!(
                "the role has an inline policy `{policy_name}` that this stack never declared; it is not touched"
            );
            return Err(AwsError::new(ErrorClass::Exists, "PutRolePolicy", message));
        }
    }
    Ok(())
}

/// Sets the mark, the user's tags, and which policies are ours by now.
async fn retag(
    aws: &Aws,
    name: &str,
    mark: &OwnershipMarker,
    was: &LogRole,
    should: &LogRole,
) -> Answer<()> {
    let change = mark.tag_update(was.tags.expect_plain(), should.tags.expect_plain());
    let moved = marks(was) != marks(should);
    let TagUpdate { mut set, remove: gone } = match change {
        Some(change) => change,
        None if moved => TagUpdate { set: BTreeMap::new(), remove: vec![] },
        None => return Ok(()),
    };
    set.extend([remembered([should])]);
    tag(aws, name, set).await?;
    if !gone.is_empty() {
        let call = aws.iam.untag_role().role_name(name).set_tag_keys(Some(gone));
        call.send().await.map_err(failed("UntagRole"))?;
    }
    Ok(())
}

async fn tag(aws: &Aws, name: &str, tags: BTreeMap<String, String>) -> Answer<()> {
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

/// The role and its policies, in as few round trips as IAM allows: two. Of policies that are not ours
/// only the names are asked for.
async fn read(aws: &Aws, stack: &str, name: &str) -> Answer<Option<Whole<LogRole>>> {
    let role = async { aws.iam.get_role().role_name(name).send().await.map_err(failed("GetRole")) };
    let (role, (inline, managed)) =
        try_join(role, try_join(inline_names(aws, name), managed_policies(aws, name))).await?;
    let Some(role) = role.role else { return Ok(None) };
    let attributes = attributes(&role);
    let tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    let tags: BTreeMap<String, String> = tags.collect();
    let known = Known::of(tags.get(POLICIES_TAG).map(String::as_str));
    let (tags, marked) = parse_tags(tags, stack);
    let trust = decoded(role.assume_role_policy_document().unwrap_or_default());
    let (inline, others): (Vec<_>, Vec<_>) =
        inline.into_iter().partition(|it| known.has(&inline_mark(it)));
    let (managed, other_arns): (Vec<_>, Vec<_>) =
        managed.into_iter().partition(|it| known.has(&managed_mark(it)));
    let others = others.into_iter().map(|it| ("inline policy", it));
    let other_arns = other_arns.into_iter().map(|it| ("managed policy", it.to_string()));
    let properties = LogRole {
        assume_role_policy_document: trust,
        description: role.description().filter(|it| !it.is_empty()).map(Text::from),
        role_name: Some(role.role_name().into()),
        policies: try_join_all(inline.into_iter().map(|it| inline_policy(aws, name, it))).await?,
        managed_policy_arns: managed,
        tags: Tags::of_plain(tags),
    };
    let strangers = others.chain(other_arns).collect();
    Ok(Some(Whole { properties, attributes, marked, strangers }))
}

async fn inline_names(aws: &Aws, name: &str) -> Answer<Vec<String>> {
    let call = aws.iam.list_role_policies().role_name(name);
    let names = call.into_paginator().items().send().try_collect().await;
    names.map_err(failed("ListRolePolicies"))
}

async fn inline_policy(aws: &Aws, name: &str, policy: String) -> Answer<InlinePolicy> {
    let call = aws.iam.get_role_policy().role_name(name).policy_name(&policy);
    let answer = call.send().await.map_err(failed("GetRolePolicy"))?;
    let policy_document = decoded(answer.policy_document());
    Ok(InlinePolicy { policy_name: policy, policy_document })
}

async fn managed_policies(aws: &Aws, name: &str) -> Answer<Vec<Text>> {
    let call = aws.iam.list_attached_role_policies().role_name(name);
    let policies = call.into_paginator().items().send().try_collect().await;
    let policies = policies.map_err(failed("ListAttachedRolePolicies"))?;
    Ok(policies.into_iter().filter_map(|policy| policy.policy_arn).map(Text::from).collect())
}

/// IAM's answers have documents percent-encoded (docs/reference/iam.md#policy-documents). What is
/// no JSON stays as text, so that it differs from whatever should be there.
fn decoded(document: &str) -> Value {
    let text = percent_decode_str(document).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}
