//! `provision apply` and `provision destroy`: propose changes, ask for confirmation, apply them, read the live state again.
use std::future::pending;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use serde_json::json;

use crate::cli::arguments::{Format, duration};
use crate::cli::change_request::{
    ChangeRequest, ReviewedProposal, ScopeArgs, headline, load_spec_with_values,
};
use crate::cli::confirm::confirm;
use crate::cli::exit::{Exit, exit_of_outcome, unfinished_failure};
use crate::cli::follow_up::FollowUp;
use crate::cli::load::{SpecFile, read_spec_file};
use crate::cli::parameters::ParameterArgs;
use crate::cli::progress::Progress;
use crate::cli::stack_outputs::{EMULATOR_NOTE, OutputsFileArgs};
use crate::cli::target::{self, Session, TargetArgs, close_after};
use crate::cli::verification::verify_after_apply;
use crate::cli::{Failure, Io};
use crate::render::changes::{self, PlanView};
use crate::render::outputs;
use provision_aws::apply::{MAX_CONCURRENT_STEPS, StopReason, StopSignal};
use provision_aws::connect::ATTEMPT_TIMEOUT;
use provision_aws::proposal::{
    ApplyOptions, ApplyReport, ApplyResult, FinalState, Proposal, apply_proposal, is_delayed,
};
use provision_core::diff::Change;
use provision_core::event::{BlockedReason, Event};
use provision_core::kind::LiveState;
use provision_core::saved_plan::SavedPlan;

/// Create or update AWS resources to match the spec
///
/// Shows the plan, asks for confirmation, applies the plan and prints the endpoints. A second run changes nothing; after
/// an interruption, the next run continues.
///
/// A plan that `provision plan --out` saved is applied exactly, or rejected with exit code 4 if its resources have
/// changed since. A saved plan can be applied once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision apply spec.yaml --local              # without an AWS account
  provision apply spec.yaml                      # shows the plan and asks for confirmation
  provision apply plan.json                      # applies a saved plan exactly
  provision apply spec.yaml --yes --verify       # also tests the deployed stack
  provision apply spec.yaml --yes --format json  # for a pipeline: NDJSON")]
pub struct ApplyArgs {
    /// The spec, or a saved plan; `-` for stdin
    #[arg(value_name = "SPEC")]
    file: PathBuf,
    /// Allow a spec without resources to delete all resources of the stack
    #[arg(long, help_heading = "Safety")]
    allow_empty: bool,
    /// Test the deployed stack afterwards, as `provision verify` does; if a check fails, the changes stay and the exit code is 6
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    options: ApplyOptionsArgs,
}

/// Delete all resources of the stack from AWS
///
/// Deletes only resources with the stack's ownership tags. Asks for the stack's name first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision destroy spec.yaml --local
  provision destroy spec.yaml --yes
  provision plan spec.yaml --destroy --out plan.json && provision apply plan.json")]
pub struct DestroyArgs {
    /// The spec; `-` for stdin
    spec: PathBuf,
    #[command(flatten)]
    options: ApplyOptionsArgs,
}

#[derive(Debug, clap::Args)]
struct ApplyOptionsArgs {
    /// Run without confirmation
    #[arg(short, long)]
    yes: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Maximum number of concurrent operations
    #[arg(long, value_name = "N", default_value_t = MAX_CONCURRENT_STEPS as u16, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallelism: u16,
    /// Start no more operations after this time, such as 10m; operations in progress are completed
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    #[command(flatten)]
    outputs: OutputsFileArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub async fn apply(args: &ApplyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let result = apply_request(args, io).await;
    report_failure(result, args.options.format, io)
}

pub async fn destroy(args: &DestroyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let result = destroy_request(args, io).await;
    report_failure(result, args.options.format, io)
}

/// With `--format json`, also reports as an event why nothing was started.
fn report_failure(
    result: Result<Exit, Failure>,
    format: Format,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let event = result.as_ref().err().and_then(Failure::event);
    if let (Some(event), Format::Json) = (event, format) {
        io.print_result(&format!("{}\n", json!(event)))?;
    }
    result
}

async fn apply_request(args: &ApplyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let file = read_spec_file(&args.file, io);
    let is_plan = file.bytes.as_ref().is_ok_and(|bytes| SavedPlan::is_saved_plan(bytes));
    let request = match is_plan {
        true => read_saved_plan(args, &file, io)?,
        false => {
            let (scope, now) = (&args.options.scope, io.now_epoch_s());
            let values = args.options.parameters.values(io)?;
            let spec = load_spec_with_values(&file, &values, false, io)?;
            ChangeRequest::from_spec(spec, false, scope, args.allow_empty, now)
        }
    };
    // A saved plan does not record the file of its spec.
    let spec = if is_plan { Path::new("SPEC") } else { &args.file };
    let follow_up = FollowUp::new(spec, &args.options.parameters, &args.options.target);
    apply_in_session(&request, &args.options, args.verify.then_some(&follow_up), io).await
}

async fn destroy_request(args: &DestroyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let file = read_spec_file(&args.spec, io);
    let values = args.options.parameters.values(io)?;
    let spec = load_spec_with_values(&file, &values, true, io)?;
    let request = ChangeRequest::from_spec(spec, true, &args.options.scope, true, io.now_epoch_s());
    apply_in_session(&request, &args.options, None, io).await
}

/// Returns the request to apply a saved plan. Rejects options that would change the plan.
fn read_saved_plan(args: &ApplyArgs, file: &SpecFile, io: &Io) -> Result<ChangeRequest, Failure> {
    let ApplyOptionsArgs { scope, parameters, target, .. } = &args.options;
    let options = [
        ("--param and --params-file", !parameters.is_empty()),
        ("--target", !scope.targets.is_empty()),
        ("--allow-unmanaged", scope.allow_unmanaged),
        ("--allow-empty", args.allow_empty),
    ];
    if let Some((option, _)) = options.into_iter().find(|(_, is_set)| *is_set) {
        let message = format!("{option} cannot be combined with a saved plan");
        return Err(Failure::new(Exit::Usage, message).with_hint("pass it to `provision plan`"));
    }
    let bytes = file.bytes.as_deref().unwrap_or_default();
    let saved = SavedPlan::read(bytes).map_err(|reason| {
        let message = format!("cannot apply `{}`: {reason}", args.file.display());
        Failure::error(message)
            .with_hint("create a new plan with `provision plan --out` and apply it")
    })?;
    if let Some(region) = target.region().filter(|text| **text != saved.region) {
        let message =
            format!("the plan was made for region {}; --region is {region}", saved.region);
        return Err(
            Failure::new(Exit::Blocked, message).with_hint("omit `--region`, or create a new plan")
        );
    }
    ChangeRequest::from_saved_plan(saved, scope.max_deletes, io.now_epoch_s())
}

/// Opens a session, makes the changes, verifies them if requested, and closes the session.
async fn apply_in_session(
    request: &ChangeRequest,
    args: &ApplyOptionsArgs,
    verify: Option<&FollowUp>,
    io: &mut Io,
) -> Result<Exit, Failure> {
    args.outputs.check(&request.desired, io)?;
    let session = target::open(&args.target, request.expected_target(), io).await?;
    let mut result = apply_until_current(request, args, &session, io).await;
    let has_apis = request.desired.keys().any(|address| address.section() == "apis");
    if let Some(follow_up) = verify.filter(|_| has_apis && matches!(result, Ok(Exit::Done))) {
        let (stack, desired) = (&request.stack, &request.desired);
        result = verify_after_apply(stack, desired, follow_up, args.format, &session, io).await;
    }
    close_after(session, result).await
}

/// Maximum number of attempts when other runs change the stack in the meantime; after that, a person should look.
const ATTEMPTS_MAX: usize = 5;

/// Proposes and applies changes, and starts over if another run changed the stack first. A plan that a person confirmed
/// or saved is not replaced by another: the command fails.
async fn apply_until_current(
    request: &ChangeRequest,
    args: &ApplyOptionsArgs,
    session: &Session,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let attempts = if args.yes && !request.is_saved() { ATTEMPTS_MAX } else { 1 };
    for attempt in 1..=attempts {
        if let Some(exit) = propose_confirm_and_apply(request, args, session, io).await? {
            return Ok(exit);
        }
        if attempt < attempts {
            io.eprint_unless_quiet(
                "  … another run has changed this stack; reading the live state again\n\n",
            );
        }
    }
    let message = "AWS was changed in the meantime, by another run of this stack or by someone else; this run changed nothing";
    Err(Failure::new(Exit::Stale, message)
        .with_hint("run the command again to see the remaining changes"))
}

/// Makes the changes of `apply` and `destroy`, which differ only in the desired state. Returns `None` if another run
/// changed the stack first.
async fn propose_confirm_and_apply(
    request: &ChangeRequest,
    args: &ApplyOptionsArgs,
    session: &Session,
    io: &mut Io,
) -> Result<Option<Exit>, Failure> {
    let requested = request.propose(&session.aws).await?;
    let ReviewedProposal { proposal, violations, omitted, .. } = &requested;
    io.eprint_unless_quiet(&headline(&request.stack, proposal, session.place.as_deref()));
    let find_spec_line = request.spec_line_finder();
    let plan = request.plan(&requested, &find_spec_line);
    io.eprint_unless_quiet(&changes::text(&plan));
    if let Some(failure) = Failure::blocked(violations) {
        return Err(failure);
    }
    // While another run is active, wait for it even if there is nothing to change.
    if proposal.changes.is_empty() && proposal.live.active_runs.is_empty() {
        report_outputs(request, proposal, &proposal.live, args.format, session, io)?;
        args.outputs.write(&request.stack, proposal, &proposal.live, io)?;
        report_changes_outside_plan(request, *omitted, io);
        return Ok(Some(Exit::Done));
    }
    if !args.yes && !proposal.changes.is_empty() && !confirm(request, proposal, io).await? {
        io.eprint("nothing was changed\n");
        if args.format == Format::Json {
            let reason = "not confirmed".to_owned();
            let reasons = vec![BlockedReason { address: None, reason, help: None }];
            io.print_result(&format!("{}\n", json!(Event::Blocked { reasons })))?;
        }
        return Ok(Some(Exit::Interrupted));
    }
    io.eprint_unless_quiet("\n");
    let result = apply_with_progress(request, proposal, args, session, io).await?;
    let ApplyResult::Completed(report) = result else { return Ok(None) };
    let ApplyReport { outcome, final_state } = *report;
    let FinalState { live, remaining } = final_state.map_err(|error| {
        // Changes were made or tried before the live state could not be read.
        let mut failure = Failure::from(error);
        failure.kind = Exit::Partial;
        let result = match outcome.has_changes() {
            true => "the changes above were made",
            false => "no change is known to have been made",
        };
        failure.with_hint(format!("{result}; run the command again to read the live state"))
    })?;
    report_outputs(request, proposal, &live, args.format, session, io)?;
    let write_result = args.outputs.write(&request.stack, proposal, &live, io);
    let write_result = write_result.inspect_err(|failure| io.eprint(&failure.text()));
    let exit = exit_of_outcome(&outcome);
    if exit != Exit::Done {
        return Err(unfinished_failure(&outcome, exit));
    }
    let (delayed, remaining): (Vec<_>, Vec<_>) =
        remaining.into_iter().partition(|change| is_delayed(&outcome, change));
    report_remaining_changes(&remaining, &delayed, plan, io)?;
    report_changes_outside_plan(request, *omitted, io);
    // A failure to write the outputs is already reported; the changes were made nevertheless.
    Ok(Some(if write_result.is_ok() { Exit::Done } else { Exit::Partial }))
}

/// Fails if AWS accepted changes that the live state does not have (`remaining`) or does not show yet (`delayed`).
fn report_remaining_changes(
    remaining: &[Change],
    delayed: &[Change],
    plan: PlanView<'_>,
    io: &mut Io,
) -> Result<(), Failure> {
    if remaining.is_empty() && !delayed.is_empty() {
        let addresses: Vec<String> =
            delayed.iter().map(|change| change.address.to_string()).collect();
        let message = format!(
            "AWS accepted all changes, but the live state does not show all of them yet: {}",
            addresses.join(", ")
        );
        return Err(Failure::new(Exit::Partial, message)
            .with_hint("wait, and run `provision plan` until it shows no changes"));
    }
    if !remaining.is_empty() {
        let plan = PlanView { changes: remaining, access: &[], ..plan };
        let text = changes::text(&plan);
        io.eprint(&format!(
            "\nAWS accepted these changes, but the live state does not have them:\n\n{text}"
        ));
        let message = "AWS accepted all changes, but the live state does not match the spec";
        return Err(Failure::new(Exit::Partial, message)
            .with_hint("run the command again, or find out who else changes this stack"));
    }
    Ok(())
}

/// Applies the proposal and shows each event as it arrives. After the first Ctrl-C, changes in progress are completed;
/// after the second, they are abandoned, as after a kill.
async fn apply_with_progress(
    request: &ChangeRequest,
    proposal: &Proposal,
    args: &ApplyOptionsArgs,
    session: &Session,
    io: &mut Io,
) -> Result<ApplyResult, Failure> {
    let stop = StopSignal::default();
    let (stack, desired) = (&request.stack, &request.desired);
    let progress = Progress::new(io, args.format, desired);
    let emit = |event: Event| progress.event(&event);
    let max_concurrent_steps = usize::from(args.parallelism);
    let was_confirmed = !args.yes;
    let options = ApplyOptions { max_concurrent_steps, was_confirmed, stop: &stop, emit: &emit };
    let mut application = pin!(apply_proposal(&session.aws, stack, desired, proposal, options));
    let mut time_limit = pin!(async {
        match args.timeout {
            Some(timeout) => session.aws.wait(timeout).await,
            None => pending().await,
        }
    });
    let mut is_interrupted = false;
    let result = loop {
        tokio::select! {
            // In this order, so that a Ctrl-C takes effect before the first call.
            biased;
            Ok(()) = tokio::signal::ctrl_c() => {
                if std::mem::replace(&mut is_interrupted, true) {
                    let message = "stopped with changes in progress";
                    return Err(Failure::new(Exit::Interrupted, message)
                        .with_hint("run the command again; it continues from the live state"));
                }
                stop.request(StopReason::Interrupted);
                let steps = progress.in_progress();
                progress.note(&format!(
                    "  … finishing changes in progress{steps}; press Ctrl-C again to stop immediately\n"
                ));
            }
            () = &mut time_limit, if !stop.is_requested() => {
                stop.request(StopReason::TimedOut);
                let (steps, timeout_s) = (progress.in_progress(), ATTEMPT_TIMEOUT.as_secs());
                progress.note(&format!(
                    "  … time limit reached; finishing changes in progress{steps}; each attempt of a call can take {timeout_s} s\n"
                ));
            }
            result = &mut application => break result?,
        }
    };
    progress.finish();
    Ok(result)
}

/// Reports how many changes the spec requires and the plan omits.
fn report_changes_outside_plan(request: &ChangeRequest, omitted: usize, io: &mut Io) {
    if omitted > 0 && !request.destroys {
        let changes =
            if omitted == 1 { "1 more change is" } else { &format!("{omitted} more changes are") };
        io.eprint_unless_quiet(&format!(
            "\n{changes} required outside this plan: run `provision plan`.\n"
        ));
    }
}

fn report_outputs(
    request: &ChangeRequest,
    proposal: &Proposal,
    live: &LiveState,
    format: Format,
    session: &Session,
    io: &mut Io,
) -> Result<(), Failure> {
    let outputs = outputs::outputs(&request.stack, &proposal.site, live, false);
    match format {
        Format::Json => {
            io.print_result(&format!("{}\n", json!({ "event": "outputs", "outputs": outputs })))?;
        }
        Format::Human if request.destroys => {}
        Format::Human => {
            io.eprint_unless_quiet("\n");
            io.print_result(&outputs::human(&outputs))?;
            if session.is_ephemeral() && !outputs.apis.is_empty() {
                io.eprint_unless_quiet(EMULATOR_NOTE);
            }
        }
    }
    Ok(())
}
