//! `provision local`: the local AWS as a service, until it is told to stop.
pub mod serving;
mod settings;
pub mod token;
mod trust;

use crate::cli::commands::local::serving::{ServingArgs, open};
use crate::cli::interrupt::stopped;
use crate::cli::{Exit, Failure, Io};

/// Serve the local AWS until Ctrl-C
///
/// AppSync, IAM, STS and WAF, and the Event APIs that are made there, on one port, for provision's
/// `--local` in this folder and for any AWS tool or client that is given the address. The port speaks
/// HTTP and HTTPS; `provision local trust` says how clients come to trust it. Its state is kept between
/// runs.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  provision local
  provision local --port 0 --data-dir /tmp/aws
  provision local --faults faults.json --latency 50
  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 \\
    aws --endpoint-url http://127.0.0.1:4100 appsync list-apis"
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<LocalCommand>,
    #[command(flatten)]
    serving: ServingArgs,
}

#[derive(Debug, clap::Subcommand)]
enum LocalCommand {
    Token(token::Args),
    Trust(trust::Args),
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    match &args.command {
        Some(LocalCommand::Token(args)) => token::run(args, io).await,
        Some(LocalCommand::Trust(args)) => trust::run(args, io),
        None => serve(&args.serving, io).await,
    }
}

async fn serve(args: &ServingArgs, io: &mut Io) -> Result<Exit, Failure> {
    let serving = open(args, true, io).await?;
    let (url, port) = (&serving.url, serving.port);
    io.result(&format!("{url}\n"))?;
    io.note(&format!(
        "the local AWS, with its state in {}; Ctrl-C ends it\n\
         for people: {url}/_console\n\
         for other tools: AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n\
         for clients of Event APIs: https://localhost:{port}/apis/ID/event, by a certificate of its own (`provision local trust`)\n",
        args.data_dir.display()
    ));
    serving.run(stopped()).await?;
    Ok(Exit::Done)
}
