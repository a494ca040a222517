//! The outside world as a command sees it: streams, folder, clock, environment. Made in `main.rs`.
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use aws_smithy_async::time::SharedTimeSource;
use serde::Serialize;

/// Everything a command may touch outside itself.
pub struct Io {
    /// Results, and nothing else.
    pub out: Box<dyn Write + Send>,
    /// Progress, questions, diagnostics.
    pub err: Box<dyn Write + Send>,
    pub input: Box<dyn BufRead + Send>,
    pub terminal: Terminal,
    /// Where relative paths start.
    pub folder: PathBuf,
    pub clock: SharedTimeSource,
    pub environment: BTreeMap<String, String>,
    /// What `--color` and the environment say.
    pub color: Color,
    /// Say less: no progress, no notes.
    pub quiet: bool,
}

/// Which streams a person looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    pub input: bool,
    pub out: bool,
    pub err: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Io {
    /// Writes a result to standard output.
    pub fn result(&mut self, text: &str) -> io::Result<()> {
        let text = strip_unless(self.colored(self.terminal.out), text);
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|error| {
            let message = format!("standard output can't be written: {error}");
            io::Error::new(error.kind(), message)
        })
    }
    /// Tells a person something, on standard error.
    pub fn report(&mut self, text: &str) {
        let text = strip_unless(self.colored(self.terminal.err), text);
        // Nobody is left to tell that nobody listens.
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
    /// Tells a person something that `--quiet` leaves out.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.report(text);
        }
    }
    /// Whether a person looks at a terminal on which lines can be drawn anew.
    pub fn redraws(&self) -> bool {
        self.terminal.err && !self.quiet && !self.is_dumb()
    }
    pub fn error_colored(&self) -> bool {
        self.colored(self.terminal.err)
    }
    /// The path as the user means it.
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
        let unwanted = |name| {
            self.environment.get(name).is_some_and(|environment: &String| !environment.is_empty())
        };
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !unwanted("NO_COLOR") && !self.is_dumb(),
        }
    }
}

/// The text, without its colours where they are not wanted.
pub fn strip_unless(colored: bool, text: &str) -> String {
    match colored {
        true => text.to_owned(),
        false => anstream::adapter::strip_str(text).to_string(),
    }
}

/// A document as indented JSON.
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
