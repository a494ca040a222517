//! The program `appsync-local`: the emulator without the other parts of this project.
use std::io::{self, Write, stderr, stdout};
use std::process::ExitCode;

use appsync_local::cli::{
    CommandError, EmulatorArgs, Environment, TokenArgs, TrustArgs, open_emulator, stop_signal,
};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Emulate AWS AppSync Events until Ctrl-C
///
/// Serves the control plane (AppSync, IAM roles, STS, WAF associations) and the Event APIs that are created
/// there on one port, over HTTP and HTTPS, for the AWS SDKs, CDK, SAM, Terraform and test suites. State is kept
/// between runs.
#[derive(Debug, Parser)]
#[command(
    name = "appsync-local",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  appsync-local
  appsync-local --port 0 --data-dir /tmp/appsync
  appsync-local --faults faults.json --latency 50
  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1 \\
    aws --endpoint-url http://127.0.0.1:4100 appsync list-apis"
)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    emulator: EmulatorArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    #[command(after_help = "\
Examples:
  appsync-local token
  appsync-local token --api chat --username ann --group admins
  appsync-local token --claim tenant=t1 --claim-json admin=true --expires-in 5m")]
    Token(TokenArgs),
    #[command(after_help = "\
Examples:
  appsync-local trust
  curl --cacert \"$(appsync-local trust --format path)\" https://localhost:4100/…
  eval \"$(appsync-local trust --format env)\"")]
    Trust(TrustArgs),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let environment = Environment {
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        folder: std::env::current_dir().unwrap_or_default(),
        clock: SharedTimeSource::new(SystemTimeSource::new()),
    };
    log(&environment);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime
        .map_err(CommandError::from)
        .and_then(|runtime| runtime.block_on(run(&args, &environment)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError { message, help }) => {
            note(&format!("error: {message}\n"));
            if let Some(help) = help {
                note(&format!("help: {help}\n"));
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args, environment: &Environment) -> Result<(), CommandError> {
    match &args.command {
        Some(Command::Token(args)) => {
            let token = args.create_token(environment, |folder| {
                note(&format!("waiting for another command that uses `{}`\n", folder.display()));
            });
            print(&format!("{}\n", token.await?))?;
        }
        Some(Command::Trust(args)) => print(&args.text(environment)?)?,
        None => {
            let emulator = open_emulator(&args.emulator, true, environment).await?;
            let stop = stop_signal();
            print(&format!("{}\n", emulator.url))?;
            note(&emulator.welcome_text(&args.emulator.data_dir, "appsync-local trust"));
            emulator.run(stop, note).await?;
        }
    }
    Ok(())
}

/// Logs warnings to standard error, or what `RUST_LOG` selects.
fn log(environment: &Environment) {
    let filter = environment.variables.get("RUST_LOG").filter(|filter| !filter.is_empty());
    let filter = filter.map_or("off,appsync_local=warn", String::as_str);
    let filter = EnvFilter::builder().parse_lossy(filter);
    // It fails if a logger exists already, which then remains.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).try_init();
}

/// Writes a result to standard output.
fn print(text: &str) -> io::Result<()> {
    let result = stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush());
    result.map_err(|error| io::Error::new(error.kind(), format!("cannot write to stdout: {error}")))
}

/// Writes to standard error. A failure is ignored, because there is nowhere to report it.
fn note(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}
