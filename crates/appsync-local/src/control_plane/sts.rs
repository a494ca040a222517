//! STS: the identity of the caller. It issues no credentials.
use crate::protocol::caller::Caller;
use crate::protocol::query as xml;

pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The result of GetCallerIdentity.
pub fn caller_identity(caller: &Caller) -> String {
    let (partition, account) = (caller.partition(), &caller.account);
    let members = [
        xml::text_element("Arn", &format!("arn:{partition}:iam::{account}:user/local")),
        xml::text_element("UserId", "AIDALOCALLOCALLOCALLO"),
        xml::text_element("Account", account),
    ];
    members.concat()
}
