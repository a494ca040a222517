//! UpdateTerminationProtection.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::request::{Members, STACK_NAME, validation_error};
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::StackStatus;
use crate::store::Store;

const NAME_LENGTH_MAX: usize = 2_048;

pub async fn update_termination_protection(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    members.require("EnableTerminationProtection")?;
    members.require("StackName")?;
    let is_enabled = members.flag("EnableTerminationProtection")?.unwrap_or(false);
    let name = members.checked_text("StackName", NAME_LENGTH_MAX, Some(STACK_NAME))?;
    let name = name.unwrap_or_default();
    store
        .change(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            if matches!(stack.status, StackStatus::DeleteInProgress | StackStatus::DeleteComplete) {
                // Undocumented text; AWS documents only that a stack that is being deleted cannot be protected.
                let message = format!(
                    "Stack [{name}] is in {} state and termination protection cannot be updated",
                    stack.status.text()
                );
                return Err(validation_error(message));
            }
            stack.termination_protection = is_enabled;
            Ok(json!({ "StackId": stack.id }))
        })
        .await
}
