//! `provision apply` and `provision destroy`: propose, ask, carry out, look again.
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::apply::{Outcome, STEPS_AT_ONCE};
use crate::backend::direct::{Carried, Done, Proposal, Way, carry_out, propose};
use crate::cli::exit::{Exit, hints, of_outcome};
use crate::cli::load::sound;
use crate::cli::parameters::{ParameterArgs, applicable, with_name};
use crate::cli::plan::{Format, closing, describe, document, headline};
use crate::cli::target::{self, Session, TargetArgs};
use crate::cli::{Failure, Io};
use crate::event::Event;
use crate::kind::{Desired, Live};
use crate::policy::{Policy, refused};
use crate::render::{changes, outputs, progress};
use crate::spec::Spec;

/// Make AWS as the spec says
///
/// Shows the plan, asks, carries it out and prints the endpoints. Run again, it changes nothing;
/// interrupted or killed, it goes on where it stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision apply spec.yaml --local              # without an AWS account
  provision apply spec.yaml                      # shows the plan and asks
  provision apply spec.yaml --yes --format json  # in a pipeline: a JSON document a line")]
pub struct ApplyArgs {
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
  provision destroy spec.yaml --yes")]
pub struct DestroyArgs {
    #[command(flatten)]
    changing: ChangingArgs,
}

#[derive(Debug, clap::Args)]
struct ChangingArgs {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// How to tell what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Let what hangs on a deleted API and was made outside the spec go with it
    #[arg(long)]
    with_strangers: bool,
    /// How many changes may be under way at a time
    #[arg(long, value_name = "N", default_value_t = STEPS_AT_ONCE as u16, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallelism: u16,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub async fn apply(args: &ApplyArgs, io: &mut Io) -> Result<Exit, Failure> {
    start(&args.changing, Question::YesOrNo, io).await
}

pub async fn destroy(args: &DestroyArgs, io: &mut Io) -> Result<Exit, Failure> {
    start(&args.changing, Question::NameOfStack, io).await
}

/// Opens and closes a session around the change. To destroy is to want nothing.
async fn start(args: &ChangingArgs, question: Question, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.given(io)?;
    let spec = sound(&args.spec, &given, io)?;
    let spec = match question {
        Question::YesOrNo => applicable(spec, &given)?,
        // What is deleted is known by its mark; only the stack's name matters.
        Question::NameOfStack => with_name(spec, &given)?,
    };
    let session = target::open(&args.target, &spec, io).await?;
    let nothing = Desired::new();
    let (desired, allow_empty) = match question {
        Question::YesOrNo => (&spec.desired, false),
        Question::NameOfStack => (&nothing, true),
    };
    let policy = Policy { allow_empty, allow_strangers: args.with_strangers };
    let result = change(&spec, desired, policy, question, args, &session, io).await;
    closing(session, result).await
}

/// What a person has to type to agree.
#[derive(Clone, Copy)]
enum Question {
    YesOrNo,
    NameOfStack,
}

/// The whole of apply and destroy; they differ in what is desired.
async fn change(
    spec: &Spec,
    desired: &Desired,
    policy: Policy,
    question: Question,
    args: &ChangingArgs,
    session: &Session,
    io: &mut Io,
) -> Result<Exit, Failure> {
    let aws = &session.aws;
    let proposal = propose(aws, &spec.stack, desired, io.now_epoch_s()).await?;
    io.note(&headline(spec, &proposal, session.place.as_deref()));
    let refusals = refused(&proposal.changes, desired, &proposal.live, policy);
    io.note(&changes::text(&document(spec, &proposal, &refusals)));
    if let Some(refusal) = refusals.first() {
        let more = refusals.iter().skip(1).map(describe);
        let failure = Failure::new(Exit::Refused, describe(refusal));
        return Err(more.fold(failure, Failure::hint));
    }
    if proposal.changes.is_empty() {
        tell_outputs(spec, &proposal, &proposal.live, desired, args.format, io)?;
        return Ok(Exit::Done);
    }
    if !args.yes {
        ask(question, spec, &proposal, io)?;
    }
    io.note("\n");
    let Carried::Out(Done { outcome, looked }) =
        run(spec, desired, &proposal, args, session, io).await?
    else {
        let message =
            "another apply of this stack has changed AWS meanwhile; this one changed nothing";
        return Err(
            Failure::new(Exit::Stale, message).hint("run it again to see what is left to do")
        );
    };
    let (live, left) = looked.map_err(|error| {
        // Changes were made, whatever the look says.
        let failure = Failure { kind: Exit::Partial, ..Failure::from(error) };
        failure.hint("the changes above were made; run it again to look once more")
    })?;
    tell_outputs(spec, &proposal, &live, desired, args.format, io)?;
    let exit = of_outcome(&outcome);
    if exit != Exit::Done {
        return Err(unfinished(&outcome, exit));
    }
    if !left.is_empty() {
        let plan = changes::Plan { changes: &left, ..document(spec, &proposal, &[]) };
        io.say(&format!("\nThis did not stick on AWS:\n\n{}", changes::text(&plan)));
        let message = "AWS took every change, and does not have all of them";
        return Err(Failure::new(Exit::Partial, message)
            .hint("run it again, or see what else changes this stack"));
    }
    Ok(Exit::Done)
}

/// Carries the proposal out, telling each event as it comes. The first Ctrl-C lets what is under way
/// finish; the second leaves it, as a kill would.
async fn run(
    spec: &Spec,
    desired: &Desired,
    proposal: &Proposal,
    args: &ChangingArgs,
    session: &Session,
    io: &mut Io,
) -> Result<Carried, Failure> {
    let interrupted = AtomicBool::new(false);
    let format = args.format;
    let told = Mutex::new(io);
    let say = |text: &str| told.lock().expect("nobody panics while telling").note(text);
    let tell = |event: Event| match format {
        Format::Human => {
            if let Some(line) = progress::line(&event) {
                say(&format!("{line}\n"));
            }
        }
        Format::Json => {
            let mut io = told.lock().expect("nobody panics while telling");
            // A result that nobody reads is found out when the outputs are written.
            drop(io.result(&format!("{}\n", json!(event))));
        }
    };
    let steps_at_once = usize::from(args.parallelism);
    let (aws, stack) = (&session.aws, &spec.stack);
    let way = Way { steps_at_once, interrupted: &interrupted, tell: &tell };
    let carrying = carry_out(aws, stack, desired, proposal, way);
    let mut carrying = std::pin::pin!(carrying);
    loop {
        tokio::select! {
            carried = &mut carrying => return Ok(carried?),
            Ok(()) = tokio::signal::ctrl_c() => {
                if interrupted.swap(true, Ordering::Relaxed) {
                    let message = "stopped with changes under way";
                    return Err(Failure::new(Exit::Interrupted, message)
                        .hint("run it again; it finds what was done and goes on"));
                }
                say("  … finishing what is under way; Ctrl-C again stops at once\n");
            }
        }
    }
}

/// Asks before anything is changed; only somebody at a terminal can answer.
fn ask(question: Question, spec: &Spec, proposal: &Proposal, io: &mut Io) -> Result<(), Failure> {
    if !io.terminal.input {
        let message = "nobody is there to agree: standard input is no terminal";
        return Err(
            Failure::new(Exit::Refused, message).hint("give `--yes` to go ahead without asking")
        );
    }
    let site = &proposal.site;
    let place = format!("account {}, region {}", site.account, site.region);
    let (text, expected) = match question {
        Question::YesOrNo => (format!("\nApply this to {place}? [y/N] "), vec!["y", "yes"]),
        Question::NameOfStack => (
            format!(
                "\nThis deletes all of it from {place}. Type the name of the stack, {}: ",
                spec.stack
            ),
            vec![spec.stack.as_str()],
        ),
    };
    io.say(&text);
    let mut answer = String::new();
    io.input.read_line(&mut answer)?;
    let answer = answer.trim();
    let agreed = match question {
        Question::YesOrNo => expected.contains(&answer.to_ascii_lowercase().as_str()),
        Question::NameOfStack => expected.contains(&answer),
    };
    if agreed { Ok(()) } else { Err(Failure::new(Exit::Interrupted, "nothing was changed")) }
}

fn tell_outputs(
    spec: &Spec,
    proposal: &Proposal,
    live: &Live,
    desired: &Desired,
    format: Format,
    io: &mut Io,
) -> Result<(), Failure> {
    let outputs = outputs::outputs(&spec.stack, &proposal.site, live, false);
    match format {
        Format::Json => {
            io.result(&format!("{}\n", json!({ "event": "outputs", "outputs": outputs })))?;
        }
        Format::Human if desired.is_empty() => {}
        Format::Human => {
            io.note("\n");
            io.result(&outputs::human(&outputs))?;
        }
    }
    Ok(())
}

fn unfinished(outcome: &Outcome, exit: Exit) -> Failure {
    let (failed, skipped) = (outcome.failed.len(), outcome.skipped.len());
    let message = match exit {
        Exit::Interrupted => format!("interrupted; {skipped} steps were not tried"),
        _ => format!("{failed} steps failed and {skipped} were not tried"),
    };
    let mut failure = Failure::new(exit, message);
    let mut told = Vec::new();
    for (_, _, error) in &outcome.failed {
        for hint in hints(error) {
            if !told.contains(&hint) {
                told.push(hint);
            }
        }
    }
    failure.hints = told;
    failure.hint("run it again; what is done stays done")
}
