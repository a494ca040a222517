//! `provision outputs`: endpoints, ids and keys, for people and other tools.
use std::path::PathBuf;

use crate::backend::direct::propose;
use crate::cli::load::sound;
use crate::cli::parameters::{ParameterArgs, with_name};
use crate::cli::plan::{closing, json};
use crate::cli::target::{self, Declared, Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::kind::Desired;
use crate::render::outputs::{self, Outputs};
use crate::spec::Spec;

/// Print endpoints, ids and keys of the stack
///
/// Reads them from AWS. The values of API keys are left out unless you ask with --reveal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision outputs spec.yaml --local
  provision outputs spec.yaml --format json | jq -r '.apis[0].http.url'
  set -a; eval \"$(provision outputs spec.yaml --format env --reveal)\"; set +a")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print the values of API keys too
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For shells: NAME=value lines
    Env,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.given(io)?;
    let spec = with_name(sound(&args.spec, &given, io)?, &given)?;
    let declared = Declared { region: spec.region.as_ref(), account: spec.account.as_ref() };
    let session = target::open(&args.target, declared, io).await?;
    let outputs = look(&spec, &session, args.reveal, io.now_epoch_s()).await;
    let outputs = closing(session, outputs).await?;
    if outputs.apis.is_empty() {
        let message = format!("stack {} has no API in region {}", outputs.stack, outputs.region);
        return Err(Failure::error(message).hint("apply the spec first"));
    }
    let text = match args.format {
        Format::Text => outputs::human(&outputs),
        Format::Json => json(&outputs)?,
        Format::Env => outputs::env(&outputs),
    };
    io.result(&text)?;
    Ok(Exit::Done)
}

async fn look(spec: &Spec, session: &Session, reveal: bool, now: i64) -> Result<Outputs, Failure> {
    let proposal = propose(&session.aws, &spec.stack, &Desired::new(), now).await?;
    Ok(outputs::outputs(&spec.stack, &proposal.site, &proposal.live, reveal))
}
