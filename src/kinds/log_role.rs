//! `AWS::IAM::Role`: the role that AppSync writes its logs as, and no other.
use std::collections::BTreeMap;

use aws_sdk_iam::types as sdk;
use futures_util::future::{try_join, try_join_all};
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::{Aws, AwsError, Class, failed};
use crate::calls::{Answer, Listed, Remote, Seek, Whole};
use crate::kind::{Imported, Kind, Owner, Problems, Scope, Step};
use crate::kinds::api::ApiDeclaration;
use crate::kinds::policy_document::{PolicyDocument, check_document};
use crate::mark::{Mark, of_tags};
use crate::model::{Attributes, Site, Tags};
use crate::text::Text;

/// A role, as far as logging needs one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LogRole {
    assume_role_policy_document: Value,
    description: Option<Text>,
    role_name: Option<Text>,
    #[serde(default)]
    policies: Vec<InlinePolicy>,
    #[serde(default)]
    managed_policy_arns: Vec<Text>,
    #[serde(default)]
    tags: Tags,
}

/// A policy that lives in the role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct InlinePolicy {
    policy_name: String,
    policy_document: Value,
}

/// A role that AppSync writes its logs as.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({}))]
#[schemars(example = json!({ "arn": "arn:aws:iam::123456789012:role/existing" }))]
pub struct LogRoleDeclaration {
    /// An existing role, which is used and never changed. Nothing else may stand beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<Text>,
    /// Its name on AWS. Left out: made from stack, key and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
    /// Who may assume it. Left out: AppSync.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<PolicyDocument>,
    /// What it may do: policy name → document. Left out, without `managedPolicies`: write AppSync's
    /// log groups of this account and region, and no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<IndexMap<String, PolicyDocument>>,
    /// ARNs of managed policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("uniqueItems" = true))]
    managed_policies: Option<Vec<Text>>,
    /// Its logical id in a CloudFormation template. Left out: made from its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9]{1,255}$"))]
    logical_id: Option<String>,
}

/// IAM's limits (reference §5.2, §5.3).
const NAME_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 1_000;
const TRUST_MAX: usize = 2_048;
const INLINE_MAX: usize = 10_240;
const MANAGED_MAX: usize = 20;

impl Kind for LogRole {
    const TYPE: &'static str = "AWS::IAM::Role";
    const NOUN: &'static str = "log role";
    const SECTION: &'static str = "logRoles";
    const IMMUTABLE: &'static [&'static str] = &["RoleName"];
    const EXAMPLE: &'static str = "{description: Writes AppSync's logs}";
    type Declaration = LogRoleDeclaration;

    fn check(declared: &LogRoleDeclaration, scope: &Scope<'_>, problems: &mut Problems) {
        match &declared.arn {
            Some(arn) => check_existing(arn, declared, problems),
            None => check_new(declared, problems),
        }
        let uses = |api: &str| {
            let api = scope.declared::<ApiDeclaration>(&crate::address::Address::top("apis", api));
            api.and_then(|api| api.logging).is_some_and(|it| it.role == scope.address.name())
        };
        if !scope.names("apis").into_iter().any(uses) {
            problems.warning_at_key("PV240", &[], "no API logs with this role".into()).help =
                Some(format!(
                    "name it in an API, `logging: {{ level: ERROR, role: {} }}`, or remove it",
                    scope.address.name()
                ));
        }
    }

    fn expand(declared: &LogRoleDeclaration, scope: &Scope<'_>) -> Option<Self> {
        if declared.arn.is_some() {
            return None;
        }
        let inline = |(name, document): (&String, &PolicyDocument)| InlinePolicy {
            policy_name: name.clone(),
            policy_document: document.0.clone(),
        };
        let own = declared.policies.as_ref().map(|it| it.iter().map(inline).collect());
        let default = || match declared.managed_policies {
            Some(_) => Vec::new(),
            None => vec![InlinePolicy {
                policy_name: "WriteAppSyncLogs".to_owned(),
                policy_document: default_permissions(),
            }],
        };
        Some(Self {
            assume_role_policy_document: declared
                .trust
                .as_ref()
                .map_or_else(default_trust, |it| it.0.clone()),
            description: declared.description.clone(),
            role_name: declared.name.clone(),
            policies: own.unwrap_or_else(default),
            managed_policy_arns: declared.managed_policies.clone().unwrap_or_default(),
            tags: scope.tags(),
        })
    }

    fn declare(self, _: &mut Imported) -> LogRoleDeclaration {
        let policies = self.policies.into_iter();
        LogRoleDeclaration {
            arn: None,
            name: self.role_name,
            description: self.description,
            trust: Some(PolicyDocument(self.assume_role_policy_document)),
            policies: Some(
                policies.map(|it| (it.policy_name, PolicyDocument(it.policy_document))).collect(),
            ),
            managed_policies: Some(self.managed_policy_arns),
            logical_id: None,
        }
    }

    /// A role that the spec does not name keeps the name it was made with.
    fn given(self, live: &Self, _: &LogRoleDeclaration, _: &Site) -> Self {
        let role_name = self.role_name.clone().or_else(|| live.role_name.clone());
        Self { role_name, ..self }
    }
}

/// AppSync may assume it (reference §5.5).
fn default_trust() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "appsync.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }],
    })
}

/// The three log actions, on the log groups that AppSync makes for Event APIs (reference §5.5, §5.6).
fn default_permissions() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/appsync/apis/*",
            },
        }],
    })
}

fn check_existing(arn: &Text, declared: &LogRoleDeclaration, problems: &mut Problems) {
    let sound = |arn: &str| {
        let parts: Vec<&str> = arn.split(':').collect();
        matches!(parts.as_slice(), ["arn", _, "iam", "", account, role]
            if account.len() == 12 && role.strip_prefix("role/").is_some_and(|it| !it.is_empty()))
    };
    if arn.as_plain().is_some_and(|arn| !sound(arn)) {
        problems.error("PV241", &[Step::Key("arn")], "this is no ARN of a role".into()).help =
            Some("such as arn:aws:iam::123456789012:role/existing".into());
    }
    for (name, given) in [
        ("name", declared.name.is_some()),
        ("description", declared.description.is_some()),
        ("trust", declared.trust.is_some()),
        ("policies", declared.policies.is_some()),
        ("managedPolicies", declared.managed_policies.is_some()),
        ("logicalId", declared.logical_id.is_some()),
    ] {
        if given {
            let message = format!("an existing role is never changed, so `{name}` has no use");
            problems.error_at_key("PV242", &[Step::Key(name)], message).help =
                Some("remove it, or remove `arn` to have a role made".into());
        }
    }
}

fn check_new(declared: &LogRoleDeclaration, problems: &mut Problems) {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    let sound = |name: &str| (1..=NAME_MAX).contains(&name.len()) && name.chars().all(allowed);
    if declared.name.as_ref().and_then(Text::as_plain).is_some_and(|name| !sound(name)) {
        problems.error("PV243", &[Step::Key("name")], "IAM takes no such name".into()).help =
            Some(format!("1 to {NAME_MAX} letters, digits and `+=,.@_-`"));
    }
    let long = |text: &Text| text.to_string().chars().count() > DESCRIPTION_MAX;
    if declared.description.as_ref().is_some_and(long) {
        let message = format!("IAM takes {DESCRIPTION_MAX} characters");
        problems.error("PV244", &[Step::Key("description")], message);
    }
    if let Some(trust) = &declared.trust {
        check_document(trust, &[Step::Key("trust")], true, problems);
        if trust.0.to_string().len() > TRUST_MAX {
            let message = format!("IAM takes a trust policy of {TRUST_MAX} characters");
            problems.error("PV244", &[Step::Key("trust")], message);
        }
    }
    let policies = declared.policies.iter().flatten();
    let mut size = 0;
    for (name, document) in policies {
        let at = [Step::Key("policies"), Step::Key(name)];
        if !(1..=128).contains(&name.len()) || !name.chars().all(allowed) {
            problems.error_at_key("PV243", &at, "IAM takes no policy of such a name".into()).help =
                Some("1 to 128 letters, digits and `+=,.@_-`".into());
        }
        check_document(document, &at, false, problems);
        size += document.0.to_string().chars().filter(|it| !it.is_whitespace()).count();
    }
    if size > INLINE_MAX {
        let message =
            format!("these policies have {size} characters; IAM takes {INLINE_MAX} in one role");
        problems.error_at_key("PV244", &[Step::Key("policies")], message).help =
            Some("make them managed policies and name those in `managedPolicies`".into());
    }
    if declared.managed_policies.as_ref().is_some_and(|it| it.len() > MANAGED_MAX) {
        let message = format!("IAM takes {MANAGED_MAX} managed policies in one role");
        problems.error_at_key("PV244", &[Step::Key("managedPolicies")], message);
    }
}

impl Remote for LogRole {
    /// Ours all stand under one path, so that one list finds them, whatever else the account has.
    async fn list(aws: &Aws, seek: &Seek<'_>) -> Answer<Vec<Listed<Self>>> {
        let call = aws.iam.list_roles().path_prefix(path(seek.stack, &aws.region));
        let mut pages = call.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(role) = pages.next().await.transpose().map_err(failed("ListRoles"))? {
            found.push(Listed {
                name: Some(role.role_name.clone()),
                attributes: attributes(&role),
                owner: None,
                properties: None,
            });
        }
        Ok(found)
    }
    async fn read(aws: &Aws, seek: &Seek<'_>, listed: &Attributes) -> Answer<Option<Whole<Self>>> {
        match read(aws, seek.stack, &listed.text("RoleName")).await {
            Ok(role) => Ok(role),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    async fn create(self, aws: &Aws, mark: &Mark) -> Answer<Attributes> {
        let name = match &self.role_name {
            Some(name) => name.expect_plain().to_owned(),
            None => default_name(mark, &aws.region),
        };
        let tags = mark.tagged(self.tags.expect_plain());
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
        set_policies(aws, &name, &nothing, &self).await?;
        Ok(made.as_ref().map(attributes).unwrap_or_default())
    }
    async fn update(
        self,
        aws: &Aws,
        mark: &Mark,
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
        set_policies(aws, &name, &was, &self).await?;
        retag(aws, &name, mark, was.tags.expect_plain(), self.tags.expect_plain()).await
    }
    /// IAM deletes only a bare role.
    async fn delete(self, aws: &Aws, attributes: &Attributes) -> Answer<()> {
        let name = attributes.text("RoleName");
        let bare = Self { policies: vec![], managed_policy_arns: vec![], ..self.clone() };
        set_policies(aws, &name, &self, &bare).await?;
        aws.iam.delete_role().role_name(&name).send().await.map_err(failed("DeleteRole"))?;
        Ok(())
    }
}

/// Where all roles of a stack in a region stand.
fn path(stack: &str, region: &str) -> String {
    format!("/provision/{stack}/{region}/")
}

/// `STACK-KEY-REGION`, cut and made unique again where that is too long for IAM.
fn default_name(mark: &Mark, region: &str) -> String {
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
        gone_is_gone(call.send().await.map(drop).map_err(failed("DeleteRolePolicy")))
    });
    let detaches = old.iter().filter(|it| !new.contains(it)).map(|arn| async move {
        let call = aws.iam.detach_role_policy().role_name(name).policy_arn(arn);
        gone_is_gone(call.send().await.map(drop).map_err(failed("DetachRolePolicy")))
    });
    try_join(try_join_all(removes), try_join_all(detaches)).await?;
    Ok(())
}

fn gone_is_gone(answer: Answer<()>) -> Answer<()> {
    match answer {
        Err(AwsError { class: Class::NotFound, .. }) => Ok(()),
        answer => answer,
    }
}

async fn retag(
    aws: &Aws,
    name: &str,
    mark: &Mark,
    was: BTreeMap<String, String>,
    should: BTreeMap<String, String>,
) -> Answer<()> {
    if was == should {
        return Ok(());
    }
    let gone: Vec<String> = was.into_keys().filter(|key| !should.contains_key(key)).collect();
    let call = aws.iam.tag_role().role_name(name).set_tags(Some(to_sdk(mark.tagged(should))));
    call.send().await.map_err(failed("TagRole"))?;
    if !gone.is_empty() {
        let call = aws.iam.untag_role().role_name(name).set_tag_keys(Some(gone));
        call.send().await.map_err(failed("UntagRole"))?;
    }
    Ok(())
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

/// The role and its policies, in as few round trips as IAM allows: two.
async fn read(aws: &Aws, stack: &str, name: &str) -> Answer<Option<Whole<LogRole>>> {
    let role = async { aws.iam.get_role().role_name(name).send().await.map_err(failed("GetRole")) };
    let (role, (policies, managed)) =
        try_join(role, try_join(inline_policies(aws, name), managed_policies(aws, name))).await?;
    let Some(role) = role.role else { return Ok(None) };
    let attributes = attributes(&role);
    let tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    let (tags, owner) = of_tags(tags.collect(), stack);
    // Whoever made it put it under our path; without our mark it is nobody's.
    let owner: Owner = owner;
    let trust = decoded(role.assume_role_policy_document().unwrap_or_default());
    let properties = LogRole {
        assume_role_policy_document: trust,
        description: role.description().filter(|it| !it.is_empty()).map(Text::from),
        role_name: Some(role.role_name().into()),
        policies,
        managed_policy_arns: managed,
        tags: Tags::of_plain(tags),
    };
    Ok(Some(Whole { properties, attributes, owner }))
}

async fn inline_policies(aws: &Aws, name: &str) -> Answer<Vec<InlinePolicy>> {
    let call = aws.iam.list_role_policies().role_name(name);
    let mut pages = call.into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(policy) = pages.next().await.transpose().map_err(failed("ListRolePolicies"))? {
        names.push(policy);
    }
    let read = |policy: String| async move {
        let call = aws.iam.get_role_policy().role_name(name).policy_name(&policy);
        let answer = call.send().await.map_err(failed("GetRolePolicy"))?;
        let policy_document = decoded(answer.policy_document());
        Ok(InlinePolicy { policy_name: policy, policy_document })
    };
    try_join_all(names.into_iter().map(read)).await
}

async fn managed_policies(aws: &Aws, name: &str) -> Answer<Vec<Text>> {
    let call = aws.iam.list_attached_role_policies().role_name(name);
    let mut pages = call.into_paginator().items().send();
    let mut arns = Vec::new();
    while let Some(it) =
        pages.next().await.transpose().map_err(failed("ListAttachedRolePolicies"))?
    {
        arns.extend(it.policy_arn.map(Text::from));
    }
    Ok(arns)
}

/// IAM's answers have documents percent-encoded (reference §5.1). What is no JSON stays as text, so
/// that it differs from whatever should be there.
fn decoded(document: &str) -> Value {
    let text = percent_decode_str(document).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}
