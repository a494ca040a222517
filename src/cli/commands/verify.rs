//! `provision verify`: whether what is deployed does what the spec says.
mod deployment_diff;
mod event;
mod targets;
mod token;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::cli::arguments::Format as ApplyFormat;
use crate::cli::arguments::duration;
use crate::cli::event_api::ModeArg;
use crate::cli::files::{must_take_a_file, write};
use crate::cli::follow_up::Again;
use crate::cli::io::json;
use crate::cli::load::{Warns, sound};
use crate::cli::parameters::{ParameterArgs, applicable};
use crate::cli::target::closing;
use crate::cli::target::{self, Declared, Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::render::verification::{Verification, junit, table};
use appsync_events::AuthMode;
use appsync_events::verify::{ApiReport, VerifyOptions, verify};
use event::EventArg;
use provision_core::access::ApiAccess;
use provision_core::address::Address;
use provision_core::kind::Desired;
use targets::{Found, subjects};
use token::TokenArg;

/// APIs that are tried at a time.
const APIS_AT_ONCE: usize = 4;
/// How long one check of `apply --verify` may take.
const TIMEOUT: &str = "20s";

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

/// What to try, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
struct Choice {
    /// Only this API, by its key in the spec; may be repeated
    #[arg(long = "api", value_name = "KEY", help_heading = "What to try")]
    apis: Vec<String>,
    /// Only this namespace, by its key or its name; may be repeated
    #[arg(long = "namespace", value_name = "NAMESPACE", help_heading = "What to try")]
    namespaces: Vec<String>,
    /// Only this mode; may be repeated
    #[arg(long = "mode", value_enum, value_name = "MODE", help_heading = "What to try")]
    modes: Vec<ModeArg>,
    /// Only what the spec forbids
    #[arg(long, help_heading = "What to try")]
    only_refusals: bool,
    /// Let handlers run that use data sources, which may leave traces there
    #[arg(long, help_heading = "What to try")]
    with_data_sources: bool,
    /// An event that the namespace's handler lets through: a JSON file, or the JSON itself; `${nonce}` in it is
    /// filled in; may be repeated
    #[arg(long = "event", value_name = "NAMESPACE=FILE|JSON", value_parser = EventArg::parse, help_heading = "What to try")]
    events: Vec<EventArg>,
    /// The token for a mode: cognito, oidc or lambda; may be repeated; the variables PROVISION_TOKEN_COGNITO,
    /// PROVISION_TOKEN_OIDC and PROVISION_TOKEN_LAMBDA keep it out of the list of processes
    #[arg(long = "token", value_name = "MODE=TOKEN", value_parser = TokenArg::parse, help_heading = "As whom")]
    tokens: Vec<TokenArg>,
    /// Certificates in PEM to trust besides those that this machine trusts; or the variable AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", help_heading = "As whom")]
    ca_bundle: Option<PathBuf>,
}

impl Choice {
    fn takes_mode(&self, mode: AuthMode) -> bool {
        self.modes.is_empty() || self.modes.iter().any(|it| it.mode() == mode)
    }
    /// Whether what stands at `address`, a namespace of `api`, is asked for by its key or its name.
    fn takes_namespace(&self, address: &Address, api: &ApiAccess) -> bool {
        let found = api.namespaces.iter().find(|it| it.address == *address);
        let names = found.map(|it| [it.address.name(), targets::name(it)]);
        let is_one = |asked: &String| names.is_some_and(|it| it.contains(&asked.as_str()));
        self.namespaces.is_empty() || self.namespaces.iter().any(is_one)
    }
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

/// The same in the end of an apply, which has made AWS as `desired`: with what is at hand, and all of it.
pub async fn after_apply(
    stack: &str,
    desired: &Desired,
    again: &Again,
    format: ApplyFormat,
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
        ApplyFormat::Json => {
            let line = json!({ "event": "verification", "verification": verification });
            io.result(&format!("{line}\n"))?;
        }
        ApplyFormat::Human => {
            io.note("\n");
            io.result(&table(&verification))?;
        }
    }
    Ok(exit(&verification))
}

/// What to verify.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    stack: &'a str,
    desired: &'a Desired,
    choice: &'a Choice,
    /// How a further command is given.
    again: &'a Again,
}

async fn go(
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
    verified.extend(absent);
    Ok(verified)
}

fn exit(verification: &Verification) -> Exit {
    if verification.proved { Exit::Done } else { Exit::Unproven }
}
