//! The streams, folder, clock and environment of a command. `main.rs` creates them from the process, tests from
//! values.
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use aws_smithy_async::time::SharedTimeSource;
use serde::Serialize;

/// Everything outside the program that a command may use.
pub struct Io {
    /// Only results.
    pub out: Box<dyn Write + Send>,
    /// Progress, questions, diagnostics.
    pub err: Box<dyn Write + Send>,
    pub input: Box<dyn BufRead + Send>,
    pub terminal: Terminal,
    /// The folder that relative paths are relative to.
    pub folder: PathBuf,
    pub clock: SharedTimeSource,
    pub environment: BTreeMap<String, String>,
    /// The value of `--color`.
    pub color: Color,
    /// Whether progress and notes are omitted.
    pub quiet: bool,
}

/// Which streams are terminals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    pub input: bool,
    pub out: bool,
    pub err: bool,
}

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Io {
    /// Writes a result to stdout.
    pub fn print_result(&mut self, text: &str) -> io::Result<()> {
        let text = strip_unless(self.colored(self.terminal.out), text);
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|error| {
            let message = format!("cannot write to stdout: {error}");
            io::Error::new(error.kind(), message)
        })
    }
    /// Writes a message to stderr.
    pub fn eprint(&mut self, text: &str) {
        let text = strip_unless(self.colored(self.terminal.err), text);
        // If stderr is closed, no stream is left to report that on.
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
    /// Writes a message to stderr, unless `--quiet` is set.
    pub fn eprint_unless_quiet(&mut self, text: &str) {
        if !self.quiet {
            self.eprint(text);
        }
    }
    /// Returns whether stderr is a terminal on which lines can be redrawn.
    pub fn redraws(&self) -> bool {
        self.terminal.err && !self.quiet && !self.is_dumb()
    }
    pub fn error_colored(&self) -> bool {
        self.colored(self.terminal.err)
    }
    /// Resolves a path relative to the folder of the command.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
    pub fn now_epoch_s(&self) -> i64 {
        let since = self.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
    fn is_dumb(&self) -> bool {
        self.environment.get("TERM").is_some_and(|term| term == "dumb")
    }
    fn colored(&self, terminal: bool) -> bool {
        let is_set =
            |name| self.environment.get(name).is_some_and(|value: &String| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !is_set("NO_COLOR") && !self.is_dumb(),
        }
    }
}

/// Returns the text, without its colors unless `colored`.
pub fn strip_unless(colored: bool, text: &str) -> String {
    match colored {
        true => text.to_owned(),
        false => anstream::adapter::strip_str(text).to_string(),
    }
}

/// Returns a document as indented JSON.
pub fn json(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("the keys of every document are strings") + "\n"
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("folder", &self.folder)
            .field("terminal", &self.terminal)
            .finish()
    }
}
