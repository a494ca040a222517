//! `provision outputs`: prints endpoints, ids and keys, for people and other tools. Changes nothing.
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::files::check_writable;
use crate::cli::io::json;
use crate::cli::load::{WarningPolicy, load_valid_spec};
use crate::cli::parameters::{ParameterArgs, check_stack_name};
use crate::cli::stack_outputs::{EMULATOR_NOTE, Format, no_api, text, write_file};
use crate::cli::target::close_after;
use crate::cli::target::{self, ExpectedTarget, Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{self, Outputs};
use provision_aws::proposal::propose;
use provision_core::kind::DesiredState;
use provision_core::spec::Spec;

/// Print endpoints, ids and keys of the stack
///
/// Reads them from AWS. The values of API keys are omitted without --reveal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision outputs spec.yaml --local
  provision outputs spec.yaml --query apis.sample.http.url
  provision outputs spec.yaml --format json | jq -r '.apis[0].http.url'
  set -a; eval \"$(provision outputs spec.yaml --format env --reveal)\"; set +a
  provision outputs spec.yaml --format dotenv --reveal --out .env
  provision outputs spec.yaml --format amplify --api sample --reveal > amplify.json
  provision outputs spec.yaml --format github --out \"$GITHUB_OUTPUT\"")]
pub struct Args {
    /// The spec; `-` for stdin
    spec: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print one part: names separated by dots, [0] for the first element of a list; text is printed without quotes,
    /// everything else as JSON
    #[arg(long, value_name = "PATH", conflicts_with = "format")]
    query: Option<String>,
    /// Print only the API with this key in the spec
    #[arg(long, value_name = "KEY")]
    api: Option<String>,
    /// Include the values of API keys
    #[arg(long)]
    reveal: bool,
    /// Write to FILE, readable only by you if it has key values; with `--format github`, append to an existing FILE
    /// and keep its permissions
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        check_writable(&io.path(out))?;
    }
    let values = args.parameters.values(io)?;
    let spec = load_valid_spec(&args.spec, &values, WarningPolicy::No, io)?;
    check_stack_name(&spec, &values)?;
    let (region, account) = (spec.region.as_ref(), spec.account.as_ref());
    let declared = ExpectedTarget { region, account, is_planned: false };
    let session = target::open(&args.target, declared, io).await?;
    let is_ephemeral = session.is_ephemeral();
    let outputs = read_outputs(&spec, &session, args.reveal, io.now_epoch_s()).await;
    let mut outputs = close_after(session, outputs).await?;
    if outputs.apis.is_empty() {
        let message = format!("stack {} has no API in region {}", outputs.stack, outputs.region);
        return Err(Failure::error(message).with_hint("apply the spec first"));
    }
    if let Some(key) = &args.api {
        retain_api(key, &mut outputs)?;
    }
    let text = match &args.query {
        Some(path) => query_outputs(&outputs, path, args.reveal)?,
        None => text(args.format, &outputs, io)?,
    };
    if is_ephemeral {
        io.eprint_unless_quiet(EMULATOR_NOTE);
    }
    match &args.out {
        Some(out) => write_file(&io.path(out), &text, args.format, args.reveal)?,
        None => io.print_result(&text)?,
    }
    Ok(Exit::Done)
}

async fn read_outputs(
    spec: &Spec,
    session: &Session,
    reveal: bool,
    now: i64,
) -> Result<Outputs, Failure> {
    let proposal = propose(&session.aws, &spec.stack, &DesiredState::new(), now).await?;
    Ok(outputs::outputs(&spec.stack, &proposal.site, &proposal.live, reveal))
}

/// Removes all other APIs than `key`, and the domains.
fn retain_api(key: &str, outputs: &mut Outputs) -> Result<(), Failure> {
    let keys: Vec<&str> = outputs.apis.iter().map(|api_outputs| api_outputs.key.as_str()).collect();
    if !keys.contains(&key) {
        return Err(no_api(&outputs.stack, key, &keys));
    }
    outputs.apis.retain(|api_outputs| api_outputs.key == key);
    outputs.domains.clear();
    Ok(())
}

/// Returns one part of the outputs; text without quotes, for shells.
fn query_outputs(outputs: &Outputs, path: &str, reveal: bool) -> Result<String, Failure> {
    let document = json!(outputs);
    let value = outputs::query(&document, path).map_err(|reason| {
        let failure = Failure::error(reason);
        let is_key_value = path.ends_with(".value") && !reveal;
        if is_key_value {
            failure.with_hint("pass `--reveal` to include the values of keys")
        } else {
            failure
        }
    })?;
    match value {
        Value::String(text) => Ok(format!("{text}\n")),
        other => Ok(json(other)),
    }
}
