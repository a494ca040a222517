//! Sends batches, one behind the other, until there are no more, one can't be sent, or somebody asks for an end.
use std::time::Duration;

use crate::cli::commands::publish::events::Events;
use crate::cli::commands::publish::report::Tally;
use crate::cli::interrupt::Stop;
use crate::cli::{Failure, Io};
use appsync_events::{
    Batches, Channel, Error, ErrorKind, Event, PublishResponse, Publisher, Timing,
};

/// A server that was there a moment ago is waited for, for this long: it is started anew, perhaps.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first wait for it is as long as that before this repetition.
const FIRST_WAIT: u32 = 3;

#[derive(Debug)]
pub struct Sending<'a> {
    pub publisher: Publisher,
    pub timing: Timing,
    pub stop: Stop,
    pub tally: Tally<'a>,
}

/// What became of a batch.
enum Sent {
    Published(PublishResponse),
    Failed(Error),
    /// Nothing of it was sent when somebody asked for an end.
    Never,
    /// Nobody waited for the answer.
    Unknown,
}

type Explain<'a> = &'a (dyn Fn(&Error) -> Failure + Sync);

impl Sending<'_> {
    pub async fn all(
        &mut self,
        events: &mut Events,
        explain: Explain<'_>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        loop {
            let some = tokio::select! {
                biased;
                () = self.stop.asked() => return Err(self.tally.interrupted()),
                some = events.some() => some?,
            };
            let Some(some) = some else { return Ok(()) };
            self.tally.takes_up(&some.lines);
            self.batches(some.events, explain, io).await?;
        }
    }

    /// A batch that is refused for what is in it does not stop the others; what would refuse them, too, does.
    async fn batches(
        &mut self,
        events: Vec<Event>,
        explain: Explain<'_>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let channel = self.tally.channel;
        for batch in Batches::new(channel, events) {
            if self.stop.is_asked() {
                return Err(self.tally.interrupted());
            }
            let error = match self.send(channel, &batch, io).await {
                Sent::Published(published) => {
                    self.tally.batch(batch.len(), &published, io)?;
                    continue;
                }
                Sent::Never => return Err(self.tally.interrupted()),
                Sent::Unknown => {
                    let which = self.tally.next(batch.len());
                    return Err(self
                        .tally
                        .interrupted()
                        .hint(format!("{which} may have been published, or not")));
                }
                Sent::Failed(error) => error,
            };
            let goes_on = matches!(
                error.kind(),
                ErrorKind::Forbidden | ErrorKind::HandlerFailed | ErrorKind::InvalidRequest
            );
            let which = self.tally.failed(batch.len(), &error, goes_on, io)?;
            let failure = explain(&error).about(which);
            if !goes_on {
                return Err(failure);
            }
            io.say(&failure.text());
        }
        Ok(())
    }

    /// Sends a batch. What could not be sent to a server that took others before is sent again after a while.
    async fn send(&mut self, channel: &Channel, batch: &[Event], io: &mut Io) -> Sent {
        let (mut n, mut waited) = (FIRST_WAIT, Duration::ZERO);
        loop {
            let publishing = self.publisher.publish(channel, batch);
            let error = match self.stop.lets_end(publishing, io).await {
                None => return Sent::Unknown,
                Some(Ok(published)) => return Sent::Published(published),
                Some(Err(error)) => error,
            };
            let is_away = error.kind() == ErrorKind::Unreachable && self.tally.has_taken();
            if !is_away || waited > PATIENCE {
                return Sent::Failed(error);
            }
            if self.stop.is_asked() {
                return Sent::Never;
            }
            let wait = self.timing.backoff(n);
            let seconds = wait.as_secs_f64();
            io.note(&format!("not sent: {error}; trying again in {seconds:.1} s\n"));
            self.stop.sleep(wait).await;
            if self.stop.is_asked() {
                return Sent::Never;
            }
            (n, waited) = (n + 1, waited + wait);
        }
    }
}
