//! Counts and reports which events were published, for people and as NDJSON.
use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::cli::arguments::Format;
use crate::cli::{Exit, Failure, Io};
use appsync_events::{Channel, Error, PublishResponse};

/// What has happened to the events so far.
#[derive(Debug)]
pub struct PublishReport<'a> {
    format: Format,
    pub channel: &'a Channel,
    accepted: usize,
    rejected: usize,
    /// The line numbers of the next events, if they come from lines.
    lines: VecDeque<usize>,
    /// The last line whose event was accepted or rejected.
    last_line: usize,
}

impl<'a> PublishReport<'a> {
    pub fn new(format: Format, channel: &'a Channel) -> Self {
        Self { format, channel, accepted: 0, rejected: 0, lines: VecDeque::new(), last_line: 0 }
    }

    pub fn has_accepted(&self) -> bool {
        self.accepted > 0
    }

    /// Adds the line numbers of the next events.
    pub fn add_lines(&mut self, lines: &[usize]) {
        self.lines.extend(lines);
    }

    /// The numbers of the next events, from 1, such as `events 6 to 10`.
    pub fn next_events(&self, count: usize) -> String {
        let first = self.accepted + self.rejected + 1;
        match count {
            1 => format!("event {first}"),
            _ => format!("events {first} to {}", first + count - 1),
        }
    }

    /// The failure of a command that the user interrupted.
    pub fn interrupted(&self) -> Failure {
        let progress = match self.accepted {
            0 => "before anything was published".to_owned(),
            1 => "after 1 event was published".to_owned(),
            accepted => format!("after {accepted} events were published"),
        };
        Failure::new(Exit::Interrupted, format!("interrupted {progress}"))
    }

    fn complete_lines(&mut self, events: usize) {
        let events = events.min(self.lines.len());
        self.last_line = self.lines.drain(..events).next_back().unwrap_or(self.last_line);
    }

    /// Reports a batch that was published. Events are counted from 0 over all batches.
    pub fn batch_published(
        &mut self,
        events: usize,
        response: &PublishResponse,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let first = self.accepted + self.rejected;
        self.complete_lines(events);
        // Events that the response does not mention are not rejected.
        let rejected = response.failed.len().min(events);
        self.rejected += rejected;
        self.accepted += events - rejected;
        let mut response = response.clone();
        response.successful.iter_mut().for_each(|event| event.index += first);
        response.failed.iter_mut().for_each(|event| event.index += first);
        if self.format == Format::Json {
            let line = json!({
                "channel": self.channel.as_str(), "first": first, "events": events,
                "successful": response.successful, "failed": response.failed,
            });
            return Ok(io.print_result(&format!("{line}\n"))?);
        }
        for event in &response.failed {
            let code = event.code.map(|code| format!("{code}: ")).unwrap_or_default();
            let reason = event.message.as_deref().unwrap_or("no reason given");
            io.eprint(&format!("event {} was rejected: {code}{reason}\n", event.index + 1));
        }
        Ok(())
    }

    /// Reports a batch that failed as a whole, and returns the numbers of its events. Unless the events
    /// caused the error, they are still to be published.
    pub fn batch_failed(
        &mut self,
        events: usize,
        error: &Error,
        is_caused_by_events: bool,
        io: &mut Io,
    ) -> Result<String, Failure> {
        let (first, numbers) = (self.accepted + self.rejected, self.next_events(events));
        self.rejected += events;
        if is_caused_by_events {
            self.complete_lines(events);
        }
        if self.format == Format::Json {
            let line = json!({
                "channel": self.channel.as_str(), "first": first, "events": events,
                "successful": [], "failed": [], "error": error_document(error),
            });
            io.print_result(&format!("{line}\n"))?;
        }
        Ok(numbers)
    }

    /// Reports the result of the command.
    pub fn finish(self, result: Result<(), Failure>, io: &mut Io) -> Result<Exit, Failure> {
        let Self { accepted, rejected, channel, format, last_line, .. } = self;
        let total = accepted + rejected;
        if format == Format::Human && accepted > 0 {
            let noun = if total == 1 { "event" } else { "events" };
            let of_total = if rejected > 0 { format!(" of {total}") } else { String::new() };
            io.print_result(&format!("{accepted}{of_total} {noun} published to {channel}\n"))?;
        }
        if let Err(failure) = result {
            let failure = match failure.kind {
                Exit::Interrupted => failure,
                _ if accepted > 0 => failure.with_kind(Exit::Partial),
                _ => failure,
            };
            return Err(match resume_hint(last_line) {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            });
        }
        if total == 0 {
            io.eprint_unless_quiet("there was no event to publish\n");
        }
        Ok(match (accepted, rejected) {
            (_, 0) => Exit::Done,
            (0, _) => Exit::Error,
            _ => Exit::Partial,
        })
    }
}

/// Where to resume, so nothing is published twice.
fn resume_hint(last_line: usize) -> Option<String> {
    let lines = match last_line {
        0 => return None,
        1 => "line 1 is".to_owned(),
        _ => format!("lines 1 to {last_line} are"),
    };
    let next = last_line + 1;
    Some(format!(
        "{lines} done; resume from line {next}: `tail -n +{next}` prints the remaining lines"
    ))
}

fn error_document(error: &Error) -> Value {
    json!({
        "errorType": error.error_type(), "message": error.message(), "status": error.status(),
    })
}
