//! What became of the events, as people and programs are told.
use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::cli::arguments::Format;
use crate::cli::{Exit, Failure, Io};
use appsync_events::{Channel, Error, PublishResponse};

/// What became of the events until now.
#[derive(Debug)]
pub struct Tally<'a> {
    format: Format,
    pub channel: &'a Channel,
    taken: usize,
    refused: usize,
    /// The lines that the next events stand in, if they do.
    lines: VecDeque<usize>,
    /// The last line of which it is known what became of it.
    settled: usize,
}

impl<'a> Tally<'a> {
    pub fn new(format: Format, channel: &'a Channel) -> Self {
        Self { format, channel, taken: 0, refused: 0, lines: VecDeque::new(), settled: 0 }
    }
    pub fn has_taken(&self) -> bool {
        self.taken > 0
    }
    /// Hears of the lines that the next events stand in.
    pub fn takes_up(&mut self, lines: &[usize]) {
        self.lines.extend(lines);
    }
    /// The next events, as people count them.
    pub fn next(&self, events: usize) -> String {
        let first = self.taken + self.refused + 1;
        match events {
            1 => format!("event {first}"),
            _ => format!("events {first} to {}", first + events - 1),
        }
    }
    /// The end that somebody asked for.
    pub fn interrupted(&self) -> Failure {
        let when = match self.taken {
            0 => "before anything was published".to_owned(),
            1 => "after 1 event was published".to_owned(),
            taken => format!("after {taken} events were published"),
        };
        Failure::new(Exit::Interrupted, format!("interrupted {when}"))
    }
    fn settle(&mut self, events: usize) {
        let events = events.min(self.lines.len());
        self.settled = self.lines.drain(..events).next_back().unwrap_or(self.settled);
    }
    /// Tells of a batch; events are counted from 0 over all batches.
    pub fn batch(
        &mut self,
        events: usize,
        published: &PublishResponse,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let first = self.taken + self.refused;
        self.settle(events);
        // What AppSync names neither here nor there, it has not refused.
        self.refused += published.failed.len().min(events);
        self.taken += events - published.failed.len().min(events);
        let mut published = published.clone();
        published.successful.iter_mut().for_each(|it| it.index += first);
        published.failed.iter_mut().for_each(|it| it.index += first);
        if self.format == Format::Json {
            let line = json!({
                "channel": self.channel.as_str(), "first": first, "events": events,
                "successful": published.successful, "failed": published.failed,
            });
            return Ok(io.result(&format!("{line}\n"))?);
        }
        for it in &published.failed {
            let code = it.code.map(|it| format!("{it}: ")).unwrap_or_default();
            let reason = it.message.as_deref().unwrap_or("no reason is given");
            io.say(&format!("event {} was not taken: {code}{reason}\n", it.index + 1));
        }
        Ok(())
    }
    /// Tells programs of a batch of which nothing was taken, and says which events those are; after others than
    /// refusals, with which it goes on, they are still to be published.
    pub fn failed(
        &mut self,
        events: usize,
        error: &Error,
        goes_on: bool,
        io: &mut Io,
    ) -> Result<String, Failure> {
        let (first, which) = (self.taken + self.refused, self.next(events));
        self.refused += events;
        if goes_on {
            self.settle(events);
        }
        if self.format == Format::Json {
            let line = json!({
                "channel": self.channel.as_str(), "first": first, "events": events,
                "successful": [], "failed": [], "error": of_error(error),
            });
            io.result(&format!("{line}\n"))?;
        }
        Ok(which)
    }
    pub fn end(self, ended: Result<(), Failure>, io: &mut Io) -> Result<Exit, Failure> {
        let Self { taken, refused, channel, format, settled, .. } = self;
        let all = taken + refused;
        if format == Format::Human && taken > 0 {
            let events = if all == 1 { "event" } else { "events" };
            let of = if refused > 0 { format!(" of {all}") } else { String::new() };
            io.result(&format!("{taken}{of} {events} published to {channel}\n"))?;
        }
        let exit = match (taken, refused) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Error,
            (_, 0) => Exit::Done,
            _ => Exit::Partial,
        };
        match ended {
            Err(failure) => {
                let failure = match failure.kind {
                    Exit::Interrupted => failure,
                    _ if taken > 0 => failure.as_kind(Exit::Partial),
                    _ => failure,
                };
                Err(match rest(settled) {
                    Some(rest) => failure.hint(rest),
                    None => failure,
                })
            }
            Ok(()) => {
                if all == 0 {
                    io.note("there was no event to publish\n");
                }
                Ok(exit)
            }
        }
    }
}

/// Where to go on, so that nothing is published twice.
fn rest(settled: usize) -> Option<String> {
    let done = match settled {
        0 => return None,
        1 => "line 1 is".to_owned(),
        _ => format!("lines 1 to {settled} are"),
    };
    let next = settled + 1;
    Some(format!("{done} done; go on from line {next}: `tail -n +{next}` has what is left"))
}

/// An error for programs.
fn of_error(error: &Error) -> Value {
    json!({
        "errorType": error.error_type(), "message": error.message(), "status": error.status(),
    })
}
