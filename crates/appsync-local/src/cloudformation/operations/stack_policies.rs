//! GetStackPolicy and SetStackPolicy.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::policy;
use crate::cloudformation::request::{Members, validation_error};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::store::Store;

pub fn get_stack_policy(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("StackName")?;
    store.read(|state| {
        let stack = lookup::require_stack(state, caller, name)?;
        Ok(json!({ "StackPolicyBody": stack.policy }))
    })
}

/// Sets the policy of a stack. `policy` is the body, or the text that the URL of the request has.
pub async fn set_stack_policy(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
    policy: Option<String>,
) -> Result<Value, AwsError> {
    let name = members.require("StackName")?;
    if let Some(text) = &policy {
        policy::check(text)?;
    }
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            stack.policy = policy;
            Ok(json!({}))
        })
        .await
}

/// The policy of a request that may have one: its body. The emulator reads no policies from URLs.
pub fn policy_text(members: &Members<'_>) -> Result<Option<String>, AwsError> {
    let (body, url) = (members.text("StackPolicyBody"), members.text("StackPolicyURL"));
    match (body, url) {
        (Some(_), Some(_)) => {
            Err(validation_error("You cannot specify both StackPolicyURL and StackPolicyBody"))
        }
        (None, Some(_)) => Err(AwsError::unsupported("StackPolicyURL")),
        (body, None) => {
            body.map(policy::check).transpose()?;
            Ok(body.map(str::to_owned))
        }
    }
}
