//! Managed policies of an account, with their versions: creating, changing and deleting them, and their XML. AWS's own
//! managed policies exist for attachments only.
use crate::control_plane::iam::document;
use crate::control_plane::iam::input::{
    CreatePolicyRequest, check_policy_size, check_tag_count, parse_policy_arn,
    policy_not_attachable,
};
use crate::control_plane::iam::role::tag_xml;
use crate::control_plane::page;
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::query::{self as xml, Form};
use crate::protocol::response::AwsError;
use crate::state::{ManagedPolicy, PolicyVersion, Role, State, Tags};

const VERSIONS_MAX: usize = 5;

/// Rejects a policy that does not exist, for an attachment or a permissions boundary.
pub fn check_exists(state: &mut State, caller: &Caller, arn: &str) -> Result<(), AwsError> {
    let is_aws = parse_policy_arn(arn)? == "aws";
    match is_aws || find_by_arn(state, caller, arn).is_some() {
        true => Ok(()),
        false => Err(policy_not_attachable(arn)),
    }
}

pub fn create(
    state: &mut State,
    caller: &Caller,
    request: CreatePolicyRequest,
    now: i64,
) -> Result<String, AwsError> {
    let policies = &mut state.account(caller).policies;
    let key = request.name.to_ascii_lowercase();
    if policies.contains_key(&key) {
        let message = format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            request.name
        );
        return Err(AwsError::new(409, "EntityAlreadyExists", message));
    }
    let CreatePolicyRequest { name, path, document, description, tags } = request;
    let policy = ManagedPolicy {
        name,
        id: ids::policy_id(),
        path,
        description,
        default_version: 1,
        versions: [(1, PolicyVersion { document, created_epoch_s: now })].into(),
        latest_version: 1,
        created_epoch_s: now,
        updated_epoch_s: now,
        tags,
    };
    let response = xml::element("Policy", &policy_xml(&policy, Usage::default(), caller));
    policies.insert(key, policy);
    Ok(response)
}

pub fn get(state: &mut State, caller: &Caller, form: &Form) -> Result<String, AwsError> {
    let policy = find(state, caller, form)?.clone();
    let usage = Usage::count(state, caller, &arn(&policy, caller));
    let mut members = policy_xml(&policy, usage, caller);
    if let Some(description) = &policy.description {
        members.push_str(&xml::text_element("Description", description));
    }
    Ok(xml::element("Policy", &members))
}

pub fn list(state: &mut State, caller: &Caller, form: &Form) -> Result<String, AwsError> {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let is_own_scope = form.get("Scope") != Some("AWS");
    let only_attached = form.get("OnlyAttached") == Some("true");
    let all: Vec<ManagedPolicy> = state.account(caller).policies.values().cloned().collect();
    let with_usage = all.into_iter().map(|policy| {
        let usage = Usage::count(state, caller, &arn(&policy, caller));
        (policy, usage)
    });
    let listed = with_usage.filter(|(policy, usage)| {
        is_own_scope && policy.path.starts_with(prefix) && (!only_attached || usage.attachments > 0)
    });
    let (policies, page_members) = page::by_marker(form, listed)?;
    let policies = policies.iter().map(|(policy, usage)| policy_xml(policy, *usage, caller));
    Ok(xml::list_element("Policies", policies) + &page_members)
}

pub fn delete(state: &mut State, caller: &Caller, form: &Form) -> Result<(), AwsError> {
    let policy = find(state, caller, form)?;
    let (name, versions) = (policy.name.to_ascii_lowercase(), policy.versions.len());
    let arn = arn(policy, caller);
    let usage = Usage::count(state, caller, &arn);
    if usage.attachments + usage.boundaries > 0 {
        return Err(conflict("Cannot delete a policy attached to entities."));
    }
    if versions > 1 {
        return Err(conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    state.account(caller).policies.remove(&name);
    Ok(())
}

pub fn create_version(
    policy: &mut ManagedPolicy,
    form: &Form,
    now: i64,
) -> Result<String, AwsError> {
    let document = form.require("PolicyDocument")?;
    document::check(document, false)?;
    check_policy_size(document)?;
    if policy.versions.len() >= VERSIONS_MAX {
        let message = format!(
            "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version."
        );
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    policy.latest_version += 1;
    let version = policy.latest_version;
    let created = PolicyVersion { document: document.to_owned(), created_epoch_s: now };
    policy.versions.insert(version, created);
    policy.updated_epoch_s = now;
    if form.get("SetAsDefault") == Some("true") {
        policy.default_version = version;
    }
    let members = version_xml(policy, version, &policy.versions[&version]);
    Ok(xml::element("PolicyVersion", &members))
}

pub fn get_version(policy: &ManagedPolicy, form: &Form) -> Result<String, AwsError> {
    let (number, version) = find_version(policy, form)?;
    let document = xml::text_element("Document", &document::percent_encode(&version.document));
    Ok(xml::element("PolicyVersion", &(document + &version_xml(policy, number, version))))
}

/// The newest version is the first.
pub fn list_versions(policy: &ManagedPolicy, form: &Form) -> Result<String, AwsError> {
    let (versions, page_members) = page::by_marker(form, policy.versions.iter().rev())?;
    let versions =
        versions.into_iter().map(|(number, version)| version_xml(policy, *number, version));
    Ok(xml::list_element("Versions", versions) + &page_members)
}

pub fn delete_version(policy: &mut ManagedPolicy, form: &Form) -> Result<(), AwsError> {
    let (number, _) = find_version(policy, form)?;
    if number == policy.default_version {
        return Err(conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.remove(&number);
    Ok(())
}

pub fn add_tags(policy: &mut ManagedPolicy, tags: Tags) -> Result<(), AwsError> {
    let mut all = policy.tags.clone();
    all.extend(tags);
    check_tag_count(&all)?;
    policy.tags = all;
    Ok(())
}

pub fn list_tags(policy: &ManagedPolicy, form: &Form) -> Result<String, AwsError> {
    let (tags, page_members) = page::by_marker(form, policy.tags.iter())?;
    Ok(xml::list_element("Tags", tags.into_iter().map(tag_xml)) + &page_members)
}

/// The roles that a policy is attached to. There are no users and groups.
pub fn list_entities(state: &mut State, caller: &Caller, form: &Form) -> Result<String, AwsError> {
    let policy = form.require("PolicyArn")?.to_owned();
    if parse_policy_arn(&policy)? != "aws" {
        find(state, caller, form)?;
    }
    let roles = state.account(caller).roles.values();
    let (roles, page_members) =
        page::by_marker(form, roles.filter(|role| role.attached.contains(&policy)))?;
    let role_xml = |role: &Role| {
        xml::text_element("RoleName", &role.name) + &xml::text_element("RoleId", &role.id)
    };
    let roles = xml::list_element("PolicyRoles", roles.into_iter().map(role_xml));
    let others = xml::list_element("PolicyGroups", []) + &xml::list_element("PolicyUsers", []);
    Ok(others + &roles + &page_members)
}

/// Finds the policy whose ARN a request has.
pub fn find<'a>(
    state: &'a mut State,
    caller: &Caller,
    form: &Form,
) -> Result<&'a mut ManagedPolicy, AwsError> {
    let arn = form.require("PolicyArn")?;
    parse_policy_arn(arn)?;
    let policy = find_by_arn(state, caller, arn);
    policy.ok_or_else(|| AwsError::new(404, "NoSuchEntity", format!("Policy {arn} was not found.")))
}

fn find_by_arn<'a>(
    state: &'a mut State,
    caller: &Caller,
    policy_arn: &str,
) -> Option<&'a mut ManagedPolicy> {
    let name = policy_arn.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let policy = state.account(caller).policies.get_mut(&name);
    policy.filter(|policy| arn(policy, caller) == policy_arn)
}

/// The version `v1`, `v2`, … that a request has.
fn find_version<'a>(
    policy: &'a ManagedPolicy,
    form: &Form,
) -> Result<(u32, &'a PolicyVersion), AwsError> {
    let id = form.require("VersionId")?;
    let number = id.strip_prefix('v').and_then(|number| number.parse::<u32>().ok());
    let version = number.and_then(|number| Some((number, policy.versions.get(&number)?)));
    version.ok_or_else(|| {
        let message = format!(
            "Policy {} version {id} does not exist or is not attachable.",
            form.get("PolicyArn").unwrap_or_default()
        );
        AwsError::new(404, "NoSuchEntity", message)
    })
}

/// How many roles use a policy.
#[derive(Clone, Copy, Default)]
struct Usage {
    attachments: usize,
    boundaries: usize,
}

impl Usage {
    fn count(state: &mut State, caller: &Caller, arn: &str) -> Self {
        let roles =
            || state.accounts.get(&caller.account).into_iter().flat_map(|a| a.roles.values());
        Self {
            attachments: roles()
                .filter(|role| role.attached.iter().any(|attached| attached == arn))
                .count(),
            boundaries: roles().filter(|role| role.boundary.as_deref() == Some(arn)).count(),
        }
    }
}

fn policy_xml(policy: &ManagedPolicy, usage: Usage, caller: &Caller) -> String {
    let mut members = [
        xml::text_element("PolicyName", &policy.name),
        xml::text_element("PolicyId", &policy.id),
        xml::text_element("Arn", &arn(policy, caller)),
        xml::text_element("Path", &policy.path),
        xml::text_element("DefaultVersionId", &format!("v{}", policy.default_version)),
        xml::text_element("AttachmentCount", &usage.attachments.to_string()),
        xml::text_element("PermissionsBoundaryUsageCount", &usage.boundaries.to_string()),
        xml::text_element("IsAttachable", "true"),
        xml::text_element("CreateDate", &date(policy.created_epoch_s)),
        xml::text_element("UpdateDate", &date(policy.updated_epoch_s)),
    ]
    .concat();
    if !policy.tags.is_empty() {
        members.push_str(&xml::list_element("Tags", policy.tags.iter().map(tag_xml)));
    }
    members
}

fn version_xml(policy: &ManagedPolicy, number: u32, version: &PolicyVersion) -> String {
    let is_default = if number == policy.default_version { "true" } else { "false" };
    [
        xml::text_element("VersionId", &format!("v{number}")),
        xml::text_element("IsDefaultVersion", is_default),
        xml::text_element("CreateDate", &date(version.created_epoch_s)),
    ]
    .concat()
}

fn date(epoch_s: i64) -> String {
    jiff::Timestamp::from_second(epoch_s).unwrap_or_default().to_string()
}

pub fn arn(policy: &ManagedPolicy, caller: &Caller) -> String {
    let (partition, account) = (caller.partition(), &caller.account);
    format!("arn:{partition}:iam::{account}:policy{}{}", policy.path, policy.name)
}

fn conflict(message: &str) -> AwsError {
    AwsError::new(409, "DeleteConflict", message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
    use axum::http::Method;

    use super::*;
    use crate::control_plane::service_call::{self, ServiceOutput};
    use crate::protocol::request::ApiCall;
    use crate::store::Store;

    const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:*","Resource":"*"}]}"#;
    const ARN: &str = "arn:aws:iam::123456789012:policy/p";

    struct Iam(Arc<Store>);

    impl Iam {
        fn new() -> Self {
            Self(Store::in_memory(SharedTimeSource::new(SystemTimeSource::new())))
        }

        async fn call(&self, action: &str, members: &[(&str, &str)]) -> Result<String, AwsError> {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", action).extend_pairs(members);
            let credential = "AKIDEXAMPLE/20261201/us-east-1/iam/aws4_request";
            let call = ApiCall {
                method: Method::POST,
                path: "/".to_owned(),
                query: String::new(),
                body: form.finish().into_bytes(),
                caller: Caller::from_credential(credential).unwrap(),
                target: String::new(),
                signed_at: String::new(),
                headers: Default::default(),
                stack: Default::default(),
            };
            match service_call::call(&self.0, &call).await? {
                ServiceOutput::Query(xml) => Ok(xml.unwrap_or_default()),
                _ => unreachable!("IAM has the Query protocol"),
            }
        }

        async fn ok(&self, action: &str, members: &[(&str, &str)]) -> String {
            self.call(action, members).await.unwrap_or_else(|error| panic!("{action}: {error:?}"))
        }

        async fn check_error(
            &self,
            action: &str,
            members: &[(&str, &str)],
            expected: (&str, &str),
        ) {
            let error = self.call(action, members).await.unwrap_err();
            assert_eq!((&*error.code, error.message.as_str()), expected, "{action} {members:?}");
        }
    }

    #[tokio::test]
    async fn a_policy_has_up_to_five_versions_and_one_default() {
        let iam = Iam::new();
        let create = [("PolicyName", "p"), ("PolicyDocument", DOCUMENT), ("Description", "d")];
        let created = iam.ok("CreatePolicy", &create).await;
        assert!(created.contains("<DefaultVersionId>v1</DefaultVersionId>"), "{created}");
        let policy = ("PolicyArn", ARN);
        for _ in 0..4 {
            iam.ok("CreatePolicyVersion", &[policy, ("PolicyDocument", DOCUMENT)]).await;
        }
        let too_many = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
        let version = [policy, ("PolicyDocument", DOCUMENT), ("SetAsDefault", "true")];
        iam.check_error("CreatePolicyVersion", &version, ("LimitExceeded", too_many)).await;
        let default = "Cannot delete the default version of a policy.";
        let v1 = [policy, ("VersionId", "v1")];
        iam.check_error("DeletePolicyVersion", &v1, ("DeleteConflict", default)).await;
        iam.ok("DeletePolicyVersion", &[policy, ("VersionId", "v5")]).await;
        let created = iam.ok("CreatePolicyVersion", &version).await;
        assert!(created.contains("<VersionId>v6</VersionId><IsDefaultVersion>true"), "{created}");
        let listed = iam.ok("ListPolicyVersions", &[policy]).await;
        assert!(listed.starts_with("<Versions><member><VersionId>v6</VersionId>"), "{listed}");
        let version = iam.ok("GetPolicyVersion", &v1).await;
        assert!(version.contains("<Document>%7B%22Version"), "{version}");
        let many = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.";
        iam.check_error("DeletePolicy", &[policy], ("DeleteConflict", many)).await;
        let found = iam.ok("GetPolicy", &[policy]).await;
        assert!(found.contains("<Description>d</Description>"), "{found}");
        let missing = format!("Policy {ARN} version v9 does not exist or is not attachable.");
        let v9 = [policy, ("VersionId", "v9")];
        iam.check_error("GetPolicyVersion", &v9, ("NoSuchEntity", &missing)).await;
    }

    #[tokio::test]
    async fn an_attached_policy_is_counted_and_not_deleted() {
        let iam = Iam::new();
        let trust =
            r#"{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}"#;
        iam.ok("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", trust)]).await;
        let (role, policy) = (("RoleName", "r"), ("PolicyArn", ARN));
        let missing = format!("Policy {ARN} does not exist or is not attachable.");
        iam.check_error("AttachRolePolicy", &[role, policy], ("NoSuchEntity", &missing)).await;
        let create = [("PolicyName", "p"), ("PolicyDocument", DOCUMENT)];
        iam.ok("CreatePolicy", &create).await;
        let duplicate = "A policy called p already exists. Duplicate names are not allowed.";
        iam.check_error("CreatePolicy", &create, ("EntityAlreadyExists", duplicate)).await;
        iam.ok("AttachRolePolicy", &[role, policy]).await;
        iam.ok("PutRolePermissionsBoundary", &[role, ("PermissionsBoundary", ARN)]).await;
        let found = iam.ok("GetPolicy", &[policy]).await;
        let counts = "<AttachmentCount>1</AttachmentCount><PermissionsBoundaryUsageCount>1<";
        assert!(found.contains(counts), "{found}");
        let entities = iam.ok("ListEntitiesForPolicy", &[policy]).await;
        assert!(entities.contains("<PolicyRoles><member><RoleName>r</RoleName>"), "{entities}");
        assert!(iam.ok("ListPolicies", &[("OnlyAttached", "true")]).await.contains("<Arn>arn"));
        let attached = "Cannot delete a policy attached to entities.";
        iam.check_error("DeletePolicy", &[policy], ("DeleteConflict", attached)).await;
        iam.ok("DetachRolePolicy", &[role, policy]).await;
        iam.ok("DeleteRolePermissionsBoundary", &[role]).await;
        let none = iam.ok("ListPolicies", &[("OnlyAttached", "true")]).await;
        assert!(none.starts_with("<Policies></Policies>"), "{none}");
        iam.ok("DeletePolicy", &[policy]).await;
        let gone = format!("Policy {ARN} was not found.");
        iam.check_error("GetPolicy", &[policy], ("NoSuchEntity", &gone)).await;
    }

    #[tokio::test]
    async fn tags_of_a_policy_and_its_size_are_limited() {
        let iam = Iam::new();
        let (policy, name) = (("PolicyArn", ARN), ("PolicyName", "p"));
        let long = DOCUMENT.replace("a:*", &"a".repeat(6_144));
        let size = ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144");
        iam.check_error("CreatePolicy", &[name, ("PolicyDocument", &long)], size).await;
        let invalid = ("MalformedPolicyDocument", "This policy contains invalid Json");
        iam.check_error("CreatePolicy", &[name, ("PolicyDocument", "{")], invalid).await;
        iam.ok("CreatePolicy", &[name, ("PolicyDocument", DOCUMENT)]).await;
        let tag = [policy, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        iam.ok("TagPolicy", &tag).await;
        let tags = iam.ok("ListPolicyTags", &[policy]).await;
        assert!(tags.contains("<Key>k</Key><Value>v</Value>"), "{tags}");
        iam.ok("UntagPolicy", &[policy, ("TagKeys.member.1", "k")]).await;
        assert!(iam.ok("ListPolicyTags", &[policy]).await.starts_with("<Tags></Tags>"));
    }
}
