//! CloudFormation's operations: each reads its request, changes or reads stacks, and returns a result in the shape of
//! the model.
mod change_sets;
mod create_change_set;
mod deletes;
mod deploys;
mod describe_change_set;
mod describe_stacks;
mod describe_type;
mod drift;
mod events;
mod exports;
mod hooks;
mod resources;
mod rollbacks;
mod stack_policies;
mod templates;
mod termination_protection;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use crate::cloudformation::request::Members;
use crate::cloudformation::response::result_xml;
use crate::control_plane::service_call::{ServiceOutput, ServiceResult};
use crate::protocol::operation::Cloudformation;
use crate::protocol::query::Form;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::store::Store;

/// Executes an operation.
pub async fn handle(
    store: &Arc<Store>,
    call: &ApiCall,
    operation: Cloudformation,
) -> ServiceResult {
    let (form, caller) = (Form::parse(call), &call.caller);
    let members = &Members::new(&form);
    let result: Result<Value, AwsError> = match operation {
        Cloudformation::CreateStack => deploys::create_stack(store, caller, members).await,
        Cloudformation::UpdateStack => deploys::update_stack(store, caller, members).await,
        Cloudformation::ExecuteChangeSet => {
            deploys::execute_change_set(store, caller, members).await
        }
        Cloudformation::DeleteStack => deletes::delete_stack(store, caller, members).await,
        Cloudformation::CancelUpdateStack => rollbacks::cancel_update(store, caller, members).await,
        Cloudformation::ContinueUpdateRollback => {
            rollbacks::continue_rollback(store, caller, members).await
        }
        Cloudformation::RollbackStack => rollbacks::roll_back(store, caller, members).await,
        Cloudformation::DescribeStacks => describe_stacks::describe_stacks(store, caller, members),
        Cloudformation::ListStacks => describe_stacks::list_stacks(store, caller, members),
        Cloudformation::DescribeStackEvents => {
            events::describe_stack_events(store, caller, members)
        }
        Cloudformation::DescribeEvents => events::describe_events(store, caller, members),
        Cloudformation::DescribeStackResource => {
            resources::describe_stack_resource(store, caller, members)
        }
        Cloudformation::DescribeStackResources => {
            resources::describe_stack_resources(store, caller, members)
        }
        Cloudformation::ListStackResources => {
            resources::list_stack_resources(store, caller, members)
        }
        Cloudformation::ListExports => exports::list_exports(store, caller, members),
        Cloudformation::ListImports => exports::list_imports(store, caller, members),
        Cloudformation::GetStackPolicy => stack_policies::get_stack_policy(store, caller, members),
        Cloudformation::SetStackPolicy => {
            let policy = stack_policies::policy_text(members)?;
            stack_policies::set_stack_policy(store, caller, members, policy).await
        }
        Cloudformation::UpdateTerminationProtection => {
            termination_protection::update_termination_protection(store, caller, members).await
        }
        Cloudformation::CreateChangeSet => {
            create_change_set::create_change_set(store, caller, members).await
        }
        Cloudformation::DescribeChangeSet => {
            describe_change_set::describe_change_set(store, caller, members)
        }
        Cloudformation::DeleteChangeSet => {
            change_sets::delete_change_set(store, caller, members).await
        }
        Cloudformation::GetTemplate => templates::get_template(store, caller, members),
        Cloudformation::GetTemplateSummary => {
            templates::get_template_summary(store, caller, members)
        }
        Cloudformation::ValidateTemplate => templates::validate_template(store, caller, members),
        Cloudformation::DescribeType => describe_type::describe_type(store, caller, members),
        Cloudformation::DetectStackDrift => drift::detect_stack_drift(store, caller, members).await,
        Cloudformation::DetectStackResourceDrift => {
            drift::detect_stack_resource_drift(store, caller, members).await
        }
        Cloudformation::DescribeStackDriftDetectionStatus => {
            drift::describe_stack_drift_detection_status(store, caller, members)
        }
        Cloudformation::DescribeStackResourceDrifts => {
            drift::describe_stack_resource_drifts(store, caller, members)
        }
        Cloudformation::ListChangeSets => change_sets::list_change_sets(store, caller, members),
        Cloudformation::DescribeChangeSetHooks => {
            hooks::describe_change_set_hooks(store, caller, members)
        }
        Cloudformation::ListHookResults => hooks::list_hook_results(store, caller, members),
    };
    let has_result = !matches!(
        operation,
        Cloudformation::CancelUpdateStack
            | Cloudformation::DeleteStack
            | Cloudformation::SetStackPolicy
    );
    result.map(|result| ServiceOutput::Query(has_result.then(|| result_xml(&result))))
}
