//! Verifies a deployed stack: selects what to check, makes the checks, and reports the results.
mod deployment_diff;
mod selection;
mod targets;
mod token;

pub use selection::{CheckSelection, VerifyRequest};

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::cli::arguments::{Format, duration};
use crate::cli::follow_up::FollowUp;
use crate::cli::target::Session;
use crate::cli::{Exit, Failure, Io};
use crate::render::verification::{Verification, table};
use appsync_events::verify::{ApiReport, CheckResult, Remedy, VerifyOptions, verify};
use provision_core::kind::DesiredState;
use targets::{VerifyTargets, verify_targets};

const MAX_CONCURRENT_APIS: usize = 4;
/// The default timeout of one check.
pub const TIMEOUT: &str = "20s";

/// `apply --verify`: verifies everything, with the credentials that are available, after an apply.
pub async fn verify_after_apply(
    stack: &str,
    desired: &DesiredState,
    follow_up: &FollowUp,
    format: Format,
    session: &Session,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let selection = &CheckSelection::default();
    let timeout = duration(TIMEOUT).unwrap_or(Duration::from_secs(20));
    let request = VerifyRequest { stack, desired, selection, follow_up };
    // The changes are applied whatever the result is: an exit code that denies it would be wrong.
    let reports = verify_stack(request, timeout, session, io)
        .await
        .map_err(|failure| failure.with_kind(Exit::Unproven))?;
    let verification = Verification::new(stack, reports, false);
    match format {
        Format::Json => {
            let line = json!({ "event": "verification", "verification": verification });
            io.print_result(&format!("{line}\n"))?;
        }
        Format::Human => {
            io.eprint_unless_quiet("\n");
            io.print_result(&table(&verification))?;
        }
    }
    Ok(exit(&verification))
}

/// Makes the selected checks of all APIs of a stack.
pub async fn verify_stack(
    request: VerifyRequest<'_>,
    timeout: Duration,
    session: &Session,
    io: &mut Io,
) -> Result<Vec<ApiReport>, Failure> {
    let VerifyTargets { targets, missing } = verify_targets(request, timeout, session, io).await?;
    let CheckSelection { only_refusals, with_data_sources, .. } = *request.selection;
    let options = VerifyOptions { timeout, only_denials: only_refusals, with_data_sources };
    let reports = stream::iter(&targets).map(|target| verify(target, options));
    let mut reports: Vec<ApiReport> = reports.buffered(MAX_CONCURRENT_APIS).collect().await;
    for result in reports.iter_mut().flat_map(|report| &mut report.results) {
        add_help(result);
    }
    reports.extend(missing);
    Ok(reports)
}

/// Adds the option that would let the check reach a verdict.
fn add_help(result: &mut CheckResult) {
    let help = match result.remedy {
        Some(Remedy::AllowDataSources) => "pass `--with-data-sources` to run it",
        Some(Remedy::ProvideEvent) => {
            "pass an event that it lets through with `--event NAMESPACE=FILE|JSON`"
        }
        None => return,
    };
    let detail = result.detail.take().unwrap_or_default();
    result.detail = Some(format!("{detail}; {help}"));
}

pub fn exit(verification: &Verification) -> Exit {
    if verification.proved { Exit::Done } else { Exit::Unproven }
}
