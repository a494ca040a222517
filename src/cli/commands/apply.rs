//! `provision apply` and `provision destroy`: propose, ask, carry out, look again.
use std::future::pending;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use serde_json::json;

use crate::cli::arguments::Format;
use crate::cli::arguments::duration;
use crate::cli::change_request::ScopeArgs;
use crate::cli::change_request::{ChangeRequest, RequestedChanges};
use crate::cli::change_request::{headline, load_change_request};
use crate::cli::confirm::confirm;
use crate::cli::exit::{Exit, exit_of_outcome, unfinished_failure};
use crate::cli::follow_up::FollowUp;
use crate::cli::load::{SpecFile, open_file};
use crate::cli::parameters::ParameterArgs;
use crate::cli::progress::Progress;
use crate::cli::stack_outputs::OutputsFileArgs;
use crate::cli::target::close_after;
use crate::cli::target::{self, Session, TargetArgs};
use crate::cli::verification::verify_after_apply;
use crate::cli::{Failure, Io};
use crate::render::changes::{self, PlanView};
use crate::render::outputs;
use provision_aws::apply::{MAX_CONCURRENT_STEPS, StopReason, StopSignal};
use provision_aws::backend::direct::{
    ApplyOptions, ApplyReport, ApplyResult, Proposal, apply_proposal, is_delayed,
};
use provision_aws::connect::ATTEMPT_TIMEOUT;
use provision_core::diff::Change;
use provision_core::event::{BlockedReason, Event};
use provision_core::kind::LiveState;
use provision_core::saved_plan::SavedPlan;

/// Make AWS as the spec says
///
/// Shows the plan, asks, carries it out and prints the endpoints. Run again, it changes nothing;
/// interrupted or killed, it goes on where it stopped.
///
/// Given a plan that `provision plan --out` saved, it does exactly that, or refuses with exit code 4 if
/// what it touches was changed since. A plan is good for once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision apply spec.yaml --local              # without an AWS account
  provision apply spec.yaml                      # shows the plan and asks
  provision apply plan.json                      # what was planned, and nothing else
  provision apply spec.yaml --yes --verify       # and proves that it works
  provision apply spec.yaml --yes --format json  # in a pipeline: a JSON document a line")]
pub struct ApplyArgs {
    /// The spec, or a saved plan; `-` for standard input
    #[arg(value_name = "SPEC")]
    file: PathBuf,
    /// Let a spec that declares nothing delete everything
    #[arg(long, help_heading = "Safety")]
    allow_empty: bool,
    /// In the end, prove that it works, as `provision verify` does; exit code 6 if it doesn't: the changes stay
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    changing: ChangingArgs,
}

/// Delete everything that the stack has on AWS
///
/// Deletes what carries the stack's mark and nothing else. Asks for the stack's name first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision destroy spec.yaml --local
  provision destroy spec.yaml --yes
  provision plan spec.yaml --destroy --out plan.json && provision apply plan.json")]
pub struct DestroyArgs {
    /// The spec; `-` for standard input
    spec: PathBuf,
    #[command(flatten)]
    changing: ChangingArgs,
}

#[derive(Debug, clap::Args)]
struct ChangingArgs {
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// How to tell what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many changes may be under way at a time
    #[arg(long, value_name = "N", default_value_t = MAX_CONCURRENT_STEPS as u16, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallelism: u16,
    /// Begin nothing more after this long, such as 10m; what runs by then is finished
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
    let result = apply_and_report(args, io).await;
    report_failure(result, args.changing.format, io)
}

pub async fn destroy(args: &DestroyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let result = destroy_and_report(args, io).await;
    report_failure(result, args.changing.format, io)
}

/// Tells a program, too, why nothing was begun.
fn report_failure(
    result: Result<Exit, Failure>,
    format: Format,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let event = result.as_ref().err().and_then(Failure::event);
    if let (Some(event), Format::Json) = (event, format) {
        io.result(&format!("{}\n", json!(event)))?;
    }
    result
}

async fn apply_and_report(args: &ApplyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let opened = open_file(&args.file, io);
    let is_plan = opened.bytes.as_ref().is_ok_and(|items| SavedPlan::is_saved_plan(items));
    let intent = match is_plan {
        true => read_request(args, &opened, io)?,
        false => {
            let (scope, now) = (&args.changing.scope, io.now_epoch_s());
            let given = args.changing.parameters.values(io)?;
            let sound = load_change_request(&opened, &given, false, io)?;
            ChangeRequest::from_spec(sound, false, scope, args.allow_empty, now)
        }
    };
    // A saved plan does not say from which file the spec was read.
    let spec = if is_plan { Path::new("SPEC") } else { &args.file };
    let again = FollowUp::new(spec, &args.changing.parameters, &args.changing.target);
    start(&intent, &args.changing, args.verify.then_some(&again), io).await
}

async fn destroy_and_report(args: &DestroyArgs, io: &mut Io) -> Result<Exit, Failure> {
    let opened = open_file(&args.spec, io);
    let given = args.changing.parameters.values(io)?;
    let sound = load_change_request(&opened, &given, true, io)?;
    let intent =
        ChangeRequest::from_spec(sound, true, &args.changing.scope, true, io.now_epoch_s());
    start(&intent, &args.changing, None, io).await
}

/// What a saved plan is to bring about: nothing on the command line may add to it.
fn read_request(args: &ApplyArgs, opened: &SpecFile, io: &Io) -> Result<ChangeRequest, Failure> {
    let ChangingArgs { scope, parameters, target, .. } = &args.changing;
    let added = [
        ("--param and --params-file", !parameters.is_empty()),
        ("--target", !scope.targets.is_empty()),
        ("--allow-unmanaged", scope.allow_unmanaged),
        ("--allow-empty", args.allow_empty),
    ];
    if let Some((option, _)) = added.into_iter().find(|(_, given)| *given) {
        let message = format!("{option}: a saved plan says all of that itself");
        return Err(Failure::new(Exit::Usage, message).with_hint("give it to `provision plan`"));
    }
    let bytes = opened.bytes.as_deref().unwrap_or_default();
    let saved = SavedPlan::read(bytes).map_err(|reason| {
        let message = format!("{} can't be applied: {reason}", args.file.display());
        Failure::error(message).with_hint("plan again, and apply that")
    })?;
    if let Some(region) = target.region().filter(|text| **text != saved.region) {
        let message =
            format!("the plan was made for region {}; --region is {region}", saved.region);
        return Err(
            Failure::new(Exit::Refused, message).with_hint("leave `--region` away, or plan again")
        );
    }
    ChangeRequest::from_saved_plan(saved, scope.max_deletes, io.now_epoch_s())
}

/// Opens and closes a session around the change, and around the proof that it works.
async fn start(
    intent: &ChangeRequest,
    args: &ChangingArgs,
    verify: Option<&FollowUp>,
    io: &mut Io,
) -> Result<Exit, Failure> {
    args.outputs.check(&intent.desired, io)?;
    let session = target::open(&args.target, intent.expected_target(), io).await?;
    let mut result = retry_stale_plans(intent, args, &session, io).await;
    let has_apis = intent.desired.keys().any(|address| address.section() == "apis");
    if let Some(again) = verify.filter(|_| has_apis && matches!(result, Ok(Exit::Done))) {
        let (stack, desired) = (&intent.stack, &intent.desired);
        result = verify_after_apply(stack, desired, again, args.format, &session, io).await;
    }
    close_after(session, result).await
}

/// What another apply of the stack did meanwhile is looked at so many times, then somebody should.
const STALE_PLANS_MAX: usize = 5;

/// Changes what is to be changed, and begins anew if another apply of the stack came first. Who was asked is
/// asked again, by running it again; so is who made a plan.
async fn retry_stale_plans(
    intent: &ChangeRequest,
    args: &ChangingArgs,
    session: &Session,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let turns = if args.yes && !intent.is_saved() { STALE_PLANS_MAX } else { 1 };
    for turn in 1..=turns {
        if let Some(exit) = change(intent, args, session, io).await? {
            return Ok(exit);
        }
        if turn < turns {
            io.note("  … another apply of this stack has changed AWS; looking again\n\n");
        }
    }
    let message = "AWS was changed meanwhile, by another apply of this stack or by somebody else; this one changed nothing";
    Err(Failure::new(Exit::Stale, message).with_hint("run it again to see what is left to do"))
}

/// The whole of apply and destroy; they differ in what is desired. `None`: another apply came first.
async fn change(
    intent: &ChangeRequest,
    args: &ChangingArgs,
    session: &Session,
    io: &mut Io,
) -> Result<Option<Exit>, Failure> {
    let proposed = intent.propose(&session.aws).await?;
    let RequestedChanges { proposal, refusals, beside, .. } = &proposed;
    io.note(&headline(&intent.stack, proposal, session.place.as_deref()));
    let written = intent.spec_text();
    let plan = intent.plan(&proposed, &written);
    io.note(&changes::text(&plan));
    if let Some(refused) = Failure::blocked(refusals) {
        return Err(refused);
    }
    // Where a run says that it runs, its end is waited for even if there is nothing to do.
    if proposal.changes.is_empty() && proposal.live.active_runs.is_empty() {
        report_outputs(intent, proposal, &proposal.live, args.format, io)?;
        args.outputs.write(&intent.stack, proposal, &proposal.live, io)?;
        report_changes_outside_plan(intent, *beside, io);
        return Ok(Some(Exit::Done));
    }
    if !args.yes && !proposal.changes.is_empty() && !confirm(intent, proposal, io).await? {
        io.report("nothing was changed\n");
        if args.format == Format::Json {
            let reason = "the answer was no".to_owned();
            let no = BlockedReason { address: None, reason, help: None };
            io.result(&format!("{}\n", json!(Event::Refused { reasons: vec![no] })))?;
        }
        return Ok(Some(Exit::Interrupted));
    }
    io.note("\n");
    let carried = run(intent, proposal, args, session, io).await?;
    let ApplyResult::Completed(done) = carried else { return Ok(None) };
    let ApplyReport { outcome, verified } = *done;
    let (live, left) = verified.map_err(|error| {
        // Changes were made or tried, whatever the look says.
        let mut failure = Failure::from(error);
        failure.kind = Exit::Partial;
        let made = match outcome.has_changes() {
            true => "the changes above were made",
            false => "no change is known to be made",
        };
        failure.with_hint(format!("{made}; run it again to look once more"))
    })?;
    report_outputs(intent, proposal, &live, args.format, io)?;
    let filed = args.outputs.write(&intent.stack, proposal, &live, io);
    let filed = filed.inspect_err(|failure| io.report(&failure.text()));
    let exit = exit_of_outcome(&outcome);
    if exit != Exit::Done {
        return Err(unfinished_failure(&outcome, exit));
    }
    let (late, left): (Vec<_>, Vec<_>) =
        left.into_iter().partition(|change| is_delayed(&outcome, change));
    report_remaining_changes(&left, &late, plan, io)?;
    report_changes_outside_plan(intent, *beside, io);
    // That it failed is said above; the changes were made all the same.
    Ok(Some(if filed.is_ok() { Exit::Done } else { Exit::Partial }))
}

/// Whether AWS has all that it took: `left` it has not, `late` it does not show yet.
fn report_remaining_changes(
    left: &[Change],
    late: &[Change],
    plan: PlanView<'_>,
    io: &mut Io,
) -> Result<(), Failure> {
    if left.is_empty() && !late.is_empty() {
        let late: Vec<String> = late.iter().map(|change| change.address.to_string()).collect();
        let message = format!(
            "AWS took every change, and does not show all of them yet: {}",
            late.join(", ")
        );
        return Err(Failure::new(Exit::Partial, message)
            .with_hint("run `provision plan` in a moment, and nothing else before it shows them"));
    }
    if !left.is_empty() {
        let plan = PlanView { changes: left, access: &[], ..plan };
        io.report(&format!("\nThis did not stick on AWS:\n\n{}", changes::text(&plan)));
        let message = "AWS took every change, and does not have all of them";
        return Err(Failure::new(Exit::Partial, message)
            .with_hint("run it again, or see what else changes this stack"));
    }
    Ok(())
}

/// Carries the proposal out, telling each event as it comes. The first Ctrl-C lets what is under way
/// finish; the second leaves it, as a kill would.
async fn run(
    intent: &ChangeRequest,
    proposal: &Proposal,
    args: &ChangingArgs,
    session: &Session,
    io: &mut Io,
) -> Result<ApplyResult, Failure> {
    let stop = StopSignal::default();
    let (stack, desired) = (&intent.stack, &intent.desired);
    let progress = Progress::new(io, args.format, desired);
    let tell = |event: Event| progress.event(&event);
    let max_concurrent_steps = usize::from(args.parallelism);
    let was_confirmed = !args.yes;
    let options = ApplyOptions { max_concurrent_steps, was_confirmed, stop: &stop, emit: &tell };
    let mut carrying = pin!(apply_proposal(&session.aws, stack, desired, proposal, options));
    let mut late = pin!(async {
        match args.timeout {
            Some(timeout) => session.aws.wait(timeout).await,
            None => pending().await,
        }
    });
    let mut asked = false;
    let carried = loop {
        tokio::select! {
            // In this order: a Ctrl-C is heard before the first call is made.
            biased;
            Ok(()) = tokio::signal::ctrl_c() => {
                if std::mem::replace(&mut asked, true) {
                    let message = "stopped with changes under way";
                    return Err(Failure::new(Exit::Interrupted, message)
                        .with_hint("run it again; it finds what was done and goes on"));
                }
                stop.request(StopReason::Interrupted);
                let under_way = progress.in_progress();
                progress.note(&format!(
                    "  … finishing what is under way{under_way}; Ctrl-C again stops at once\n"
                ));
            }
            () = &mut late, if !stop.is_requested() => {
                stop.request(StopReason::TimedOut);
                let (under_way, most) = (progress.in_progress(), ATTEMPT_TIMEOUT.as_secs());
                progress.note(&format!(
                    "  … the time is over; finishing what is under way{under_way}; each try of a call may take {most} s\n"
                ));
            }
            carried = &mut carrying => break carried?,
        }
    };
    progress.finish();
    Ok(carried)
}

/// What a plan leaves out is not done by it.
fn report_changes_outside_plan(intent: &ChangeRequest, beside: usize, io: &mut Io) {
    if beside > 0 && !intent.destroys {
        let more =
            if beside == 1 { "1 more change is" } else { &format!("{beside} more changes are") };
        io.note(&format!("\nBeside this plan, {more} needed: `provision plan` shows them.\n"));
    }
}

fn report_outputs(
    intent: &ChangeRequest,
    proposal: &Proposal,
    live: &LiveState,
    format: Format,
    io: &mut Io,
) -> Result<(), Failure> {
    let outputs = outputs::outputs(&intent.stack, &proposal.site, live, false);
    match format {
        Format::Json => {
            io.result(&format!("{}\n", json!({ "event": "outputs", "outputs": outputs })))?;
        }
        Format::Human if intent.destroys => {}
        Format::Human => {
            io.note("\n");
            io.result(&outputs::human(&outputs))?;
        }
    }
    Ok(())
}
