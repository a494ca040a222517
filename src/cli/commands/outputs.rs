//! `provision outputs`: endpoints, ids and keys, for people and other tools.
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::files::must_take_a_file;
use crate::cli::io::json;
use crate::cli::load::{Warns, sound};
use crate::cli::parameters::{ParameterArgs, with_name};
use crate::cli::stack_outputs::{Format, no_api, put, text};
use crate::cli::target::closing;
use crate::cli::target::{self, Declared, Session, TargetArgs};
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{self, Outputs};
use provision_aws::backend::direct::propose;
use provision_core::kind::DesiredState;
use provision_core::spec::Spec;

/// Print endpoints, ids and keys of the stack
///
/// Reads them from AWS. The values of API keys are left out unless you ask with --reveal.
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
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print one part only: names with dots between, [0] for the first of a list; a text as it is,
    /// anything else as JSON
    #[arg(long, value_name = "PATH", conflicts_with = "format")]
    query: Option<String>,
    /// Of this API only, by its key in the spec
    #[arg(long, value_name = "KEY")]
    api: Option<String>,
    /// Print the values of API keys too
    #[arg(long)]
    reveal: bool,
    /// Write them to FILE, which only you may read if keys are in it; with `github`, to the end of a FILE
    /// that is there, which stays as readable as it was, and once more with every run
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    target: TargetArgs,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        must_take_a_file(&io.path(out))?;
    }
    let given = args.parameters.given(io)?;
    let spec = with_name(sound(&args.spec, &given, Warns::No, io)?, &given)?;
    let (region, account) = (spec.region.as_ref(), spec.account.as_ref());
    let declared = Declared { region, account, is_planned: false };
    let session = target::open(&args.target, declared, io).await?;
    let is_brief = session.is_brief();
    let outputs = look(&spec, &session, args.reveal, io.now_epoch_s()).await;
    let mut outputs = closing(session, outputs).await?;
    if outputs.apis.is_empty() {
        let message = format!("stack {} has no API in region {}", outputs.stack, outputs.region);
        return Err(Failure::error(message).hint("apply the spec first"));
    }
    if let Some(key) = &args.api {
        only(key, &mut outputs)?;
    }
    let text = match &args.query {
        Some(path) => part(&outputs, path, args.reveal)?,
        None => text(args.format, &outputs, io)?,
    };
    if is_brief {
        io.note("nobody serves this local AWS now: `provision local` does, and its addresses stand here then\n");
    }
    match &args.out {
        Some(out) => put(&io.path(out), &text, args.format, args.reveal)?,
        None => io.result(&text)?,
    }
    Ok(Exit::Done)
}

async fn look(spec: &Spec, session: &Session, reveal: bool, now: i64) -> Result<Outputs, Failure> {
    let proposal = propose(&session.aws, &spec.stack, &DesiredState::new(), now).await?;
    Ok(outputs::outputs(&spec.stack, &proposal.site, &proposal.live, reveal))
}

/// Leaves the API that is called `key`, and what belongs to it.
fn only(key: &str, outputs: &mut Outputs) -> Result<(), Failure> {
    let keys: Vec<&str> = outputs.apis.iter().map(|it| it.key.as_str()).collect();
    if !keys.contains(&key) {
        return Err(no_api(&outputs.stack, key, &keys));
    }
    outputs.apis.retain(|it| it.key == key);
    outputs.domains.clear();
    Ok(())
}

/// One part, as a shell wants it: a text without quotes.
fn part(outputs: &Outputs, path: &str, reveal: bool) -> Result<String, Failure> {
    let document = json!(outputs);
    let found = outputs::query(&document, path).map_err(|reason| {
        let failure = Failure::error(reason);
        let masked = path.ends_with(".value") && !reveal;
        if masked { failure.hint("the value of a key is there with `--reveal`") } else { failure }
    })?;
    match found {
        Value::String(text) => Ok(format!("{text}\n")),
        other => Ok(json(other)),
    }
}
