//! What is not as the spec says, plainly and before anything is tried.
use crate::cli::follow_up::Again;
use crate::cli::verification::selection::Choice;
use appsync_events::AuthMode;
use appsync_events::verify::CheckResult;
use provision_aws::backend::direct::Proposal;
use provision_core::access::ApiAccess;
use provision_core::diff::{Change, PropertyChange};
use provision_core::kind::ChangeAction;

/// What of `api` the spec declares and AWS lacks, and which handlers AWS has otherwise than the spec: what a try
/// may not show, as of a handler that lets through whatever we publish.
pub fn differences(
    proposal: &Proposal,
    api: &ApiAccess,
    choice: &Choice,
    again: &Again,
) -> Vec<CheckResult> {
    let of_api = proposal.changes.iter().filter(|it| it.address.is_within(&api.address));
    let chosen = of_api.filter(|it| is_chosen(it, api, choice));
    let finding = |it: &Change| {
        let why = match it.verb {
            ChangeAction::Create => Some(format!(
                "the spec declares this {}, and AWS does not have it; this makes it: {}",
                it.kind.noun,
                again.command("apply")
            )),
            ChangeAction::Update | ChangeAction::Replace => handlers(it).map(str::to_owned),
            ChangeAction::Delete => None,
        };
        why.map(|why| CheckResult::from_deployment_difference(it.address.as_str(), why))
    };
    chosen.filter_map(finding).collect()
}

/// Whether it is about what is to be tried.
fn is_chosen(change: &Change, api: &ApiAccess, choice: &Choice) -> bool {
    match change.address.section() {
        "namespaces" => choice.takes_namespace(&change.address, api),
        "apiKeys" => choice.takes_mode(AuthMode::ApiKey),
        _ => choice.namespaces.is_empty() && choice.modes.is_empty(),
    }
}

/// How the handlers of a namespace differ, if they do.
fn handlers(change: &Change) -> Option<&'static str> {
    let is_handler =
        |it: &&PropertyChange| matches!(it.name.as_str(), "CodeHandlers" | "HandlerConfigs");
    let fields: Vec<&PropertyChange> = change.fields.iter().filter(is_handler).collect();
    match fields.as_slice() {
        [] => None,
        all if all.iter().all(|it| it.after.is_none()) => {
            Some("AWS has a handler that the spec does not declare")
        }
        all if all.iter().all(|it| it.before.is_none()) => {
            Some("AWS does not have the handler that the spec declares")
        }
        _ => Some("AWS has another handler than the spec declares"),
    }
}
