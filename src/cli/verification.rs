//! Verifies a deployed stack: finds what to try and as whom, tries it, and reports.
mod deployment_diff;
mod selection;
mod targets;
mod token;

pub use selection::{Choice, Wanted};

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::cli::arguments::{Format, duration};
use crate::cli::follow_up::Again;
use crate::cli::target::Session;
use crate::cli::{Exit, Failure, Io};
use crate::render::verification::{Verification, table};
use appsync_events::verify::{ApiReport, CheckResult, Remedy, VerifyOptions, verify};
use provision_core::kind::DesiredState;
use targets::{Found, subjects};

/// APIs that are tried at a time.
const APIS_AT_ONCE: usize = 4;
/// How long one check of `apply --verify` may take.
pub const TIMEOUT: &str = "20s";

/// The same in the end of an apply, which has made AWS as `desired`: with what is at hand, and all of it.
pub async fn after_apply(
    stack: &str,
    desired: &DesiredState,
    again: &Again,
    format: Format,
    session: &Session,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let choice = Choice::default();
    let timeout = duration(TIMEOUT).unwrap_or(Duration::from_secs(20));
    let found = go(Wanted { stack, desired, choice: &choice, again }, timeout, session, io).await;
    // The changes were made, whatever became of this: none of the codes that say otherwise would do.
    let found = found.map_err(|failure| failure.as_kind(Exit::Unproven))?;
    let verification = Verification::of(stack, found, false);
    match format {
        Format::Json => {
            let line = json!({ "event": "verification", "verification": verification });
            io.result(&format!("{line}\n"))?;
        }
        Format::Human => {
            io.note("\n");
            io.result(&table(&verification))?;
        }
    }
    Ok(exit(&verification))
}

pub async fn go(
    wanted: Wanted<'_>,
    timeout: Duration,
    session: &Session,
    io: &mut Io,
) -> Result<Vec<ApiReport>, Failure> {
    let Found { subjects, absent } = subjects(wanted, timeout, session, io).await?;
    let Choice { only_refusals, with_data_sources, .. } = *wanted.choice;
    let options = VerifyOptions { timeout, only_refusals, with_data_sources };
    let verified = stream::iter(&subjects).map(|it| verify(it, options)).buffered(APIS_AT_ONCE);
    let mut verified: Vec<ApiReport> = verified.collect().await;
    for result in verified.iter_mut().flat_map(|report| &mut report.results) {
        add_help(result);
    }
    verified.extend(absent);
    Ok(verified)
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
