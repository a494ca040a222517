//! `provision verify`: whether what is deployed does what the spec says.
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::arguments::duration;
use crate::cli::files::{must_take_a_file, write};
use crate::cli::follow_up::Again;
use crate::cli::io::json;
use crate::cli::load::{Warns, sound};
use crate::cli::parameters::{ParameterArgs, applicable};
use crate::cli::target::{self, Declared, TargetArgs, closing};
use crate::cli::verification::{Choice, TIMEOUT, Wanted, exit, go};
use crate::cli::{Exit, Failure, Io};
use crate::render::verification::{Verification, junit, table};

/// Prove that what is deployed does what the spec says
///
/// For each API, namespace and mode: connects, subscribes to a channel that nobody knows, publishes over HTTP and
/// over a WebSocket and sees the event arrive, where the spec allows it; and sees it refused where the spec doesn't.
/// Also that a wrong API key and a namespace that is not there are refused; and that AWS has the APIs, keys,
/// namespaces and handlers that the spec declares, and no other handlers.
///
/// It uses the stack's API keys and your AWS credentials. Other modes need a token; on the local AWS, Cognito's and
/// OpenID Connect's are made for you. What there are no credentials for is not tried, and
/// the result says so.
///
/// Events go to /NAMESPACE/provision-verify/NONCE: who subscribes to /NAMESPACE/* sees them, and handlers run.
/// --only-refusals publishes nothing that the spec allows, and --api, --namespace and --mode try less. What a
/// handler does by way of a data source is left alone without --with-data-sources.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 if all that was tried is as the spec says, or up to a handler that the spec declares; 6 if something is
not, is missing on AWS or could not be found out, and with --strict if something was not tried; 1 if verify could not
do its work; 64 if the command line is wrong.

Examples:
  provision verify spec.yaml --local
  provision verify spec.yaml --namespace sample --only-refusals
  provision verify spec.yaml --token lambda=let-me-in --strict
  provision verify spec.yaml --event orders=order.json
  provision verify spec.yaml --event 'orders={\"orderId\": \"${nonce}\"}'
  provision verify spec.yaml --format junit --out verify.xml
  provision verify spec.yaml --format json | jq '.apis[].findings[] | select(.verdict == \"difference\")'")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// How to tell what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to FILE; the table is still shown
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How long a check may take
    #[arg(long, value_name = "DURATION", default_value = TIMEOUT, value_parser = duration)]
    timeout: Duration,
    /// Let what was not tried fail, too
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// For whom it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Human,
    /// For programs
    Json,
    /// For a build server
    Junit,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        must_take_a_file(&io.path(out))?;
    }
    let given = args.parameters.given(io)?;
    let spec = applicable(sound(&args.spec, &given, Warns::No, io)?, &given)?;
    let (region, account) = (spec.region.as_ref(), spec.account.as_ref());
    let declared = Declared { region, account, is_planned: false };
    let session = target::open(&args.target, declared, io).await?;
    let again = &Again::of(&args.spec, &args.parameters, &args.target);
    let choice = &args.choice;
    let wanted = Wanted { stack: &spec.stack, desired: &spec.desired, choice, again };
    let found = go(wanted, args.timeout, &session, io).await;
    let found = closing(session, found).await?;
    let verification = Verification::of(&spec.stack, found, args.strict);
    let text = match args.format {
        Format::Human => table(&verification),
        Format::Json => json(&verification),
        Format::Junit => junit(&verification, args.strict),
    };
    match &args.out {
        Some(out) => {
            let plain = anstream::adapter::strip_str(&text).to_string();
            write(&io.path(out), &plain)?;
            io.note(&table(&verification));
        }
        None => io.result(&text)?,
    }
    Ok(exit(&verification))
}
