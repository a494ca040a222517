//! Differences between AWS and the spec that are known before anything is tried.
use crate::cli::follow_up::FollowUp;
use crate::cli::verification::selection::CheckSelection;
use appsync_events::verify::CheckResult;
use provision_aws::proposal::Proposal;
use provision_core::access::ApiAccess;
use provision_core::diff::{Change, PropertyChange};
use provision_core::kind::ChangeAction;
use provision_core::kinds::auth::AuthMode;

/// The resources of `api` that the spec declares and AWS does not have, and the handlers that differ.
/// Checks do not find all of these: a different handler can let the same events through.
pub fn differences(
    proposal: &Proposal,
    api: &ApiAccess,
    selection: &CheckSelection,
    follow_up: &FollowUp,
) -> Vec<CheckResult> {
    let changes = proposal.changes.iter();
    let changes = changes.filter(|change| change.address.is_within(&api.address));
    let changes = changes.filter(|change| is_selected(change, api, selection));
    let result = |change: &Change| {
        let detail = match change.verb {
            ChangeAction::Create => Some(format!(
                "the spec declares this {}, but AWS does not have it; to create it, run: {}",
                change.kind.noun,
                follow_up.command("apply")
            )),
            ChangeAction::Update | ChangeAction::Replace => {
                handler_difference(change).map(str::to_owned)
            }
            ChangeAction::Delete => None,
        };
        let address = change.address.as_str();
        detail.map(|detail| CheckResult::from_deployment_difference(address, detail))
    };
    changes.filter_map(result).collect()
}

fn is_selected(change: &Change, api: &ApiAccess, selection: &CheckSelection) -> bool {
    match change.address.section() {
        "namespaces" => selection.includes_namespace(&change.address, api),
        "apiKeys" => selection.includes_mode(AuthMode::ApiKey),
        _ => selection.namespaces.is_empty() && selection.modes.is_empty(),
    }
}

/// How the handlers of a namespace differ, if they do.
fn handler_difference(change: &Change) -> Option<&'static str> {
    let is_handler = |property: &&PropertyChange| {
        matches!(property.name.as_str(), "CodeHandlers" | "HandlerConfigs")
    };
    let handlers: Vec<&PropertyChange> = change.fields.iter().filter(is_handler).collect();
    if handlers.is_empty() {
        None
    } else if handlers.iter().all(|handler| handler.after.is_none()) {
        Some("AWS has a handler that the spec does not declare")
    } else if handlers.iter().all(|handler| handler.before.is_none()) {
        Some("AWS does not have the handler that the spec declares")
    } else {
        Some("the handler on AWS differs from the one that the spec declares")
    }
}
