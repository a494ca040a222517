//! `provision dev`: the local AWS with a spec on it, kept as its files say, and what happens there.
mod activity_log;
mod args;
mod change_printer;
mod greeting;
mod session;
mod watch;

pub use args::Args;

use std::path::Path;
use std::pin::pin;

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use crate::cli::arguments::Format;
use crate::cli::commands::local::environment;
use crate::cli::interrupt::stop_signal;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::Outputs;
use appsync_local::cli::open_emulator;
use appsync_local::{Activity, served_url};
use session::DevSession;
use watch::FileWatcher;

pub async fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    reject_pipe(&args.spec, io)?;
    reject_served(args, io)?;
    let serving = open_emulator(&args.serving, !args.no_console, &environment(io)).await?;
    let happenings = serving.data_plane.feed.watch();
    let url = serving.url.clone();
    let (stop, stopping) = oneshot::channel();
    let mut served = tokio::spawn(serving.run(async {
        // Whoever drops the sender wants the end, too.
        let _ = stopping.await;
    }));
    let followed = tokio::select! {
        followed = follow(args, &url, happenings, io) => followed,
        _ = &mut served => Err(Failure::error("the local AWS broke down; please report it")),
    };
    let _ = stop.send(());
    if !served.is_finished() {
        // The end of what it answers is waited for; how it ends matters to nobody any more.
        let _ = served.await;
    }
    followed.map(|()| Exit::Done)
}

/// A file is read again and again, so a pipe won't do.
fn reject_pipe(spec: &Path, io: &Io) -> Result<(), Failure> {
    if io.path(spec).is_file() {
        return Ok(());
    }
    let shown = spec.display();
    let failure = Failure::error(format!("{shown} is no file, and dev watches one"));
    Err(failure.with_hint("`provision init minimal FOLDER` begins a spec"))
}

fn reject_served(args: &Args, io: &Io) -> Result<(), Failure> {
    let (folder, spec) = (args.serving.data_dir.display(), args.spec.display());
    let Some(url) = served_url(&io.path(&args.serving.data_dir)) else { return Ok(()) };
    let message = format!("the local AWS in {folder} is served already, at {url}");
    Err(Failure::error(message)
        .with_hint("end that one and run this again")
        .with_hint(format!(
            "or keep it, and run `provision apply {spec} --local --yes` after a change"
        ))
        .with_hint("or give this one a folder and a port of its own: `--data-dir DIR --port 0`"))
}

/// Until Ctrl-C.
async fn follow(
    args: &Args,
    url: &str,
    mut happenings: Receiver<Activity>,
    io: &mut Io,
) -> Result<(), Failure> {
    let mut stopped = pin!(stop_signal());
    let mut standing = DevSession::new(args, url, FileWatcher::new()?);
    print_greeting(args, url, io)?;
    tokio::select! {
        biased;
        () = &mut stopped => return Ok(()),
        begun = standing.apply_changes(io) => report_result(begun, &standing, args, io)?,
    }
    io.note(&standing.watching());
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => return Ok(()),
            () = standing.watch.changed() => {
                if !standing.watch.content_changed().await {
                    continue;
                }
                tokio::select! {
                    biased;
                    () = &mut stopped => return Ok(()),
                    again = standing.apply_changes(io) => report_result(again, &standing, args, io)?,
                }
            }
            happening = happenings.recv() => match happening {
                Ok(happening) => show(&happening, &standing, args.format, io)?,
                Err(RecvError::Lagged(missed)) => {
                    io.note(&format!("  … {missed} more happened, too fast to be told\n"));
                }
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

fn print_greeting(args: &Args, url: &str, io: &mut Io) -> Result<(), Failure> {
    let console = (!args.no_console).then(|| format!("{url}/_console"));
    match args.format {
        Format::Json => {
            let line = json!({ "event": "serving", "url": url, "console": console });
            io.result(&format!("{line}\n"))?;
        }
        Format::Human => {
            let folder = args.serving.data_dir.display();
            io.note(&format!("the local AWS, with its state in {folder}, at {url}\n\n"));
        }
    }
    Ok(())
}

/// Shows new endpoints, or what went wrong; nothing of that is the end.
fn report_result(
    result: Result<Option<Outputs>, Failure>,
    standing: &DevSession<'_>,
    args: &Args,
    io: &mut Io,
) -> Result<(), Failure> {
    let failure = match (result, args.format) {
        (Ok(None), _) => return Ok(()),
        (Ok(Some(outputs)), Format::Json) => {
            let line = json!({ "event": "outputs", "outputs": outputs });
            return Ok(io.result(&format!("{line}\n"))?);
        }
        (Ok(Some(outputs)), Format::Human) => {
            let console = !args.no_console;
            return Ok(io.result(&greeting::text(&outputs, &args.spec, standing.url, console))?);
        }
        // Nobody reads any more.
        (Err(failure), _) if failure.kind == Exit::Done => return Err(failure),
        (Err(failure), _) => failure,
    };
    io.report(&failure.text());
    io.note("  … what stood before stands; save again to try again\n");
    if args.format == Format::Json {
        let line = json!({ "event": "not-applied", "reason": format!("{:#}", failure.error), "hints": failure.hints });
        io.result(&format!("{line}\n"))?;
    }
    Ok(())
}

fn show(
    happening: &Activity,
    standing: &DevSession<'_>,
    format: Format,
    io: &mut Io,
) -> Result<(), Failure> {
    let line = match format {
        Format::Json => json!(happening).to_string(),
        Format::Human => activity_log::line(happening, &standing.names),
    };
    Ok(io.result(&format!("{line}\n"))?)
}
