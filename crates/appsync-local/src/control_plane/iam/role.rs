//! Roles: made, read, changed, and deleted only when bare.
use crate::control_plane::iam::{Form, document, invalid, page};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::response::Fault;
use crate::protocol::xml;
use crate::state::{Role, State, Tags};
use crate::store::Store;

/// Limits (docs/reference/iam.md#limits).
const TRUST_MAX: usize = 2_048;
const INLINE_MAX: usize = 10_240;
const ATTACHED_MAX: usize = 20;
const TAGS_MAX: usize = 50;

type Result<T> = std::result::Result<T, Fault>;

/// Carries out one action; what it answers goes into its result element, if it has one.
pub async fn answer(
    action: &str,
    form: &Form,
    store: &Store,
    caller: &Caller,
) -> Result<Option<String>> {
    let now = store.now_epoch_s() as i64;
    let look = |look: &dyn Fn(&Role) -> Result<String>| {
        store.look(|state| look(find(state, caller, form)?)).map(Some)
    };
    match action {
        "CreateRole" => {
            let most = store.quotas().roles;
            store.change(|state| create(state, caller, form, now, most)).await.map(Some)
        }
        "GetRole" => look(&|role| Ok(xml::element("Role", &whole(role, caller)))),
        "ListRoles" => store.look(|state| list(state, caller, form)).map(Some),
        "ListRolePolicies" => look(&|role| {
            let (names, more) = page(form, role.inline.keys().collect())?;
            let names = names.into_iter().map(|name| escaped(name));
            Ok(xml::list("PolicyNames", names) + &more)
        }),
        "GetRolePolicy" => look(&|role| inline(role, form)),
        "ListAttachedRolePolicies" => look(&|role| {
            let (arns, more) = page(form, role.attached.iter().collect())?;
            let policy = |arn: &String| {
                let name = arn.rsplit('/').next().unwrap_or_default();
                xml::text("PolicyName", name) + &xml::text("PolicyArn", arn)
            };
            Ok(xml::list("AttachedPolicies", arns.into_iter().map(policy)) + &more)
        }),
        "ListRoleTags" => look(&|role| {
            let (tags, more) = page(form, role.tags.iter().collect())?;
            Ok(xml::list("Tags", tags.into_iter().map(tag)) + &more)
        }),
        "ListInstanceProfilesForRole" => {
            look(&|_| Ok(xml::list("InstanceProfiles", []) + &xml::text("IsTruncated", "false")))
        }
        "UpdateRole" => {
            let seconds = form.number("MaxSessionDuration", 3_600, 43_200)?;
            check_description(form)?;
            let update = |role: &mut Role| {
                if let Some(text) = form.get("Description") {
                    role.description = Some(text.to_owned());
                }
                role.max_session_s = seconds.unwrap_or(role.max_session_s);
                Ok(())
            };
            change(store, caller, form, update).await.map(|()| Some(String::new()))
        }
        "DeleteRole" => store.change(|state| delete(state, caller, form)).await.map(|()| None),
        _ => change_policies(action, form, store, caller).await.map(|()| None),
    }
}

/// The actions that change one role and answer nothing.
async fn change_policies(action: &str, form: &Form, store: &Store, caller: &Caller) -> Result<()> {
    match action {
        "UpdateAssumeRolePolicy" => {
            let trust = form.need("PolicyDocument")?.to_owned();
            check_trust(&trust)?;
            change(store, caller, form, |role| {
                role.trust = trust;
                Ok(())
            })
            .await
        }
        "PutRolePolicy" => change(store, caller, form, |role| put_policy(role, form)).await,
        "DeleteRolePolicy" => {
            let name = form.need("PolicyName")?;
            let remove =
                |role: &mut Role| role.inline.remove(name).map(drop).ok_or_else(|| no_policy(name));
            change(store, caller, form, remove).await
        }
        "AttachRolePolicy" => change(store, caller, form, |role| attach(role, form)).await,
        "DetachRolePolicy" => {
            let arn = form.need("PolicyArn")?;
            change(store, caller, form, |role| {
                let found = role.attached.iter().position(|it| it == arn);
                let message = format!("Policy {arn} was not found.");
                let found = found.ok_or_else(|| Fault::new(404, "NoSuchEntity", message))?;
                role.attached.remove(found);
                Ok(())
            })
            .await
        }
        "TagRole" => {
            let tags = form.tags()?;
            change(store, caller, form, |role| {
                let mut all = role.tags.clone();
                all.extend(tags);
                check_count(&all)?;
                role.tags = all;
                Ok(())
            })
            .await
        }
        "UntagRole" => {
            let keys = form.tag_keys();
            change(store, caller, form, |role| {
                role.tags.retain(|key, _| !keys.contains(&key.as_str()));
                Ok(())
            })
            .await
        }
        "PutRolePermissionsBoundary" => {
            let arn = form.need("PermissionsBoundary")?.to_owned();
            check_policy_arn(&arn)?;
            change(store, caller, form, |role| {
                role.boundary = Some(arn);
                Ok(())
            })
            .await
        }
        "DeleteRolePermissionsBoundary" => {
            change(store, caller, form, |role| {
                role.boundary = None;
                Ok(())
            })
            .await
        }
        other => Err(Fault::not_imitated(&format!("iam:{other}"))),
    }
}

fn create(
    state: &mut State,
    caller: &Caller,
    form: &Form,
    now: i64,
    most: usize,
) -> Result<String> {
    let name = form.need("RoleName")?;
    check_name(name, "RoleName", 64)?;
    let path = form.get("Path").unwrap_or("/");
    if path.len() > 512
        || !path.starts_with('/')
        || !path.ends_with('/')
        || !path.bytes().all(|it| (0x21..=0x7e).contains(&it))
    {
        return Err(invalid(
            "Path",
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ));
    }
    let trust = form.need("AssumeRolePolicyDocument")?;
    check_trust(trust)?;
    check_description(form)?;
    let boundary = form.get("PermissionsBoundary");
    boundary.map(check_policy_arn).transpose()?;
    let tags = form.tags()?;
    check_count(&tags)?;
    let roles = &mut state.account(caller).roles;
    if roles.contains_key(&name.to_ascii_lowercase()) {
        let message = format!("Role with name {name} already exists.");
        return Err(Fault::new(409, "EntityAlreadyExists", message));
    }
    if roles.len() >= most {
        let message = format!("Cannot exceed quota for RolesPerAccount: {most}");
        return Err(Fault::new(409, "LimitExceeded", message));
    }
    let role = Role {
        name: name.to_owned(),
        id: ids::role(),
        path: path.to_owned(),
        trust: trust.to_owned(),
        description: form.get("Description").map(str::to_owned),
        max_session_s: form.number("MaxSessionDuration", 3_600, 43_200)?.unwrap_or(3_600),
        boundary: boundary.map(str::to_owned),
        created_epoch_s: now,
        inline: Default::default(),
        attached: Vec::new(),
        tags,
    };
    let answer = xml::element("Role", &(outline(&role, caller) + &details(&role)));
    roles.insert(name.to_ascii_lowercase(), role);
    Ok(answer)
}

fn list(state: &mut State, caller: &Caller, form: &Form) -> Result<String> {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let roles = state.account(caller).roles.values().filter(|it| it.path.starts_with(prefix));
    let (roles, more) = page(form, roles.collect())?;
    Ok(xml::list("Roles", roles.into_iter().map(|role| outline(role, caller))) + &more)
}

fn delete(state: &mut State, caller: &Caller, form: &Form) -> Result<()> {
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

fn put_policy(role: &mut Role, form: &Form) -> Result<()> {
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

fn attach(role: &mut Role, form: &Form) -> Result<()> {
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

fn inline(role: &Role, form: &Form) -> Result<String> {
    let name = form.need("PolicyName")?;
    let text = role.inline.get(name).ok_or_else(|| no_policy(name))?;
    let members = [
        xml::text("RoleName", &role.name),
        xml::text("PolicyName", name),
        xml::text("PolicyDocument", &document::encoded(text)),
    ];
    Ok(members.concat())
}

fn find<'a>(state: &'a mut State, caller: &Caller, form: &Form) -> Result<&'a mut Role> {
    let name = form.need("RoleName")?;
    let role = state.account(caller).roles.get_mut(&name.to_ascii_lowercase());
    let message = format!("The role with name {name} cannot be found.");
    role.ok_or_else(|| Fault::new(404, "NoSuchEntity", message))
}

async fn change(
    store: &Store,
    caller: &Caller,
    form: &Form,
    change: impl FnOnce(&mut Role) -> Result<()>,
) -> Result<()> {
    store.change(|state| change(find(state, caller, form)?)).await
}

/// What `ListRoles` tells of a role.
fn outline(role: &Role, caller: &Caller) -> String {
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
        members.push_str(&xml::list("Tags", role.tags.iter().map(tag)));
    }
    members
}

fn whole(role: &Role, caller: &Caller) -> String {
    outline(role, caller) + &details(role) + &xml::element("RoleLastUsed", "")
}

fn tag((key, value): (&String, &String)) -> String {
    xml::text("Key", key) + &xml::text("Value", value)
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn no_policy(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}

fn check_name(name: &str, member: &str, longest: usize) -> Result<()> {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "_+=,.@-".contains(it);
    if name.is_empty() || name.len() > longest {
        return Err(invalid(member, &format!("Member must have length between 1 and {longest}")));
    }
    match name.chars().all(allowed) {
        true => Ok(()),
        false => {
            Err(invalid(member, "Member must satisfy regular expression pattern: [\\w+=,.@-]+"))
        }
    }
}

fn check_trust(document: &str) -> Result<()> {
    document::check(document, true)?;
    if document.len() > TRUST_MAX {
        let message = format!("Cannot exceed quota for ACLSizePerRole: {TRUST_MAX}");
        return Err(Fault::new(409, "LimitExceeded", message));
    }
    Ok(())
}

fn check_description(form: &Form) -> Result<()> {
    match form.get("Description").map(|it| it.chars().count()) {
        Some(length) if length > 1_000 => {
            Err(invalid("Description", "Member must have length less than or equal to 1000"))
        }
        _ => Ok(()),
    }
}

/// AWS's own policies are there; policies of an account can't be made here, so there are none.
fn check_policy_arn(arn: &str) -> Result<()> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, policy] if policy.starts_with("policy/") => match *account {
            "aws" => Ok(()),
            _ => {
                let message = format!("Policy {arn} does not exist or is not attachable.");
                Err(Fault::new(404, "NoSuchEntity", message))
            }
        },
        _ => Err(Fault::new(400, "InvalidInput", format!("ARN {arn} is not valid."))),
    }
}

fn check_count(tags: &Tags) -> Result<()> {
    match tags.len() {
        count if count > TAGS_MAX => {
            let message = format!("The number of tags has reached the maximum limit: {TAGS_MAX}.");
            Err(Fault::new(409, "LimitExceeded", message))
        }
        _ => Ok(()),
    }
}
