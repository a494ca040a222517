//! The operations of IAM that the emulator implements: how each changes a role, and the XML of its result.
use crate::control_plane::iam::input::{
    CreatePolicyRequest, CreateRoleRequest, check_trust_policy,
};
use crate::control_plane::iam::{managed_policy, role};
use crate::control_plane::page;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Iam;
use crate::protocol::query::{self as xml, Form};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{ManagedPolicy, Role, State};
use crate::store::Store;

type Result<T> = std::result::Result<T, AwsError>;

/// A request with the store that it is executed on.
struct IamRequest<'a> {
    store: &'a Store,
    caller: &'a Caller,
    form: &'a Form,
}

/// Executes an operation. Returns the XML of its result element, if it has one.
pub async fn handle(store: &Store, call: &ApiCall, operation: Iam) -> Result<Option<String>> {
    let (form, caller) = (&Form::parse(call), &call.caller);
    let request = IamRequest { store, caller, form };
    match operation {
        Iam::CreateRole => request.create().await.map(Some),
        Iam::GetRole => {
            request.read_role(|role| Ok(xml::element("Role", &role::role_xml(role, caller))))
        }
        Iam::ListRoles => store.read(|state| request.list(state)).map(Some),
        Iam::ListRolePolicies => request.read_role(|role| list_policies(role, form)),
        Iam::GetRolePolicy => request.read_role(|role| role::inline_policy_xml(role, form)),
        Iam::ListAttachedRolePolicies => request.read_role(|role| list_attached(role, form)),
        Iam::ListRoleTags => request.read_role(|role| list_tags(role, form)),
        Iam::ListInstanceProfilesForRole => request.read_role(|_| {
            Ok(xml::list_element("InstanceProfiles", [])
                + &xml::text_element("IsTruncated", "false"))
        }),
        Iam::UpdateRole => request.update().await.map(|()| Some(String::new())),
        Iam::DeleteRole => {
            store.change(|state| role::delete(state, caller, form)).await.map(no_result)
        }
        Iam::UpdateAssumeRolePolicy => request.update_trust().await.map(no_result),
        Iam::PutRolePolicy => {
            request.change_role(|role| role::put_inline_policy(role, form)).await.map(no_result)
        }
        Iam::DeleteRolePolicy => request.delete_policy().await.map(no_result),
        Iam::AttachRolePolicy => {
            let arn = form.require("PolicyArn")?;
            request.use_policy(arn, |role| role::attach_policy(role, form)).await.map(no_result)
        }
        Iam::DetachRolePolicy => request.detach().await.map(no_result),
        Iam::TagRole => request.tag().await.map(no_result),
        Iam::UntagRole => request.untag().await.map(no_result),
        Iam::PutRolePermissionsBoundary => request.put_boundary().await.map(no_result),
        Iam::DeleteRolePermissionsBoundary => {
            request.set_role(|role| role.boundary = None).await.map(no_result)
        }
        Iam::CreatePolicy => request.create_policy().await.map(Some),
        Iam::GetPolicy => store.read(|state| managed_policy::get(state, caller, form)).map(Some),
        Iam::ListPolicies => {
            store.read(|state| managed_policy::list(state, caller, form)).map(Some)
        }
        Iam::DeletePolicy => {
            store.change(|state| managed_policy::delete(state, caller, form)).await.map(no_result)
        }
        Iam::CreatePolicyVersion => request.create_policy_version().await.map(Some),
        Iam::GetPolicyVersion => {
            request.read_policy(|policy| managed_policy::get_version(policy, form))
        }
        Iam::ListPolicyVersions => {
            request.read_policy(|policy| managed_policy::list_versions(policy, form))
        }
        Iam::DeletePolicyVersion => request
            .change_policy(|policy| managed_policy::delete_version(policy, form))
            .await
            .map(no_result),
        Iam::TagPolicy => request.tag_policy().await.map(no_result),
        Iam::UntagPolicy => request.untag_policy().await.map(no_result),
        Iam::ListEntitiesForPolicy => {
            store.read(|state| managed_policy::list_entities(state, caller, form)).map(Some)
        }
        Iam::ListPolicyTags => {
            request.read_policy(|policy| managed_policy::list_tags(policy, form))
        }
    }
}

/// The result of an operation without a result element.
fn no_result((): ()) -> Option<String> {
    None
}

impl IamRequest<'_> {
    fn read_role(&self, read: impl FnOnce(&Role) -> Result<String>) -> Result<Option<String>> {
        self.store.read(|state| read(role::find(state, self.caller, self.form)?)).map(Some)
    }

    async fn change_role(&self, change: impl FnOnce(&mut Role) -> Result<()>) -> Result<()> {
        self.store.change(|state| change(role::find(state, self.caller, self.form)?)).await
    }

    /// Changes a role in a way that cannot fail.
    async fn set_role(&self, set: impl FnOnce(&mut Role)) -> Result<()> {
        self.change_role(|role| {
            set(role);
            Ok(())
        })
        .await
    }

    async fn create(&self) -> Result<String> {
        let (now, max) = (self.store.now_epoch_s() as i64, self.store.quotas().roles);
        let (request, caller) = (CreateRoleRequest::parse(self.form)?, self.caller);
        self.store
            .change(|state| {
                if let Some(arn) = &request.boundary {
                    managed_policy::check_exists(state, caller, arn)?;
                }
                role::create(state, caller, request, now, max)
            })
            .await
    }

    fn list(&self, state: &mut State) -> Result<String> {
        let (caller, prefix) = (self.caller, self.form.get("PathPrefix").unwrap_or("/"));
        let roles =
            state.account(caller).roles.values().filter(|role| role.path.starts_with(prefix));
        let (roles, page_members) = page::by_marker(self.form, roles)?;
        Ok(xml::list_element(
            "Roles",
            roles.into_iter().map(|role| role::summary_xml(role, caller)),
        ) + &page_members)
    }

    async fn update(&self) -> Result<()> {
        let (seconds, description) = (self.form.max_session_s()?, self.form.description()?);
        self.set_role(|role| {
            role.description = description.or_else(|| role.description.take());
            role.max_session_s = seconds.unwrap_or(role.max_session_s);
        })
        .await
    }

    async fn update_trust(&self) -> Result<()> {
        let trust = self.form.require("PolicyDocument")?.to_owned();
        check_trust_policy(&trust)?;
        self.set_role(|role| role.trust = trust).await
    }

    async fn delete_policy(&self) -> Result<()> {
        let name = self.form.require("PolicyName")?;
        self.change_role(|role| role::delete_inline_policy(role, name)).await
    }

    async fn detach(&self) -> Result<()> {
        let arn = self.form.require("PolicyArn")?;
        self.change_role(|role| role::detach_policy(role, arn)).await
    }

    async fn tag(&self) -> Result<()> {
        let tags = self.form.tags()?;
        self.change_role(|role| role::add_tags(role, tags)).await
    }

    async fn untag(&self) -> Result<()> {
        let keys = self.form.tag_keys();
        self.set_role(|role| role.tags.retain(|key, _| !keys.contains(&key.as_str()))).await
    }

    async fn put_boundary(&self) -> Result<()> {
        let arn = self.form.require("PermissionsBoundary")?.to_owned();
        self.use_policy(&arn, |role| {
            role.boundary = Some(arn.clone());
            Ok(())
        })
        .await
    }

    /// Changes a role that uses a managed policy.
    async fn use_policy(
        &self,
        arn: &str,
        change: impl FnOnce(&mut Role) -> Result<()>,
    ) -> Result<()> {
        self.store
            .change(|state| {
                role::find(state, self.caller, self.form)?;
                managed_policy::check_exists(state, self.caller, arn)?;
                change(role::find(state, self.caller, self.form)?)
            })
            .await
    }

    fn read_policy(
        &self,
        read: impl FnOnce(&ManagedPolicy) -> Result<String>,
    ) -> Result<Option<String>> {
        self.store
            .read(|state| read(managed_policy::find(state, self.caller, self.form)?))
            .map(Some)
    }

    async fn change_policy<T>(
        &self,
        change: impl FnOnce(&mut ManagedPolicy) -> Result<T>,
    ) -> Result<T> {
        self.store
            .change(|state| change(managed_policy::find(state, self.caller, self.form)?))
            .await
    }

    async fn create_policy(&self) -> Result<String> {
        let now = self.store.now_epoch_s() as i64;
        let request = CreatePolicyRequest::parse(self.form)?;
        self.store.change(|state| managed_policy::create(state, self.caller, request, now)).await
    }

    async fn create_policy_version(&self) -> Result<String> {
        let now = self.store.now_epoch_s() as i64;
        self.change_policy(|policy| managed_policy::create_version(policy, self.form, now)).await
    }

    async fn tag_policy(&self) -> Result<()> {
        let tags = self.form.tags()?;
        self.change_policy(|policy| managed_policy::add_tags(policy, tags)).await
    }

    async fn untag_policy(&self) -> Result<()> {
        let keys = self.form.tag_keys();
        self.change_policy(|policy| {
            policy.tags.retain(|key, _| !keys.contains(&key.as_str()));
            Ok(())
        })
        .await
    }
}

fn list_policies(role: &Role, form: &Form) -> Result<String> {
    let (names, page_members) = page::by_marker(form, role.inline.keys())?;
    Ok(xml::list_element("PolicyNames", names.into_iter().map(|name| xml::escape_text(name)))
        + &page_members)
}

fn list_attached(role: &Role, form: &Form) -> Result<String> {
    let (arns, page_members) = page::by_marker(form, role.attached.iter())?;
    let policy = |arn: &String| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        xml::text_element("PolicyName", name) + &xml::text_element("PolicyArn", arn)
    };
    Ok(xml::list_element("AttachedPolicies", arns.into_iter().map(policy)) + &page_members)
}

fn list_tags(role: &Role, form: &Form) -> Result<String> {
    let (tags, page_members) = page::by_marker(form, role.tags.iter())?;
    Ok(xml::list_element("Tags", tags.into_iter().map(role::tag_xml)) + &page_members)
}
