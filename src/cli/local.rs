//! `provision local`: the local AWS as a service, until it is told to stop.
use std::fs;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;

use crate::cli::target::LOCAL_FOLDER;
use crate::cli::{Exit, Failure, Io};
use crate::emulator::{self, Faults, Latency, Store, Switches};

/// Serve the local AWS until Ctrl-C
///
/// AppSync, IAM, STS and WAF on one port, for provision's `--local` in this folder and for any AWS tool
/// that is given the address. Its state is kept between runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision local
  provision local --port 0 --data-dir /tmp/aws
  provision local --faults faults.json --latency 50
  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 \\
    aws --endpoint-url http://127.0.0.1:4100 appsync list-apis")]
pub struct Args {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// Where its state is kept
    #[arg(long, value_name = "DIR", default_value = LOCAL_FOLDER)]
    data_dir: PathBuf,
    /// What goes wrong on purpose, as JSON (docs/faults.md)
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// How much longer every answer takes, in milliseconds
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    /// How it behaves where AWS's behaviour is not known: a JSON file (see docs/local-aws.md)
    #[arg(long, value_name = "FILE")]
    switches: Option<PathBuf>,
}

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let faults = faults(args, io)?;
    let folder = io.path(&args.data_dir);
    let switches = match &args.switches {
        Some(path) => switches(path, &io.path(path))?,
        None => Switches::default(),
    };
    let store = Store::open_with(&folder, io.clock.clone(), switches)
        .map_err(|error| Failure::error(error.to_string()))?;
    store.set_faults(faults);
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.map_err(|error| {
        Failure::error(format!("port {} can't be used: {error}", args.port))
            .hint("choose another with `--port`, or any with `--port 0`")
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    let announced = store.announce(&url)?;
    io.result(&format!("{url}\n"))?;
    io.note(&format!(
        "the local AWS, with its state in {}; Ctrl-C ends it\n\
         for other tools: AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n",
        args.data_dir.display()
    ));
    let served = emulator::serve(listener, store, stopped()).await;
    drop(announced);
    served?;
    Ok(Exit::Done)
}

/// What the file says, with the latency of the command line.
fn faults(args: &Args, io: &Io) -> Result<Faults, Failure> {
    let file = args.faults.as_deref();
    let mut faults = file.map(|it| read(&io.path(it), it)).transpose()?.unwrap_or_default();
    if let Some(ms) = args.latency {
        faults.latency_ms = Some(Latency { min: ms, max: ms });
    }
    Ok(faults)
}

fn read(path: &Path, shown: &Path) -> Result<Faults, Failure> {
    let shown = shown.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::error(format!("the faults in {shown} can't be read: {error}")))?;
    Faults::read(&text).map_err(|error| {
        let (line, column, message) = (error.line(), error.column(), error.to_string());
        let place = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Failure::error(format!("{shown}:{line}:{column}: {message}"))
            .hint("every member and an example of each is in docs/faults.md")
    })
}

fn switches(shown: &Path, path: &Path) -> Result<Switches, Failure> {
    let read = fs::read_to_string(path).map_err(|error| error.to_string());
    read.and_then(|text| Switches::read(&text)).map_err(|error| {
        Failure::error(format!("{}: {error}", shown.display())).hint(
            "a file of switches is a JSON object; docs/local-aws.md has their names and values",
        )
    })
}

/// Ctrl-C, or the signal with which others ask a service to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
