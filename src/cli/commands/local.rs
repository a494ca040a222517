//! `provision local`: runs the local emulator until it is stopped.
use std::path::Path;

use appsync_local::cli::{EmulatorArgs, Environment, TokenArgs, TrustArgs, open_emulator};

use crate::cli::interrupt::stop_signal;
use crate::cli::{Exit, Failure, Io};

/// Run the local emulator until Ctrl-C
///
/// Serves AppSync, IAM, STS and WAF, and the Event APIs that are created there, on one port: for provision's `--local`
/// in this folder, and for any AWS tool or client that uses the address as its endpoint. The port serves HTTP and
/// HTTPS; `provision local trust` explains how to make clients trust its certificate. The state is kept between runs.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  provision local
  provision local --port 0 --data-dir /tmp/aws
  provision local --faults faults.json --latency 50
  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1 \\
    aws --endpoint-url http://127.0.0.1:4100 appsync list-apis"
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<LocalCommand>,
    #[command(flatten)]
    serving: EmulatorArgs,
}

#[derive(Debug, clap::Subcommand)]
enum LocalCommand {
    #[command(after_help = "\
Examples:
  provision local token
  provision local token --api chat --username ann --group admins
  provision local token --claim tenant=t1 --claim-json admin=true --expires-in 5m
  provision local token --claim token_use=id")]
    Token(TokenArgs),
    #[command(after_help = "\
Examples:
  provision local trust
  curl --cacert \"$(provision local trust --format path)\" https://localhost:4100/…
  eval \"$(provision local trust --format env)\"")]
    Trust(TrustArgs),
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    match &args.command {
        Some(LocalCommand::Token(args)) => token(args, io).await,
        Some(LocalCommand::Trust(args)) => {
            let text = args.text(&environment(io))?;
            io.print_result(&text)?;
            Ok(Exit::Done)
        }
        None => serve(&args.serving, io).await,
    }
}

async fn serve(args: &EmulatorArgs, io: &mut Io) -> Result<Exit, Failure> {
    let serving = open_emulator(args, true, &environment(io)).await?;
    let stop = stop_signal();
    io.print_result(&format!("{}\n", serving.url))?;
    io.eprint_unless_quiet(&serving.welcome_text(&args.data_dir, "provision local trust"));
    serving.run(stop, |line| io.eprint_unless_quiet(line)).await?;
    Ok(Exit::Done)
}

async fn token(args: &TokenArgs, io: &mut Io) -> Result<Exit, Failure> {
    let environment = environment(io);
    let waiting = |folder: &Path| {
        io.eprint_unless_quiet(&format!(
            "waiting for another command that uses {}\n",
            folder.display()
        ));
    };
    let token = args.create_token(&environment, waiting).await?;
    io.print_result(&format!("{token}\n"))?;
    Ok(Exit::Done)
}

/// Returns the environment of the command in the emulator's form.
pub fn environment(io: &Io) -> Environment {
    Environment {
        variables: io.environment.clone(),
        folder: io.folder.clone(),
        clock: io.clock.clone(),
    }
}
