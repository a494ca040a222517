//! STS: whose credentials these are.
use crate::control_plane::dispatch::Call;
use crate::control_plane::iam::Form;
use crate::protocol::response::Fault;
use crate::protocol::xml;

pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The action that was asked for, and its result.
pub fn answer(call: &Call) -> (String, Result<Option<String>, Fault>) {
    let form = Form::read(call);
    let action = form.get("Action").unwrap_or_default().to_owned();
    let result = match action.as_str() {
        "GetCallerIdentity" => {
            let (partition, account) = (call.caller.partition(), &call.caller.account);
            let arn = format!("arn:{partition}:iam::{account}:user/local");
            let members = [
                xml::text("Arn", &arn),
                xml::text("UserId", "AIDALOCALLOCALLOCALLO"),
                xml::text("Account", account),
            ];
            Ok(Some(members.concat()))
        }
        other => Err(Fault::not_imitated(&format!("sts:{other}"))),
    };
    (action, result)
}
