//! `provision plan`: shows the changes that `apply` would make, and can save them. Changes nothing on AWS.
use std::path::{Path, PathBuf};

use crate::cli::change_request::ScopeArgs;
use crate::cli::change_request::{
    ChangeRequest, ReviewedProposal, headline, load_spec_with_values,
};
use crate::cli::exit::Exit;
use crate::cli::files::{read_file, write_private};
use crate::cli::io::json;
use crate::cli::load::read_spec_file;
use crate::cli::parameters::ParameterArgs;
use crate::cli::target::{self, TargetArgs, close_after};
use crate::cli::{Failure, Io};
use crate::render::changes;
use provision_core::policy::PolicyViolation;
use provision_core::saved_plan::SavedPlan;

/// Show what apply would change on AWS
///
/// Reads the live state, compares it with the spec and shows every change, property by property: its cause, its line
/// in the spec, its effects on users, and who gains or loses access. Changes nothing.
///
/// With --out, the plan is saved. `provision apply FILE` then applies it exactly, or rejects it if its resources have
/// changed since. The file contains the values of parameters, so it is readable only by you.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision plan spec.yaml --local
  provision plan spec.yaml --out plan.json && provision apply plan.json
  provision plan spec.yaml --format json | jq '.changes[] | select(.actions | index(\"delete\")).address'
  provision plan spec.yaml --format markdown     # for a pull request comment
  provision plan spec.yaml --target apis/chat/namespaces/lobby
  provision plan spec.yaml --detailed-exitcode   # exit code 2 if there are changes")]
pub struct Args {
    /// The spec; `-` for stdin
    spec: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
    /// Save the plan to FILE, for `provision apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Plan to delete all resources of the stack
    #[arg(long)]
    destroy: bool,
    /// Exit with code 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Allow a spec without resources to delete all resources of the stack
    #[arg(long, help_heading = "Safety")]
    allow_empty: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// The output format of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum PlanFormat {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
    /// For a pull request comment
    Markdown,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let values = args.parameters.values(io)?;
    let spec = load_spec_with_values(&read_spec_file(&args.spec, io), &values, args.destroy, io)?;
    let now = io.now_epoch_s();
    let request = ChangeRequest::from_spec(spec, args.destroy, &args.scope, args.allow_empty, now);
    if let Some(path) = &args.out {
        reject_foreign_file(path, io)?;
    }
    let session = target::open(&args.target, request.expected_target(), io).await?;
    let requested = request.propose(&session.aws).await;
    let place = session.place.clone();
    let requested = close_after(session, requested).await?;
    io.eprint_unless_quiet(&headline(&request.stack, &requested.proposal, place.as_deref()));
    let find_spec_line = request.spec_line_finder();
    let plan = request.plan(&requested, &find_spec_line);
    io.print_result(&match args.format {
        PlanFormat::Human => changes::text(&plan),
        PlanFormat::Json => json(&changes::document(&plan)),
        PlanFormat::Markdown => changes::markdown(&plan),
    })?;
    for violation in &requested.violations {
        io.eprint_unless_quiet(&format!(
            "blocked by a safety check: {}\n",
            violation_text(violation)
        ));
    }
    if let Some(path) = &args.out {
        save(&request, &requested, path, io)?;
    }
    match args.detailed_exitcode && !requested.proposal.changes.is_empty() {
        true => Ok(Exit::Pending),
        false => Ok(Exit::Done),
    }
}

/// Rejects a path whose file is not a saved plan, so that no other file is overwritten.
fn reject_foreign_file(path: &Path, io: &Io) -> Result<(), Failure> {
    let file = io.path(path);
    if file.is_file() && !read_file(&file).is_ok_and(|bytes| SavedPlan::is_saved_plan(&bytes)) {
        let message = format!("`{}` already exists and is not a saved plan", path.display());
        return Err(Failure::error(message).with_hint("name another file with `--out`"));
    }
    Ok(())
}

fn save(
    request: &ChangeRequest,
    requested: &ReviewedProposal,
    path: &Path,
    io: &mut Io,
) -> Result<(), Failure> {
    if let Some(failure) = Failure::blocked(&requested.violations) {
        let message = format!("`{}` is not written: the plan cannot be applied", path.display());
        return Err(Failure::new(Exit::Blocked, message).combined_with(failure));
    }
    write_private(&io.path(path), &request.to_saved_plan(&requested.proposal).text())?;
    let shown = path.display();
    io.eprint_unless_quiet(&format!(
        "\nSaved to {shown}: `provision apply {shown}` applies exactly this plan, once.\n"
    ));
    Ok(())
}

/// Returns the address, the reason and the help of a violation in one line.
fn violation_text(violation: &PolicyViolation) -> String {
    let address =
        violation.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    format!("{address}{}; {}", violation.reason, violation.help)
}
