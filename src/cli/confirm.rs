//! The question before anything is changed.
use std::future::Future;
use std::io;
use std::pin::Pin;

use futures_util::future::FutureExt;

use crate::cli::change_request::ChangeRequest;
use crate::cli::{Exit, Failure, Io};
use provision_aws::backend::direct::Proposal;

/// Asks before anything is changed, and says whether they agree; only somebody at a terminal can
/// answer.
pub async fn confirm(
    intent: &ChangeRequest,
    proposal: &Proposal,
    io: &mut Io,
) -> Result<bool, Failure> {
    if !io.terminal.input {
        let message = "nobody is there to agree: standard input is no terminal";
        return Err(Failure::new(Exit::Refused, message)
            .with_hint("give `--yes` to go ahead without asking"));
    }
    let site = &proposal.site;
    let place = format!("account {}, region {}", site.account, site.region);
    // A slip of the finger agrees to a change, and not to the end of a stack.
    let stack = &intent.stack;
    // Ctrl-C is heard from before the question on: it is listened for once it was polled.
    let mut interrupted = Box::pin(tokio::signal::ctrl_c());
    drop(interrupted.as_mut().now_or_never());
    io.report(&match intent.destroys {
        false => format!("\nApply this to {place}? [y/N] "),
        true => {
            format!("\nThis deletes what is shown above from {place}. Type the name of the stack, {stack}: ")
        }
    });
    let Some(answer) = answer(io, interrupted.as_mut()).await? else {
        io.report("\n");
        return Ok(false);
    };
    let answer = answer.trim();
    Ok(match intent.destroys {
        false => ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()),
        true => answer == stack,
    })
}

/// A line of what the user types; `None`: they pressed Ctrl-C instead.
async fn answer(
    io: &mut Io,
    interrupted: Pin<&mut impl Future<Output = io::Result<()>>>,
) -> Result<Option<String>, Failure> {
    // Who reads can't be stopped: they keep the input, and the process ends without them.
    let mut input = std::mem::replace(&mut io.input, Box::new(std::io::empty()));
    let reading = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        input.read_line(&mut answer).map(|_| answer)
    });
    tokio::select! {
        Ok(()) = interrupted => Ok(None),
        read = reading => match read {
            Ok(answer) => Ok(Some(answer?)),
            Err(error) => Err(Failure::error(format!("the answer can't be read: {error}"))),
        },
    }
}
