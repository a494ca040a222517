//! `provision verify`: tests that the deployed stack behaves as the spec declares.
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::arguments::duration;
use crate::cli::files::{check_writable, write};
use crate::cli::follow_up::FollowUp;
use crate::cli::io::json;
use crate::cli::load::{WarningPolicy, load_valid_spec};
use crate::cli::parameters::{ParameterArgs, with_values};
use crate::cli::target::{self, ExpectedTarget, TargetArgs, close_after};
use crate::cli::verification::{CheckSelection, TIMEOUT, VerifyRequest, exit, verify_stack};
use crate::cli::{Exit, Failure, Io};
use crate::render::verification::{Verification, junit, table};

/// Test that the deployed stack behaves as the spec declares
///
/// For each API, namespace and auth mode: connects, subscribes to a unique channel, and publishes over HTTP and
/// over a WebSocket. What the spec allows must succeed, and the event must arrive; everything else must be denied. Also
/// checks that an unknown API key and an unknown namespace are denied, that AWS has the APIs, keys, namespaces and
/// handlers that the spec declares, and that it has no other handlers.
///
/// Uses the stack's API keys and your AWS credentials. Other modes require a token; with the emulator, tokens for
/// Cognito and OpenID Connect are created automatically. Checks without credentials are reported as not tried.
///
/// Events are published to /NAMESPACE/provision-verify/NONCE: subscribers of /NAMESPACE/* receive them, and handlers
/// run. --only-refusals publishes nothing that the spec allows; --api, --namespace and --mode limit the checks. Handlers
/// with data sources run only with --with-data-sources.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 if every check that was tried matches the spec, or depends on a handler that the spec declares; 6 if one
does not, if a resource is missing on AWS, or if a check was inconclusive; with --strict, also 6 if a check was not
tried; 1 if verify failed; 64 for a usage error.

Examples:
  provision verify spec.yaml --local
  provision verify spec.yaml --namespace sample --only-refusals
  provision verify spec.yaml --token lambda=let-me-in --strict
  provision verify spec.yaml --event orders=order.json
  provision verify spec.yaml --event 'orders={\"orderId\": \"${nonce}\"}'
  provision verify spec.yaml --format junit --out verify.xml
  provision verify spec.yaml --format json | jq '.apis[].findings[] | select(.verdict == \"difference\")'")]
pub struct Args {
    /// The spec; `-` for stdin
    spec: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write the result to FILE; the table is printed to stderr
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The time limit of one check
    #[arg(long, value_name = "DURATION", default_value = TIMEOUT, value_parser = duration)]
    timeout: Duration,
    /// Fail if a check was not tried
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    selection: CheckSelection,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table
    #[default]
    Human,
    /// A JSON document
    Json,
    /// JUnit XML, for a CI server
    Junit,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        check_writable(&io.path(out))?;
    }
    let values = args.parameters.values(io)?;
    let spec = with_values(load_valid_spec(&args.spec, &values, WarningPolicy::No, io)?, &values)?;
    let (region, account) = (spec.region.as_ref(), spec.account.as_ref());
    let declared = ExpectedTarget { region, account, is_planned: false };
    let session = target::open(&args.target, declared, io).await?;
    let follow_up = &FollowUp::new(&args.spec, &args.parameters, &args.target);
    let (selection, desired) = (&args.selection, &spec.desired);
    let request = VerifyRequest { stack: &spec.stack, desired, selection, follow_up };
    let reports = verify_stack(request, args.timeout, &session, io).await;
    let reports = close_after(session, reports).await?;
    let verification = Verification::new(&spec.stack, reports, args.strict);
    let text = match args.format {
        Format::Human => table(&verification),
        Format::Json => json(&verification),
        Format::Junit => junit(&verification, args.strict),
    };
    match &args.out {
        Some(out) => {
            let plain = anstream::adapter::strip_str(&text).to_string();
            write(&io.path(out), &plain)?;
            io.eprint_unless_quiet(&table(&verification));
        }
        None => io.print_result(&text)?,
    }
    Ok(exit(&verification))
}
