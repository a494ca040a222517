//! Prints one line per change as it is made: the resource, the properties that differ, and the duration.
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::cli::Io;
use crate::cli::arguments::Format;
use crate::cli::progress::now;
use crate::render::changes::value_changes;
use crate::render::failures::failure_text;
use crate::render::progress::line;
use provision_aws::proposal::Proposal;
use provision_core::address::Address;
use provision_core::diff::Change;
use provision_core::event::Event;
use provision_core::kind::DesiredState;
use provision_core::plan::StepVerb;

/// Maximum number of properties that a line names; the rest is counted.
const NAMED_MAX: usize = 3;

pub struct ChangePrinter<'a> {
    io: Mutex<&'a mut Io>,
    format: Format,
    changes: &'a [Change],
    desired: &'a DesiredState,
    start_times: Mutex<HashMap<Address, Instant>>,
}

impl<'a> ChangePrinter<'a> {
    pub fn new(
        io: &'a mut Io,
        format: Format,
        proposal: &'a Proposal,
        desired: &'a DesiredState,
    ) -> Self {
        let (io, start_times) = (Mutex::new(io), Mutex::default());
        Self { io, format, changes: &proposal.changes, desired, start_times }
    }

    pub fn print(&self, event: &Event) {
        if self.format == Format::Json {
            // If stdout is closed, writing the next result reports it.
            let _ = self.io().print_result(&format!("{}\n", json!(event)));
            return;
        }
        match event {
            Event::Started { address, .. } => {
                self.start_times().insert(address.clone(), now());
            }
            Event::Succeeded { address, action } => {
                let start = self.start_times().remove(address);
                let ms = start.map_or(0, |instant| instant.elapsed().as_millis());
                let text = self.change(address, *action, ms);
                self.io().eprint_unless_quiet(&text);
            }
            Event::Failed { address, action, error } => {
                let text = failure_text(address, *action, error, self.desired.get(address));
                self.io().eprint(&text);
            }
            Event::Finished { .. } => {}
            other => {
                if let Some(line) = line(other) {
                    self.io().eprint_unless_quiet(&format!("{line}\n"));
                }
            }
        }
    }

    fn change(&self, address: &Address, action: StepVerb, ms: u128) -> String {
        let change = self.changes.iter().find(|change| change.address == *address);
        let (color, sign, verb) = match action {
            StepVerb::Create => (AnsiColor::Green, '+', "created".to_owned()),
            StepVerb::Update => (AnsiColor::Yellow, '~', format!("{} changed", describe(change))),
            StepVerb::Delete => (AnsiColor::Red, '-', "deleted".to_owned()),
        };
        let (color, dim) = (color.on_default(), Style::new().dimmed());
        format!("  {color}{sign}{color:#} {address}  {verb}  {dim}{ms} ms{dim:#}\n")
    }
    fn io(&self) -> MutexGuard<'_, &'a mut Io> {
        self.io.lock().expect("no thread panics while it holds the lock")
    }
    fn start_times(&self) -> MutexGuard<'_, HashMap<Address, Instant>> {
        self.start_times.lock().expect("no thread panics while it holds the lock")
    }
}

/// Returns the names of the properties that differ: `handler`, `SubscribeAuthModes`.
fn describe(change: Option<&Change>) -> String {
    let pairs = change.map(value_changes).unwrap_or_default();
    let mut names: Vec<&str> = Vec::new();
    for pair in &pairs {
        let name = match pair.path.as_str() {
            "CodeHandlers" => "handler",
            path => path.rsplit('.').next().unwrap_or(path),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    match (names.as_slice(), more) {
        ([], _) => "declaration".to_owned(),
        (names, 0) => names.join(", "),
        (names, more) => format!("{} and {more} more", names.join(", ")),
    }
}
