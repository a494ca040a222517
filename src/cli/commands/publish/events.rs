//! Where the events come from: the command line, a file, or lines of standard input as they come.
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::cli::{Exit, Failure, Io};
use appsync_events::{EVENTS_MAX, Event, InvalidEvent};

/// How long a batch waits for more input once all that was read is in it and it is not full.
const LINGER: Duration = Duration::from_millis(10);
/// Reads whose lines wait to be published.
const AHEAD: usize = 8;

#[derive(Clone, Debug, clap::Args)]
pub struct SourceArgs {
    /// The events, as JSON; `-`, or none, for lines of standard input
    #[arg(value_name = "EVENT")]
    pub events: Vec<String>,
    /// Take the events from FILE: one JSON document, or one a line if it ends with .jsonl or .ndjson
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    file: Option<PathBuf>,
    /// Publish each element of the list in FILE as an event of its own
    #[arg(long, requires = "file")]
    each: bool,
    /// Take events for plain texts, and publish them as JSON strings
    #[arg(long)]
    text: bool,
}

pub enum Events {
    All(Vec<Event>),
    /// Lines as they come, and what ended them once it did.
    Lines {
        reads: mpsc::Receiver<Vec<Line>>,
        /// What is left of the last read.
        left: VecDeque<Line>,
        ended: Option<Failure>,
    },
}

/// A line's number, from 1, and the event in it; or why it is none, which ends the lines.
type Line = Result<(usize, Event), Failure>;

/// Events that are there at once.
pub struct Few {
    pub events: Vec<Event>,
    /// The lines they stand in, one for each; none where they are not lines.
    pub lines: Vec<usize>,
}

impl Events {
    /// The events that a command line means; what is wrong with them shows before anything is published, except
    /// in lines.
    pub fn of(args: &SourceArgs, words: Vec<String>, io: &mut Io) -> Result<Self, Failure> {
        if let Some(file) = &args.file {
            return of_file(args, file, io);
        }
        match words.as_slice() {
            [] if io.terminal.input => Err(Failure::new(Exit::Usage, "there is no event")
                .hint("give events as JSON, `--file FILE`, or lines on standard input")),
            [] => Ok(of_stdin(args.text, io)),
            [only] if only == "-" => Ok(of_stdin(args.text, io)),
            words => {
                let event = |(n, word): (usize, &String)| {
                    event(word, args.text, &format!("event {}", n + 1)).map_err(|failure| {
                        let quoted = "quote it for the shell, '{\"message\":\"hello\"}', or publish plain text with `--text`";
                        failure.as_kind(Exit::Usage).hint(quoted)
                    })
                };
                words.iter().enumerate().map(event).collect::<Result<_, _>>().map(Self::All)
            }
        }
    }

    /// The next events; `None`: there are no more.
    pub async fn some(&mut self) -> Result<Option<Few>, Failure> {
        let (reads, left, ended) = match self {
            Self::All(events) => {
                let events = std::mem::take(events);
                return Ok((!events.is_empty()).then(|| Few { events, lines: Vec::new() }));
            }
            Self::Lines { reads, left, ended } => (reads, left, ended),
        };
        if let Some(failure) = ended.take() {
            return Err(failure);
        }
        if left.is_empty() {
            match reads.recv().await {
                None => return Ok(None),
                Some(lines) => left.extend(lines),
            }
        }
        let mut some = Vec::new();
        while some.len() < EVENTS_MAX {
            match left.pop_front() {
                Some(Ok(event)) => some.push(event),
                Some(Err(failure)) if some.is_empty() => return Err(failure),
                // What came before it is published.
                Some(Err(failure)) => {
                    *ended = Some(failure);
                    break;
                }
                None => match tokio::time::timeout(LINGER, reads.recv()).await {
                    Ok(Some(lines)) => left.extend(lines),
                    Ok(None) | Err(_) => break,
                },
            }
        }
        let (lines, events) = some.into_iter().unzip();
        Ok(Some(Few { events, lines }))
    }

    /// All of them, however long that takes.
    pub async fn all(&mut self) -> Result<Vec<Event>, Failure> {
        let mut all = Vec::new();
        while let Some(some) = self.some().await? {
            all.extend(some.events);
        }
        Ok(all)
    }
}

/// An event as it is sent.
fn event(written: &str, is_text: bool, what: &str) -> Result<Event, Failure> {
    let event = match is_text {
        true => Event::new(&written),
        false => Event::from_json(written),
    };
    event.map_err(|error| match &error {
        InvalidEvent::Json(json_error) => {
            let reason = json_error.to_string();
            // The line is part of `what`.
            let reason = match written.trim().contains('\n') {
                true => reason,
                false => reason.replace(" at line 1 column ", " at column "),
            };
            Failure::error(format!("{what} is not valid JSON: {reason}"))
        }
        InvalidEvent::TooLarge { .. } => {
            Failure::error(format!("{what}: {error}")).hint("publish a link to it instead")
        }
    })
}

fn of_stdin(is_text: bool, io: &mut Io) -> Events {
    let input = std::mem::replace(&mut io.input, Box::new(std::io::empty()));
    lines_of(input, is_text, "standard input".to_owned())
}

/// Whoever reads can't be stopped: they keep the input, and the process ends without them. Lines that are read at
/// once stay together: which of them share a batch does not depend on how fast this machine is.
fn lines_of(mut input: Box<dyn BufRead + Send>, is_text: bool, name: String) -> Events {
    let (tell, reads) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut reader = LineReader { is_text, name, number: 0, begun: Vec::new() };
        loop {
            let (lines, length) = match input.fill_buf() {
                Ok(bytes) => (reader.take(bytes), bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    reader.number += 1;
                    (vec![reader.unreadable(&error)], 0)
                }
            };
            input.consume(length);
            let ends = length == 0 || lines.last().is_some_and(Result::is_err);
            let told = lines.is_empty() || tell.blocking_send(lines).is_ok();
            if ends || !told {
                break;
            }
        }
    });
    Events::Lines { reads, left: VecDeque::new(), ended: None }
}

/// Makes lines of what is read.
struct LineReader {
    is_text: bool,
    name: String,
    /// Of the last line, from 1.
    number: usize,
    /// A line whose end was not read yet.
    begun: Vec<u8>,
}

impl LineReader {
    /// The lines that end in `bytes`, up to the first that is no event. No bytes are the end of the input.
    fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|it| *it == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                lines.extend(self.end_line());
            }
            if lines.last().is_some_and(Result::is_err) {
                return lines;
            }
        }
        if bytes.is_empty() && !self.begun.is_empty() {
            lines.extend(self.end_line());
        }
        lines
    }
    /// The line that was begun, unless it is empty.
    fn end_line(&mut self) -> Option<Line> {
        self.number += 1;
        let bytes = std::mem::take(&mut self.begun);
        let Ok(line) = String::from_utf8(bytes) else {
            return Some(self.unreadable(&"stream did not contain valid UTF-8"));
        };
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let event = || event(line, self.is_text, &self.what()).map(|it| (self.number, it));
        (!line.trim().is_empty()).then(event)
    }
    fn unreadable(&self, error: &dyn std::fmt::Display) -> Line {
        Err(Failure::error(format!("{} can't be read: {error}", self.what())))
    }
    fn what(&self) -> String {
        format!("{}, line {}", self.name, self.number)
    }
}

fn of_file(args: &SourceArgs, shown: &Path, io: &Io) -> Result<Events, Failure> {
    let name = shown.display().to_string();
    let unreadable =
        |error: std::io::Error| Failure::error(format!("{name} can't be read: {error}"));
    let path = io.path(shown);
    let by_lines = ["jsonl", "ndjson"].iter().any(|it| path.extension() == Some(OsStr::new(it)));
    if by_lines && !args.each {
        let file = std::fs::File::open(&path).map_err(unreadable)?;
        return Ok(lines_of(Box::new(BufReader::new(file)), args.text, name));
    }
    let text = std::fs::read_to_string(&path).map_err(unreadable)?;
    if !args.each {
        return event(&text, args.text, &name).map(|it| Events::All(vec![it]));
    }
    let list: Result<Vec<Value>, _> = serde_json::from_str(&text);
    let list = list.map_err(|error| {
        Failure::error(format!("{name} is not a valid JSON list: {error}"))
            .hint("without `--each` the whole file is one event")
    })?;
    let elements = list.iter().enumerate();
    let events = elements
        .map(|(n, it)| event(&it.to_string(), false, &format!("{name}, element {}", n + 1)));
    events.collect::<Result<_, _>>().map(Events::All)
}
