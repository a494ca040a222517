//! The operations of IAM that are imitated: what each does to a role, and what it answers.
use crate::control_plane::iam::input::{CreateRole, check_policy_arn, check_trust};
use crate::control_plane::iam::role;
use crate::control_plane::page;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Iam;
use crate::protocol::query::{self as xml, Form};
use crate::protocol::request::Call;
use crate::protocol::response::Fault;
use crate::state::{Role, State};
use crate::store::Store;

type Result<T> = std::result::Result<T, Fault>;

/// A request, and the store that it is carried out on.
struct Request<'a> {
    store: &'a Store,
    caller: &'a Caller,
    form: &'a Form,
}

/// Carries out one operation; what it answers goes into its result element, if it has one.
pub async fn answer(store: &Store, call: &Call, operation: Iam) -> Result<Option<String>> {
    let (form, caller) = (&Form::read(call), &call.caller);
    let request = Request { store, caller, form };
    match operation {
        Iam::CreateRole => request.create().await.map(Some),
        Iam::GetRole => request.look(|it| Ok(xml::element("Role", &role::whole(it, caller)))),
        Iam::ListRoles => store.look(|state| request.list(state)).map(Some),
        Iam::ListRolePolicies => request.look(|it| list_policies(it, form)),
        Iam::GetRolePolicy => request.look(|it| role::inline(it, form)),
        Iam::ListAttachedRolePolicies => request.look(|it| list_attached(it, form)),
        Iam::ListRoleTags => request.look(|it| list_tags(it, form)),
        Iam::ListInstanceProfilesForRole => request
            .look(|_| Ok(xml::list("InstanceProfiles", []) + &xml::text("IsTruncated", "false"))),
        Iam::UpdateRole => request.update().await.map(|()| Some(String::new())),
        Iam::DeleteRole => store.change(|state| role::delete(state, caller, form)).await.map(none),
        Iam::UpdateAssumeRolePolicy => request.update_trust().await.map(none),
        Iam::PutRolePolicy => request.change(|it| role::put_policy(it, form)).await.map(none),
        Iam::DeleteRolePolicy => request.delete_policy().await.map(none),
        Iam::AttachRolePolicy => request.change(|it| role::attach(it, form)).await.map(none),
        Iam::DetachRolePolicy => request.detach().await.map(none),
        Iam::TagRole => request.tag().await.map(none),
        Iam::UntagRole => request.untag().await.map(none),
        Iam::PutRolePermissionsBoundary => request.put_boundary().await.map(none),
        Iam::DeleteRolePermissionsBoundary => request.set(|it| it.boundary = None).await.map(none),
    }
}

/// The answer of an operation that has no result element.
fn none((): ()) -> Option<String> {
    None
}

impl Request<'_> {
    fn look(&self, look: impl FnOnce(&Role) -> Result<String>) -> Result<Option<String>> {
        self.store.look(|state| look(role::find(state, self.caller, self.form)?)).map(Some)
    }

    async fn change(&self, change: impl FnOnce(&mut Role) -> Result<()>) -> Result<()> {
        self.store.change(|state| change(role::find(state, self.caller, self.form)?)).await
    }

    /// Changes a role in a way that can't fail.
    async fn set(&self, set: impl FnOnce(&mut Role)) -> Result<()> {
        self.change(|role| {
            set(role);
            Ok(())
        })
        .await
    }

    async fn create(&self) -> Result<String> {
        let (now, most) = (self.store.now_epoch_s() as i64, self.store.quotas().roles);
        let request = CreateRole::read(self.form)?;
        self.store.change(|state| role::create(state, self.caller, request, now, most)).await
    }

    fn list(&self, state: &mut State) -> Result<String> {
        let (caller, prefix) = (self.caller, self.form.get("PathPrefix").unwrap_or("/"));
        let roles = state.account(caller).roles.values().filter(|it| it.path.starts_with(prefix));
        let (roles, more) = page::by_marker(self.form, roles)?;
        Ok(xml::list("Roles", roles.into_iter().map(|it| role::outline(it, caller))) + &more)
    }

    async fn update(&self) -> Result<()> {
        let (seconds, description) = (self.form.max_session_s()?, self.form.description()?);
        self.set(|role| {
            role.description = description.or_else(|| role.description.take());
            role.max_session_s = seconds.unwrap_or(role.max_session_s);
        })
        .await
    }

    async fn update_trust(&self) -> Result<()> {
        let trust = self.form.need("PolicyDocument")?.to_owned();
        check_trust(&trust)?;
        self.set(|role| role.trust = trust).await
    }

    async fn delete_policy(&self) -> Result<()> {
        let name = self.form.need("PolicyName")?;
        self.change(|it| role::delete_policy(it, name)).await
    }

    async fn detach(&self) -> Result<()> {
        let arn = self.form.need("PolicyArn")?;
        self.change(|it| role::detach(it, arn)).await
    }

    async fn tag(&self) -> Result<()> {
        let tags = self.form.tags()?;
        self.change(|it| role::tag(it, tags)).await
    }

    async fn untag(&self) -> Result<()> {
        let keys = self.form.tag_keys();
        self.set(|role| role.tags.retain(|key, _| !keys.contains(&key.as_str()))).await
    }

    async fn put_boundary(&self) -> Result<()> {
        let arn = self.form.need("PermissionsBoundary")?.to_owned();
        check_policy_arn(&arn)?;
        self.set(|role| role.boundary = Some(arn)).await
    }
}

fn list_policies(role: &Role, form: &Form) -> Result<String> {
    let (names, more) = page::by_marker(form, role.inline.keys())?;
    Ok(xml::list("PolicyNames", names.into_iter().map(|it| xml::escaped(it))) + &more)
}

fn list_attached(role: &Role, form: &Form) -> Result<String> {
    let (arns, more) = page::by_marker(form, role.attached.iter())?;
    let policy = |arn: &String| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        xml::text("PolicyName", name) + &xml::text("PolicyArn", arn)
    };
    Ok(xml::list("AttachedPolicies", arns.into_iter().map(policy)) + &more)
}

fn list_tags(role: &Role, form: &Form) -> Result<String> {
    let (tags, more) = page::by_marker(form, role.tags.iter())?;
    Ok(xml::list("Tags", tags.into_iter().map(role::tag_element)) + &more)
}
