//! Roles: creating, changing and deleting them, and their XML. A role with policies is never deleted.
use crate::control_plane::iam::document;
use crate::control_plane::iam::input::{CreateRoleRequest, check_name, check_tag_count};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::query::{self as xml, Form};
use crate::protocol::response::AwsError;
use crate::state::{Role, State, Tags};

/// Limits (docs/reference/iam.md#limits).
const INLINE_MAX: usize = 10_240;
const ATTACHED_MAX: usize = 20;

/// Finds the role that a request names.
pub fn find<'a>(
    state: &'a mut State,
    caller: &Caller,
    form: &Form,
) -> Result<&'a mut Role, AwsError> {
    let name = form.require("RoleName")?;
    let role = state.account(caller).roles.get_mut(&name.to_ascii_lowercase());
    require_found(role, || format!("The role with name {name} cannot be found."))
}

pub fn create(
    state: &mut State,
    caller: &Caller,
    request: CreateRoleRequest,
    now: i64,
    max: usize,
) -> Result<String, AwsError> {
    let roles = &mut state.account(caller).roles;
    let key = request.name.to_ascii_lowercase();
    if roles.contains_key(&key) {
        let message = format!("Role with name {} already exists.", request.name);
        return Err(AwsError::new(409, "EntityAlreadyExists", message));
    }
    if roles.len() >= max {
        let message = format!("Cannot exceed quota for RolesPerAccount: {max}");
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    let CreateRoleRequest { name, path, trust, description, max_session_s, boundary, tags } =
        request;
    let role = Role {
        name,
        id: ids::role_id(),
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
    let response = xml::element("Role", &(summary_xml(&role, caller) + &details_xml(&role)));
    roles.insert(key, role);
    Ok(response)
}

pub fn delete(state: &mut State, caller: &Caller, form: &Form) -> Result<(), AwsError> {
    let role = find(state, caller, form)?;
    let conflict = |message: &str| Err(AwsError::new(409, "DeleteConflict", message));
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

pub fn put_inline_policy(role: &mut Role, form: &Form) -> Result<(), AwsError> {
    let name = form.require("PolicyName")?;
    check_name(name, "PolicyName", 128)?;
    let text = form.require("PolicyDocument")?;
    document::check(text, false)?;
    let size = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).count();
    let others =
        role.inline.iter().filter(|(other, _)| *other != name).map(|(_, document)| size(document));
    if others.sum::<usize>() + size(text) > INLINE_MAX {
        let message =
            format!("Maximum policy size of {INLINE_MAX} bytes exceeded for role {}", role.name);
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    role.inline.insert(name.to_owned(), text.to_owned());
    Ok(())
}

pub fn delete_inline_policy(role: &mut Role, name: &str) -> Result<(), AwsError> {
    require_found(role.inline.remove(name).map(drop), || missing_policy_message(name))
}

/// Attaches a policy that exists.
pub fn attach_policy(role: &mut Role, form: &Form) -> Result<(), AwsError> {
    let arn = form.require("PolicyArn")?;
    if role.attached.iter().any(|attached| attached == arn) {
        return Ok(());
    }
    if role.attached.len() >= ATTACHED_MAX {
        let message = format!("Cannot exceed quota for PoliciesPerRole: {ATTACHED_MAX}");
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    role.attached.push(arn.to_owned());
    Ok(())
}

pub fn detach_policy(role: &mut Role, arn: &str) -> Result<(), AwsError> {
    let index = role.attached.iter().position(|attached| attached == arn);
    let index = require_found(index, || format!("Policy {arn} was not found."))?;
    role.attached.remove(index);
    Ok(())
}

pub fn add_tags(role: &mut Role, tags: Tags) -> Result<(), AwsError> {
    let mut all = role.tags.clone();
    all.extend(tags);
    check_tag_count(&all)?;
    role.tags = all;
    Ok(())
}

/// An inline policy, as GetRolePolicy returns it.
pub fn inline_policy_xml(role: &Role, form: &Form) -> Result<String, AwsError> {
    let name = form.require("PolicyName")?;
    let text = role.inline.get(name);
    let text = require_found(text, || missing_policy_message(name))?;
    let members = [
        xml::text_element("RoleName", &role.name),
        xml::text_element("PolicyName", name),
        xml::text_element("PolicyDocument", &document::percent_encode(text)),
    ];
    Ok(members.concat())
}

/// What `ListRoles` returns for a role.
pub fn summary_xml(role: &Role, caller: &Caller) -> String {
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
        xml::text_element("Path", &role.path),
        xml::text_element("RoleName", &role.name),
        xml::text_element("RoleId", &role.id),
        xml::text_element("Arn", &arn),
        xml::text_element("CreateDate", &created),
        xml::text_element("AssumeRolePolicyDocument", &document::percent_encode(&role.trust)),
    ]
    .concat();
    if let Some(description) = &role.description {
        members.push_str(&xml::text_element("Description", description));
    }
    members.push_str(&xml::text_element("MaxSessionDuration", &role.max_session_s.to_string()));
    members
}

/// What `ListRoles` omits (docs/reference/iam.md#listroles).
fn details_xml(role: &Role) -> String {
    let mut members = String::new();
    if let Some(arn) = &role.boundary {
        let boundary = xml::text_element("PermissionsBoundaryType", "PermissionsBoundaryPolicy")
            + &xml::text_element("PermissionsBoundaryArn", arn);
        members.push_str(&xml::element("PermissionsBoundary", &boundary));
    }
    if !role.tags.is_empty() {
        members.push_str(&xml::list_element("Tags", role.tags.iter().map(tag_xml)));
    }
    members
}

pub fn role_xml(role: &Role, caller: &Caller) -> String {
    summary_xml(role, caller) + &details_xml(role) + &xml::element("RoleLastUsed", "")
}

pub fn tag_xml((key, value): (&String, &String)) -> String {
    xml::text_element("Key", key) + &xml::text_element("Value", value)
}

fn missing_policy_message(name: &str) -> String {
    format!("The role policy with name {name} cannot be found.")
}

/// The entity, or IAM's error for a missing one.
fn require_found<T>(entity: Option<T>, message: impl FnOnce() -> String) -> Result<T, AwsError> {
    entity.ok_or_else(|| AwsError::new(404, "NoSuchEntity", message()))
}
