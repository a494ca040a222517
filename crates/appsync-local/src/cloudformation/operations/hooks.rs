//! DescribeChangeSetHooks and ListHookResults: the emulator has no hooks.
use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::request::Members;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::store::Store;

const TARGET_TYPES: &[&str] = &["CHANGE_SET", "STACK", "RESOURCE", "CLOUD_CONTROL"];

pub fn describe_change_set_hooks(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let name = members.require("ChangeSetName")?;
    store.read(|state| {
        let (stack_id, id) =
            lookup::change_set_ids(state, caller, members.text("StackName"), name)?;
        let stack = lookup::require_stack(state, caller, &stack_id)?;
        let change_set =
            stack.change_sets.get(&id).ok_or_else(|| lookup::missing_change_set(name))?;
        Ok(json!({
            "ChangeSetId": id,
            "ChangeSetName": change_set.name,
            "Hooks": [],
            "Status": "PLANNED",
            "StackId": stack_id,
            "StackName": stack.name,
        }))
    })
}

pub fn list_hook_results(
    _store: &Store,
    _caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let target_type = members.one_of("TargetType", TARGET_TYPES)?;
    let target = target_type.and(members.text("TargetId"));
    Ok(json!({ "TargetType": target_type, "TargetId": target, "HookResults": [] }))
}
