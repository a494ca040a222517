//! Roles: made, read, changed, and deleted only when bare.
use crate::control_plane::iam::document;
use crate::control_plane::iam::input::{CreateRole, check_count, check_name, check_policy_arn};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::query::{self as xml, Form};
use crate::protocol::response::Fault;
use crate::state::{Role, State, Tags};

/// Limits (docs/reference/iam.md#limits).
const INLINE_MAX: usize = 10_240;
const ATTACHED_MAX: usize = 20;

/// The role that a request names.
pub fn find<'a>(state: &'a mut State, caller: &Caller, form: &Form) -> Result<&'a mut Role, Fault> {
    let name = form.need("RoleName")?;
    let role = state.account(caller).roles.get_mut(&name.to_ascii_lowercase());
    found(role, || format!("The role with name {name} cannot be found."))
}

pub fn create(
    state: &mut State,
    caller: &Caller,
    request: CreateRole,
    now: i64,
    most: usize,
) -> Result<String, Fault> {
    let roles = &mut state.account(caller).roles;
    let key = request.name.to_ascii_lowercase();
    if roles.contains_key(&key) {
        let message = format!("Role with name {} already exists.", request.name);
        return Err(Fault::new(409, "EntityAlreadyExists", message));
    }
    if roles.len() >= most {
        let message = format!("Cannot exceed quota for RolesPerAccount: {most}");
        return Err(Fault::new(409, "LimitExceeded", message));
    }
    let CreateRole { name, path, trust, description, max_session_s, boundary, tags } = request;
    let role = Role {
        name,
        id: ids::role(),
        path,
        trust,
        description,
        max_session_s: max_session_s.unwrap_or(3_600),
        boundary,
        created_epoch_s: now,
        inline: Default::default(),
        attached: Vec::new(),
        tags,
    };
    let answer = xml::element("Role", &(outline(&role, caller) + &details(&role)));
    roles.insert(key, role);
    Ok(answer)
}

pub fn delete(state: &mut State, caller: &Caller, form: &Form) -> Result<(), Fault> {
    let role = find(state, caller, form)?;
    let conflict = |message: &str| Err(Fault::new(409, "DeleteConflict", message));
    if !role.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    let name = role.name.to_ascii_lowercase();
    state.account(caller).roles.remove(&name);
    Ok(())
}

pub fn put_policy(role: &mut Role, form: &Form) -> Result<(), Fault> {
    let name = form.need("PolicyName")?;
    check_name(name, "PolicyName", 128)?;
    let text = form.need("PolicyDocument")?;
    document::check(text, false)?;
    let size = |text: &str| text.chars().filter(|it| !it.is_whitespace()).count();
    let others = role.inline.iter().filter(|(other, _)| *other != name).map(|(_, it)| size(it));
    if others.sum::<usize>() + size(text) > INLINE_MAX {
        let message =
            format!("Maximum policy size of {INLINE_MAX} bytes exceeded for role {}", role.name);
        return Err(Fault::new(409, "LimitExceeded", message));
    }
    role.inline.insert(name.to_owned(), text.to_owned());
    Ok(())
}

pub fn delete_policy(role: &mut Role, name: &str) -> Result<(), Fault> {
    found(role.inline.remove(name).map(drop), || no_policy(name))
}

pub fn attach(role: &mut Role, form: &Form) -> Result<(), Fault> {
    let arn = form.need("PolicyArn")?;
    check_policy_arn(arn)?;
    if role.attached.iter().any(|it| it == arn) {
        return Ok(());
    }
    if role.attached.len() >= ATTACHED_MAX {
        let message = format!("Cannot exceed quota for PoliciesPerRole: {ATTACHED_MAX}");
        return Err(Fault::new(409, "LimitExceeded", message));
    }
    role.attached.push(arn.to_owned());
    Ok(())
}

pub fn detach(role: &mut Role, arn: &str) -> Result<(), Fault> {
    let at = role.attached.iter().position(|it| it == arn);
    let at = found(at, || format!("Policy {arn} was not found."))?;
    role.attached.remove(at);
    Ok(())
}

pub fn tag(role: &mut Role, tags: Tags) -> Result<(), Fault> {
    let mut all = role.tags.clone();
    all.extend(tags);
    check_count(&all)?;
    role.tags = all;
    Ok(())
}

/// An inline policy, as GetRolePolicy answers it.
pub fn inline(role: &Role, form: &Form) -> Result<String, Fault> {
    let name = form.need("PolicyName")?;
    let text = role.inline.get(name);
    let text = found(text, || no_policy(name))?;
    let members = [
        xml::text("RoleName", &role.name),
        xml::text("PolicyName", name),
        xml::text("PolicyDocument", &document::encoded(text)),
    ];
    Ok(members.concat())
}

/// What `ListRoles` returns for a role.
pub fn outline(role: &Role, caller: &Caller) -> String {
    let arn = format!(
        "arn:{}:iam::{}:role{}{}",
        caller.partition(),
        caller.account,
        role.path,
        role.name
    );
    let created =
        jiff::Timestamp::from_second(role.created_epoch_s).unwrap_or_default().to_string();
    let mut members = [
        xml::text("Path", &role.path),
        xml::text("RoleName", &role.name),
        xml::text("RoleId", &role.id),
        xml::text("Arn", &arn),
        xml::text("CreateDate", &created),
        xml::text("AssumeRolePolicyDocument", &document::encoded(&role.trust)),
    ]
    .concat();
    if let Some(description) = &role.description {
        members.push_str(&xml::text("Description", description));
    }
    members.push_str(&xml::text("MaxSessionDuration", &role.max_session_s.to_string()));
    members
}

/// What `ListRoles` leaves out (docs/reference/iam.md#listroles).
fn details(role: &Role) -> String {
    let mut members = String::new();
    if let Some(arn) = &role.boundary {
        let boundary = xml::text("PermissionsBoundaryType", "PermissionsBoundaryPolicy")
            + &xml::text("PermissionsBoundaryArn", arn);
        members.push_str(&xml::element("PermissionsBoundary", &boundary));
    }
    if !role.tags.is_empty() {
        members.push_str(&xml::list("Tags", role.tags.iter().map(tag_element)));
    }
    members
}

pub fn whole(role: &Role, caller: &Caller) -> String {
    outline(role, caller) + &details(role) + &xml::element("RoleLastUsed", "")
}

pub fn tag_element((key, value): (&String, &String)) -> String {
    xml::text("Key", key) + &xml::text("Value", value)
}

fn no_policy(name: &str) -> String {
    format!("The role policy with name {name} cannot be found.")
}

/// What is there, or IAM's one error of what is not.
fn found<T>(there: Option<T>, message: impl FnOnce() -> String) -> Result<T, Fault> {
    there.ok_or_else(|| Fault::new(404, "NoSuchEntity", message()))
}
