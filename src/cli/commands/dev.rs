//! `provision dev`: runs the local emulator, applies a spec to it whenever its files change, and shows the activity.
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
    let activities = serving.data_plane.feed.watch();
    let url = serving.url.clone();
    let (stop, stop_requested) = oneshot::channel();
    let stopped = async {
        // A dropped sender also stops the emulator.
        let _ = stop_requested.await;
    };
    // The terminal is for what the spec's APIs do.
    let mut server = tokio::spawn(serving.run(stopped, |_| {}));
    let result = tokio::select! {
        result = follow(args, &url, activities, io) => result,
        _ = &mut server => Err(Failure::error("the local emulator crashed; please report it")),
    };
    let _ = stop.send(());
    if !server.is_finished() {
        // Wait until its responses are sent; its result no longer matters.
        let _ = server.await;
    }
    result.map(|()| Exit::Done)
}

/// Rejects a pipe: the spec is read repeatedly.
fn reject_pipe(spec: &Path, io: &Io) -> Result<(), Failure> {
    if io.path(spec).is_file() {
        return Ok(());
    }
    let shown = spec.display();
    let failure = Failure::error(format!("`{shown}` is not a file, and `dev` watches a file"));
    Err(failure.with_hint("create a spec with `provision init minimal FOLDER`"))
}

fn reject_served(args: &Args, io: &Io) -> Result<(), Failure> {
    let (folder, spec) = (args.serving.data_dir.display(), args.spec.display());
    let Some(url) = served_url(&io.path(&args.serving.data_dir)) else { return Ok(()) };
    let message = format!("an emulator for `{folder}` is already running at {url}");
    Err(Failure::error(message)
        .with_hint("stop it and run this command again")
        .with_hint(format!(
            "or keep it, and run `provision apply {spec} --local --yes` after each change"
        ))
        .with_hint(
            "or start another one with a separate directory and port: `--data-dir DIR --port 0`",
        ))
}

/// Applies the spec whenever its files change, and shows the activity, until Ctrl-C.
async fn follow(
    args: &Args,
    url: &str,
    mut activities: Receiver<Activity>,
    io: &mut Io,
) -> Result<(), Failure> {
    let mut stop = pin!(stop_signal());
    let mut session = DevSession::new(args, url, FileWatcher::new()?);
    print_greeting(args, url, io)?;
    tokio::select! {
        biased;
        () = &mut stop => return Ok(()),
        result = session.apply_changes(io) => report_result(result, &session, args, io)?,
    }
    io.eprint_unless_quiet(&session.watching());
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            () = session.watch.changed() => {
                if !session.watch.content_changed().await {
                    continue;
                }
                tokio::select! {
                    biased;
                    () = &mut stop => return Ok(()),
                    result = session.apply_changes(io) => report_result(result, &session, args, io)?,
                }
            }
            activity = activities.recv() => match activity {
                Ok(activity) => show(&activity, &session, args.format, io)?,
                Err(RecvError::Lagged(count)) => {
                    io.eprint_unless_quiet(&format!("  … {count} more activities were too fast to be shown\n"));
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
            io.print_result(&format!("{line}\n"))?;
        }
        Format::Human => {
            let folder = args.serving.data_dir.display();
            io.eprint_unless_quiet(&format!(
                "local emulator at {url}, with its state in {folder}\n\n"
            ));
        }
    }
    Ok(())
}

/// Shows the new endpoints, or the failure; after a failure the session continues.
fn report_result(
    result: Result<Option<Outputs>, Failure>,
    session: &DevSession<'_>,
    args: &Args,
    io: &mut Io,
) -> Result<(), Failure> {
    let failure = match (result, args.format) {
        (Ok(None), _) => return Ok(()),
        (Ok(Some(outputs)), Format::Json) => {
            let line = json!({ "event": "outputs", "outputs": outputs });
            return Ok(io.print_result(&format!("{line}\n"))?);
        }
        (Ok(Some(outputs)), Format::Human) => {
            let console = !args.no_console;
            return Ok(io.print_result(&greeting::text(
                &outputs,
                &args.spec,
                session.url,
                console,
            ))?);
        }
        // The reader of the results has closed the pipe.
        (Err(failure), _) if failure.kind == Exit::Done => return Err(failure),
        (Err(failure), _) => failure,
    };
    io.eprint(&failure.text());
    io.eprint_unless_quiet("  … the previous state is unchanged; save a file to try again\n");
    if args.format == Format::Json {
        let line = json!({ "event": "not-applied", "reason": format!("{:#}", failure.error), "hints": failure.hints });
        io.print_result(&format!("{line}\n"))?;
    }
    Ok(())
}

fn show(
    activity: &Activity,
    session: &DevSession<'_>,
    format: Format,
    io: &mut Io,
) -> Result<(), Failure> {
    let line = match format {
        Format::Json => json!(activity).to_string(),
        Format::Human => activity_log::line(activity, &session.names),
    };
    Ok(io.print_result(&format!("{line}\n"))?)
}
