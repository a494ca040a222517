//! `provision plan`: what apply would do.
use std::path::PathBuf;

use crate::backend::direct::{Proposal, propose};
use crate::cli::exit::Exit;
use crate::cli::load::sound;
use crate::cli::parameters::{ParameterArgs, applicable};
use crate::cli::target::{self, Session, TargetArgs};
use crate::cli::{Failure, Io};
use crate::policy::{Policy, Refusal, refused};
use crate::render::changes;
use crate::spec::Spec;

/// Show what apply would change on AWS
///
/// Reads AWS, compares it with the spec and shows every change, property by property. Changes
/// nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision plan spec.yaml --local
  provision plan spec.yaml --format json | jq '.changes[].address'
  provision plan spec.yaml --detailed-exitcode   # exit code 2 if anything would change")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with exit code 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// For whom results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.given(io)?;
    let spec = applicable(sound(&args.spec, &given, io)?, &given)?;
    let session = target::open(&args.target, &spec, io).await?;
    let proposed = propose(&session.aws, &spec.stack, &spec.desired, io.now_epoch_s()).await;
    let place = session.place.clone();
    session.close().await?;
    let proposal = proposed?;
    let refusals = refused(&proposal.changes, &spec.desired, &proposal.live, Policy::default());
    io.note(&headline(&spec, &proposal, place.as_deref()));
    let plan = document(&spec, &proposal, &refusals);
    match args.format {
        Format::Human => io.result(&changes::text(&plan))?,
        Format::Json => io.result(&json(&plan)?)?,
    }
    for refusal in &refusals {
        io.note(&format!("apply will refuse: {}\n", describe(refusal)));
    }
    match args.detailed_exitcode && !proposal.changes.is_empty() {
        true => Ok(Exit::Pending),
        false => Ok(Exit::Done),
    }
}

/// The plan as a document.
pub fn document<'a>(
    spec: &'a Spec,
    proposal: &'a Proposal,
    refused: &'a [Refusal],
) -> changes::Plan<'a> {
    changes::Plan {
        version: 1,
        stack: &spec.stack,
        account: &proposal.site.account,
        region: &proposal.site.region,
        changes: &proposal.changes,
        strangers: &proposal.live.strangers,
        refused,
    }
}

/// Whose AWS this is, before anything else is said.
pub fn headline(spec: &Spec, proposal: &Proposal, place: Option<&str>) -> String {
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    let site = &proposal.site;
    format!("stack {} · account {} · region {}{place}\n\n", spec.stack, site.account, site.region)
}

/// What is refused, why, and what to do.
pub fn describe(refusal: &Refusal) -> String {
    let address = refusal.address.as_ref().map(|it| format!("{it}: ")).unwrap_or_default();
    format!("{address}{}; {}", refusal.reason, refusal.way_out)
}

pub fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value);
    text.map(|it| it + "\n").map_err(|error| Failure::error(error.to_string()))
}

/// Keeps `Session` in one place: whoever opens one closes it, also after an error.
pub async fn closing<T>(session: Session, result: Result<T, Failure>) -> Result<T, Failure> {
    let closed = session.close().await;
    let value = result?;
    closed?;
    Ok(value)
}
