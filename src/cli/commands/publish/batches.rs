//! Sends batches one after the other, until there are no more, one cannot be sent, or the user interrupts
//! the command.
use std::time::Duration;

use crate::cli::commands::publish::events::Events;
use crate::cli::commands::publish::report::PublishReport;
use crate::cli::interrupt::InterruptSignal;
use crate::cli::{Failure, Io};
use appsync_events::{
    Batches, Channel, Error, ErrorKind, Event, PublishResponse, Publisher, Timing,
};

/// How long to wait for a server that accepted events before: it may be restarting.
const MAX_WAIT: Duration = Duration::from_secs(120);
/// The first delay is that of this retry: the publisher has made the ones before.
const FIRST_RETRY: u32 = 3;

#[derive(Debug)]
pub struct BatchSender<'a> {
    pub publisher: Publisher,
    pub timing: Timing,
    pub interrupt: InterruptSignal,
    pub report: PublishReport<'a>,
}

enum SendResult {
    Published(PublishResponse),
    Failed(Error),
    /// The user interrupted the command before the batch was sent.
    NotSent,
    /// The user interrupted the command again before the answer arrived.
    Unknown,
}

type ExplainError<'a> = &'a (dyn Fn(&Error) -> Failure + Sync);

impl BatchSender<'_> {
    /// Publishes all events.
    pub async fn send_all(
        &mut self,
        events: &mut Events,
        explain: ExplainError<'_>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        loop {
            let chunk = tokio::select! {
                biased;
                () = self.interrupt.received() => return Err(self.report.interrupted()),
                chunk = events.next_chunk() => chunk?,
            };
            let Some(chunk) = chunk else { return Ok(()) };
            self.report.add_lines(&chunk.lines);
            self.send_batches(chunk.events, explain, io).await?;
        }
    }

    /// Publishes one batch after the other. A batch that fails because of its events does not affect the
    /// others; every other error stops the command.
    async fn send_batches(
        &mut self,
        events: Vec<Event>,
        explain: ExplainError<'_>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let channel = self.report.channel;
        for batch in Batches::new(channel, events) {
            if self.interrupt.is_received() {
                return Err(self.report.interrupted());
            }
            let error = match self.send(channel, &batch, io).await {
                SendResult::Published(response) => {
                    self.report.batch_published(batch.len(), &response, io)?;
                    continue;
                }
                SendResult::NotSent => return Err(self.report.interrupted()),
                SendResult::Unknown => {
                    let events = self.report.next_events(batch.len());
                    let hint = format!("{events} may or may not have been published");
                    return Err(self.report.interrupted().with_hint(hint));
                }
                SendResult::Failed(error) => error,
            };
            let is_caused_by_events = matches!(
                error.kind(),
                ErrorKind::Forbidden | ErrorKind::HandlerFailed | ErrorKind::InvalidRequest
            );
            let events = self.report.batch_failed(batch.len(), &error, is_caused_by_events, io)?;
            let failure = explain(&error).with_context(events);
            if !is_caused_by_events {
                return Err(failure);
            }
            io.eprint(&failure.text());
        }
        Ok(())
    }

    /// Publishes a batch. If a server that accepted events before is unreachable, the batch is sent again
    /// later.
    async fn send(&mut self, channel: &Channel, batch: &[Event], io: &mut Io) -> SendResult {
        let (mut retry, mut waited) = (FIRST_RETRY, Duration::ZERO);
        loop {
            let publish = self.publisher.publish(channel, batch);
            let error = match self.interrupt.finish(publish, io).await {
                None => return SendResult::Unknown,
                Some(Ok(response)) => return SendResult::Published(response),
                Some(Err(error)) => error,
            };
            let is_restarting =
                error.kind() == ErrorKind::Unreachable && self.report.has_accepted();
            if !is_restarting || waited > MAX_WAIT {
                return SendResult::Failed(error);
            }
            if self.interrupt.is_received() {
                return SendResult::NotSent;
            }
            let delay = self.timing.backoff(retry);
            let seconds = delay.as_secs_f64();
            io.eprint_unless_quiet(&format!("not sent: {error}; retrying in {seconds:.1} s\n"));
            self.interrupt.sleep(delay).await;
            if self.interrupt.is_received() {
                return SendResult::NotSent;
            }
            (retry, waited) = (retry + 1, waited + delay);
        }
    }
}
