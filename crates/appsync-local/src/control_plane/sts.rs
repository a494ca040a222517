//! STS: the identity of the caller, and credentials of roles. No policy is evaluated: any caller can assume any role
//! that exists.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control_plane::bootstrap;
use crate::control_plane::iam::input::{check_name, invalid_member};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Sts;
use crate::protocol::query::{self as xml, Form};
use crate::protocol::request::{ApiCall, header_text, query_parameter};
use crate::protocol::response::AwsError;
use crate::store::Store;

/// The limits of AssumeRole, and its default.
const DURATION_S_MIN: u32 = 900;
const DURATION_S_MAX: u32 = 43_200;
const DURATION_S: u32 = 3_600;

/// A session of a role. The session token is its JSON, so it survives a restart of the emulator.
#[derive(Serialize, Deserialize)]
struct RoleSession {
    account: String,
    role: String,
    role_id: String,
    name: String,
}

/// Executes an operation. Returns the XML of its result element.
pub fn handle(store: &Store, call: &ApiCall, operation: Sts) -> Result<String, AwsError> {
    match operation {
        Sts::GetCallerIdentity => Ok(caller_identity(call)),
        Sts::AssumeRole => assume_role(store, call),
    }
}

/// Whether the role with this ARN exists, and AWS could assume it already.
#[cfg_attr(not(test), expect(dead_code, reason = "the stacks come next"))]
pub fn can_be_assumed(store: &Store, role_arn: &str) -> bool {
    let parts = RoleArn::parse(role_arn);
    parts.is_some_and(|parts| parts.find(store).is_some()) && store.check_role(role_arn).is_ok()
}

fn caller_identity(call: &ApiCall) -> String {
    let (partition, account) = (call.caller.partition(), &call.caller.account);
    let (arn, id) = match RoleSession::from_call(call) {
        Some(session) => (session.arn(partition), session.id()),
        None => {
            (format!("arn:{partition}:iam::{account}:user/local"), "AIDALOCALLOCALLOCALLO".into())
        }
    };
    let members = [
        xml::text_element("Arn", &arn),
        xml::text_element("UserId", &id),
        xml::text_element("Account", account),
    ];
    members.concat()
}

fn assume_role(store: &Store, call: &ApiCall) -> Result<String, AwsError> {
    let form = Form::parse(call);
    let (arn, name) = (form.require("RoleArn")?, form.require("RoleSessionName")?);
    check_name(name, "RoleSessionName", 64)?;
    let duration_s = form.number("DurationSeconds", DURATION_S_MIN, DURATION_S_MAX)?;
    let duration_s = duration_s.unwrap_or(DURATION_S);
    let role_arn = RoleArn::parse(arn);
    let role_arn =
        role_arn.ok_or_else(|| invalid_member("RoleArn", &format!("{arn} is invalid")))?;
    let denied = || access_denied(&call.caller, arn);
    let (role, role_id, duration_s_max) = role_arn.find(store).ok_or_else(denied)?;
    store.check_role(arn).map_err(|_| denied())?;
    if duration_s > duration_s_max {
        let message =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(AwsError::new(400, "ValidationError", message));
    }
    let expiry_s = store.now_epoch_s() as i64 + i64::from(duration_s);
    let expiry = Timestamp::from_second(expiry_s).unwrap_or_default().to_string();
    let account = role_arn.account.to_owned();
    let session = RoleSession { account, role, role_id, name: name.to_owned() };
    let credentials = [
        xml::text_element("AccessKeyId", &ids::session_key_id(role_arn.account)),
        xml::text_element("SecretAccessKey", &ids::secret_key()),
        xml::text_element("SessionToken", &session.token()),
        xml::text_element("Expiration", &expiry),
    ];
    let user = [
        xml::text_element("AssumedRoleId", &session.id()),
        xml::text_element("Arn", &session.arn(call.caller.partition())),
    ];
    Ok(xml::element("Credentials", &credentials.concat())
        + &xml::element("AssumedRoleUser", &user.concat()))
}

/// The parts of the ARN of a role.
struct RoleArn<'a> {
    account: &'a str,
    /// The path and the name.
    path: &'a str,
}

impl<'a> RoleArn<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return None };
        let path = resource.strip_prefix("role").filter(|path| path.starts_with('/'))?;
        Some(Self { account, path })
    }

    /// The name, the id and the longest session of the role, if it exists.
    fn find(&self, store: &Store) -> Option<(String, String, u32)> {
        let Self { account, path } = *self;
        let name = path.rsplit('/').next().unwrap_or_default();
        let stored = store.read(|state| {
            let roles = &state.accounts.get(account)?.roles;
            let role = roles.get(&name.to_ascii_lowercase())?;
            let is_same = format!("{}{}", role.path, role.name) == path;
            is_same.then(|| (role.name.clone(), role.id.clone(), role.max_session_s))
        });
        let is_bootstrap = path == format!("/{name}") && bootstrap::is_role(name, account);
        stored.or_else(|| {
            is_bootstrap.then(|| (name.to_owned(), "AROALOCALLOCALLOCALLO".into(), DURATION_S))
        })
    }
}

fn access_denied(caller: &Caller, role_arn: &str) -> AwsError {
    let user = format!("arn:{}:iam::{}:user/local", caller.partition(), caller.account);
    let message = format!(
        "User: {user} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    );
    AwsError::new(403, "AccessDenied", message)
}

impl RoleSession {
    /// The session whose token a call has, if it has one.
    fn from_call(call: &ApiCall) -> Option<Self> {
        let token = query_parameter(&call.query, "X-Amz-Security-Token")
            .unwrap_or_else(|| header_text(&call.headers, "x-amz-security-token"));
        let json = URL_SAFE_NO_PAD.decode(token).ok()?;
        let session: Self = serde_json::from_slice(&json).ok()?;
        (session.account == call.caller.account).then_some(session)
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!(self).to_string())
    }

    fn id(&self) -> String {
        format!("{}:{}", self.role_id, self.name)
    }

    fn arn(&self, partition: &str) -> String {
        let Self { account, role, name, .. } = self;
        format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};

    use super::*;

    #[test]
    fn credentials_of_a_role_have_its_account_and_identity() {
        let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
        let arn = "arn:aws:iam::000000000001:role/cdk-hnb659fds-deploy-role-000000000001-eu-west-1";
        let form = format!("Action=AssumeRole&RoleArn={arn}&RoleSessionName=me");
        let call = ApiCall::for_test("sts", "POST /", "", form.as_bytes());
        let result = handle(&store, &call, Sts::AssumeRole).unwrap();
        let member = |name: &str| {
            let (_, rest) = result.split_once(&format!("<{name}>")).unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        let credential = format!("{}/20261124/eu-west-1/sts/aws4_request", member("AccessKeyId"));
        let mut call = ApiCall::for_test("sts", "POST /", "", b"")
            .with_header("x-amz-security-token", &member("SessionToken"));
        assert!(caller_identity(&call).contains("user/local"), "the account differs");
        call.caller = Caller::from_credential(&credential).unwrap();
        let session = "assumed-role/cdk-hnb659fds-deploy-role-000000000001-eu-west-1/me";
        let session = format!("<Arn>arn:aws:sts::000000000001:{session}</Arn>");
        assert!(caller_identity(&call).starts_with(&session), "{}", caller_identity(&call));
        assert!(can_be_assumed(&store, arn));
        for other in ["arn:aws:iam::000000000001:role/x", "arn:aws:iam::000000000001:rolex", "x"] {
            assert!(!can_be_assumed(&store, other), "{other}");
        }
    }
}
