//! `provision plan`: what apply would do.
use std::path::{Path, PathBuf};

use crate::cli::change_request::ScopeArgs;
use crate::cli::change_request::{ChangeRequest, RequestedChanges, headline, load_change_request};
use crate::cli::exit::Exit;
use crate::cli::files::{read_file, write_private};
use crate::cli::io::json;
use crate::cli::load::open_file;
use crate::cli::parameters::ParameterArgs;
use crate::cli::target::{self, TargetArgs, close_after};
use crate::cli::{Failure, Io};
use crate::render::changes;
use provision_core::policy::PolicyViolation;
use provision_core::saved_plan::SavedPlan;

/// Show what apply would change on AWS
///
/// Reads AWS, compares it with the spec and shows every change, property by property: its cause, where
/// the spec says it, what users notice, and who gains or loses access. Changes nothing.
///
/// With --out, the plan is saved, and `provision apply FILE` does exactly that, or refuses if what it
/// touches was changed since. The file holds the values of parameters, so that only you may read it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision plan spec.yaml --local
  provision plan spec.yaml --out plan.json && provision apply plan.json
  provision plan spec.yaml --format json | jq '.changes[] | select(.actions | index(\"delete\")).address'
  provision plan spec.yaml --format markdown     # for a comment on a pull request
  provision plan spec.yaml --target apis/chat/namespaces/lobby
  provision plan spec.yaml --detailed-exitcode   # exit code 2 if anything would change")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
    /// Save the plan in FILE, for `provision apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Plan to delete everything that the stack has
    #[arg(long)]
    destroy: bool,
    /// End with exit code 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Let a spec that declares nothing delete everything
    #[arg(long, help_heading = "Safety")]
    allow_empty: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// For whom a plan is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum PlanFormat {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
    /// For a comment on a pull request
    Markdown,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.values(io)?;
    let sound = load_change_request(&open_file(&args.spec, io), &given, args.destroy, io)?;
    let now = io.now_epoch_s();
    let intent = ChangeRequest::from_spec(sound, args.destroy, &args.scope, args.allow_empty, now);
    if let Some(path) = &args.out {
        reject_foreign_file(path, io)?;
    }
    let session = target::open(&args.target, intent.expected_target(), io).await?;
    let proposed = intent.propose(&session.aws).await;
    let place = session.place.clone();
    let proposed = close_after(session, proposed).await?;
    io.note(&headline(&intent.stack, &proposed.proposal, place.as_deref()));
    let written = intent.spec_text();
    let plan = intent.plan(&proposed, &written);
    io.result(&match args.format {
        PlanFormat::Human => changes::text(&plan),
        PlanFormat::Json => json(&changes::document(&plan)),
        PlanFormat::Markdown => changes::markdown(&plan),
    })?;
    for refusal in &proposed.refusals {
        io.note(&format!("apply will refuse: {}\n", violation_text(refusal)));
    }
    if let Some(path) = &args.out {
        save(&intent, &proposed, path, io)?;
    }
    match args.detailed_exitcode && !proposed.proposal.changes.is_empty() {
        true => Ok(Exit::Pending),
        false => Ok(Exit::Done),
    }
}

/// A plan takes the place of nothing but a plan.
fn reject_foreign_file(path: &Path, io: &Io) -> Result<(), Failure> {
    let place = io.path(path);
    if place.is_file() && !read_file(&place).is_ok_and(|items| SavedPlan::is_saved_plan(&items)) {
        let message = format!("{} is there already, and is no saved plan", path.display());
        return Err(Failure::error(message).with_hint("name another file with `--out`"));
    }
    Ok(())
}

fn save(
    intent: &ChangeRequest,
    proposed: &RequestedChanges,
    path: &Path,
    io: &mut Io,
) -> Result<(), Failure> {
    if let Some(refused) = Failure::blocked(&proposed.refusals) {
        let message = format!("{} is not written, since apply would refuse it", path.display());
        return Err(Failure::new(Exit::Refused, message).combined_with(refused));
    }
    write_private(&io.path(path), &intent.to_saved_plan(&proposed.proposal).text())?;
    let shown = path.display();
    io.note(&format!("\nSaved in {shown}: `provision apply {shown}` does exactly this, once.\n"));
    Ok(())
}

/// What is refused, why, and what to do.
fn violation_text(refusal: &PolicyViolation) -> String {
    let address =
        refusal.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    format!("{address}{}; {}", refusal.reason, refusal.help)
}
