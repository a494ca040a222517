//! Asks for confirmation before anything is changed.
use std::future::Future;
use std::io;
use std::pin::Pin;

use futures_util::future::FutureExt;

use crate::cli::change_request::ChangeRequest;
use crate::cli::{Exit, Failure, Io};
use provision_aws::proposal::Proposal;

/// Asks for confirmation and returns whether the user agrees; fails if stdin is not a terminal.
pub async fn confirm(
    request: &ChangeRequest,
    proposal: &Proposal,
    io: &mut Io,
) -> Result<bool, Failure> {
    if !io.terminal.input {
        let message = "cannot ask for confirmation: stdin is not a terminal";
        return Err(Failure::new(Exit::Blocked, message)
            .with_hint("pass `--yes` to apply without confirmation"));
    }
    let site = &proposal.site;
    let place = format!("account {}, region {}", site.account, site.region);
    let stack = &request.stack;
    // The signal handler is installed on the first poll, so poll once before the prompt appears.
    let mut interrupted = Box::pin(tokio::signal::ctrl_c());
    drop(interrupted.as_mut().now_or_never());
    // A mistyped letter must not delete a stack, so deleting requires the stack's name.
    io.eprint(&match request.destroys {
        false => format!("\nApply this to {place}? [y/N] "),
        true => {
            format!("\nThis deletes the resources shown above from {place}. Type the name of the stack, {stack}, to confirm: ")
        }
    });
    let Some(answer) = answer(io, interrupted.as_mut()).await? else {
        io.eprint("\n");
        return Ok(false);
    };
    let answer = answer.trim();
    Ok(match request.destroys {
        false => ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()),
        true => answer == stack,
    })
}

/// Reads the answer; `None` if the user presses Ctrl-C.
async fn answer(
    io: &mut Io,
    interrupted: Pin<&mut impl Future<Output = io::Result<()>>>,
) -> Result<Option<String>, Failure> {
    // A blocking read cannot be cancelled: the thread keeps the input until the process ends.
    let mut input = std::mem::replace(&mut io.input, Box::new(std::io::empty()));
    let reading = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        input.read_line(&mut answer).map(|_| answer)
    });
    tokio::select! {
        Ok(()) = interrupted => Ok(None),
        read = reading => match read {
            Ok(answer) => Ok(Some(answer?)),
            Err(error) => Err(Failure::error(format!("cannot read the answer: {error}"))),
        },
    }
}
