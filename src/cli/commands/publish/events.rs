//! The events to publish: from the command line, a file, or lines of stdin as they arrive.
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::cli::{Exit, Failure, Io};
use appsync_events::{EVENTS_MAX, Event, InvalidEvent};

/// How long a batch that is not full waits for more input.
const LINGER: Duration = Duration::from_millis(10);
/// The number of reads whose lines can wait to be published.
const QUEUE_MAX: usize = 8;

#[derive(Clone, Debug, clap::Args)]
pub struct SourceArgs {
    /// The events, as JSON; `-`, or no event, reads lines of stdin
    #[arg(value_name = "EVENT")]
    pub events: Vec<String>,
    /// Read the events from FILE: one JSON document, or NDJSON if the name ends with .jsonl or .ndjson
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    file: Option<PathBuf>,
    /// Publish each element of the list in FILE as a separate event
    #[arg(long, requires = "file")]
    each: bool,
    /// Treat events as plain text, and publish them as JSON strings
    #[arg(long)]
    text: bool,
}

pub enum Events {
    All(Vec<Event>),
    /// Lines as they arrive.
    Lines {
        reads: mpsc::Receiver<Vec<NumberedEvent>>,
        /// The remaining lines of the last read.
        remaining: VecDeque<NumberedEvent>,
        /// The error that ended the lines, once the events before it were returned.
        error: Option<Failure>,
    },
}

/// A line number, from 1, and the event in the line; or the error that ends the lines.
type NumberedEvent = Result<(usize, Event), Failure>;

/// Events that are available at the same time.
pub struct EventChunk {
    pub events: Vec<Event>,
    /// The line number of each event; empty if the events do not come from lines.
    pub lines: Vec<usize>,
}

impl Events {
    /// The events of the command line. Errors in them are reported before anything is published, except
    /// for errors in lines.
    pub fn new(args: &SourceArgs, arguments: Vec<String>, io: &mut Io) -> Result<Self, Failure> {
        if let Some(file) = &args.file {
            return events_from_file(args, file, io);
        }
        match arguments.as_slice() {
            [] if io.terminal.input => Err(Failure::new(Exit::Usage, "the event is missing")
                .with_hint("pass events as JSON, with `--file FILE`, or as lines on stdin")),
            [] => Ok(events_from_stdin(args.text, io)),
            [argument] if argument == "-" => Ok(events_from_stdin(args.text, io)),
            arguments => {
                let event = |(index, text): (usize, &String)| {
                    let event = parse_event(text, args.text, &format!("event {}", index + 1));
                    event.map_err(|failure| {
                        let hint = "quote it for the shell, '{\"message\":\"hello\"}', or publish plain text with `--text`";
                        failure.with_kind(Exit::Usage).with_hint(hint)
                    })
                };
                arguments.iter().enumerate().map(event).collect::<Result<_, _>>().map(Self::All)
            }
        }
    }

    /// The next events, at most for one batch if they are lines; `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<EventChunk>, Failure> {
        let (reads, remaining, error) = match self {
            Self::All(events) => {
                let events = std::mem::take(events);
                let lines = Vec::new();
                return Ok((!events.is_empty()).then_some(EventChunk { events, lines }));
            }
            Self::Lines { reads, remaining, error } => (reads, remaining, error),
        };
        if let Some(failure) = error.take() {
            return Err(failure);
        }
        if remaining.is_empty() {
            match reads.recv().await {
                None => return Ok(None),
                Some(lines) => remaining.extend(lines),
            }
        }
        let mut chunk = Vec::new();
        while chunk.len() < EVENTS_MAX {
            match remaining.pop_front() {
                Some(Ok(event)) => chunk.push(event),
                Some(Err(failure)) if chunk.is_empty() => return Err(failure),
                // The events before the error are published.
                Some(Err(failure)) => {
                    *error = Some(failure);
                    break;
                }
                None => match tokio::time::timeout(LINGER, reads.recv()).await {
                    Ok(Some(lines)) => remaining.extend(lines),
                    Ok(None) | Err(_) => break,
                },
            }
        }
        let (lines, events) = chunk.into_iter().unzip();
        Ok(Some(EventChunk { events, lines }))
    }

    /// All events, once all have arrived.
    pub async fn collect(&mut self) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            events.extend(chunk.events);
        }
        Ok(events)
    }
}

/// Parses an event. `source` says where it comes from, such as `event 1`.
fn parse_event(text: &str, is_plain_text: bool, source: &str) -> Result<Event, Failure> {
    let event = match is_plain_text {
        true => Event::new(&text),
        false => Event::from_json(text),
    };
    event.map_err(|error| match &error {
        InvalidEvent::Json(reason) => {
            let reason = reason.to_string();
            // The line number is part of `source`.
            let reason = match text.trim().contains('\n') {
                true => reason,
                false => reason.replace(" at line 1 column ", " at column "),
            };
            Failure::error(format!("{source} is not valid JSON: {reason}"))
        }
        InvalidEvent::TooLarge { .. } => {
            Failure::error(format!("{source}: {error}")).with_hint("publish a link to it instead")
        }
    })
}

fn events_from_stdin(is_plain_text: bool, io: &mut Io) -> Events {
    let input = std::mem::replace(&mut io.input, Box::new(std::io::empty()));
    events_from_lines(input, is_plain_text, "standard input".to_owned())
}

/// Reads lines in a thread, which cannot be stopped while it waits for input: it keeps the input until the
/// process ends. Lines of one read stay together, so which of them share a batch does not depend on the
/// speed of the machine.
fn events_from_lines(
    mut input: Box<dyn BufRead + Send>,
    is_plain_text: bool,
    name: String,
) -> Events {
    let (sender, reads) = mpsc::channel(QUEUE_MAX);
    tokio::task::spawn_blocking(move || {
        let mut reader = LineReader { is_plain_text, name, number: 0, incomplete: Vec::new() };
        loop {
            let (lines, length) = match input.fill_buf() {
                Ok(bytes) => (reader.read(bytes), bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    reader.number += 1;
                    (vec![reader.unreadable(&error)], 0)
                }
            };
            input.consume(length);
            let is_end = length == 0 || lines.last().is_some_and(Result::is_err);
            let is_received = lines.is_empty() || sender.blocking_send(lines).is_ok();
            if is_end || !is_received {
                break;
            }
        }
    });
    Events::Lines { reads, remaining: VecDeque::new(), error: None }
}

/// Splits input into lines.
struct LineReader {
    is_plain_text: bool,
    name: String,
    /// The number of the last line, from 1.
    number: usize,
    /// The start of a line whose end was not read yet.
    incomplete: Vec<u8>,
}

impl LineReader {
    /// The lines that end in `bytes`, up to the first that is not an event. The input ends if there are no
    /// bytes.
    fn read(&mut self, bytes: &[u8]) -> Vec<NumberedEvent> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.incomplete.extend_from_slice(part);
            if part.ends_with(b"\n") {
                lines.extend(self.end_line());
            }
            if lines.last().is_some_and(Result::is_err) {
                return lines;
            }
        }
        if bytes.is_empty() && !self.incomplete.is_empty() {
            lines.extend(self.end_line());
        }
        lines
    }

    /// The event in the line that ends here, unless the line is empty.
    fn end_line(&mut self) -> Option<NumberedEvent> {
        self.number += 1;
        let bytes = std::mem::take(&mut self.incomplete);
        let Ok(line) = String::from_utf8(bytes) else {
            return Some(self.unreadable(&"stream did not contain valid UTF-8"));
        };
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.trim().is_empty() {
            return None;
        }
        let event = parse_event(line, self.is_plain_text, &self.source());
        Some(event.map(|event| (self.number, event)))
    }

    fn unreadable(&self, error: &dyn Display) -> NumberedEvent {
        Err(Failure::error(format!("cannot read {}: {error}", self.source())))
    }

    fn source(&self) -> String {
        format!("{}, line {}", self.name, self.number)
    }
}

fn events_from_file(args: &SourceArgs, file: &Path, io: &Io) -> Result<Events, Failure> {
    let name = file.display().to_string();
    let unreadable =
        |error: std::io::Error| Failure::error(format!("cannot read `{name}`: {error}"));
    let path = io.path(file);
    let is_ndjson =
        ["jsonl", "ndjson"].iter().any(|extension| path.extension() == Some(OsStr::new(extension)));
    if is_ndjson && !args.each {
        let file = std::fs::File::open(&path).map_err(unreadable)?;
        return Ok(events_from_lines(Box::new(BufReader::new(file)), args.text, name));
    }
    let text = std::fs::read_to_string(&path).map_err(unreadable)?;
    if !args.each {
        return parse_event(&text, args.text, &name).map(|event| Events::All(vec![event]));
    }
    let elements: Result<Vec<Value>, _> = serde_json::from_str(&text);
    let elements = elements.map_err(|error| {
        Failure::error(format!("{name} is not a valid JSON list: {error}"))
            .with_hint("without `--each` the whole file is one event")
    })?;
    let event = |(index, element): (usize, &Value)| {
        parse_event(&element.to_string(), false, &format!("{name}, element {}", index + 1))
    };
    elements.iter().enumerate().map(event).collect::<Result<_, _>>().map(Events::All)
}
