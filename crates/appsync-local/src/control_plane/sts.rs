//! STS: whose credentials these are.
use crate::protocol::caller::Caller;
use crate::protocol::query as xml;

pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// What GetCallerIdentity answers.
pub fn caller_identity(caller: &Caller) -> String {
    let (partition, account) = (caller.partition(), &caller.account);
    let members = [
        xml::text_element("Arn", &format!("arn:{partition}:iam::{account}:user/local")),
        xml::text_element("UserId", "AIDALOCALLOCALLOCALLO"),
        xml::text_element("Account", account),
    ];
    members.concat()
}
