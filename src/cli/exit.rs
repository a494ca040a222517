//! How a command ends: the one table of exit codes, and failures with what to do about them.
use std::io;

use crate::apply::{Halt, Outcome};
use crate::aws::{AwsError, advice};
use crate::live::LookError;

/// Why a command ended as it did. Its number is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error before anything was written.
    Error = 1,
    /// Changes are pending; only with `--detailed-exitcode`.
    Pending = 2,
    /// A part is done, and a part is not.
    Partial = 3,
    /// The plan is stale: AWS is no longer as it was.
    Stale = 4,
    /// A safety rule refused.
    Refused = 5,
    /// The command line is wrong.
    Usage = 64,
    /// Interrupted, or the answer was no.
    Interrupted = 130,
}

/// The table as `--help` shows it.
pub const TABLE: &str = "\
Exit codes:
  0    done, or nothing to do
  1    an error before anything was changed
  2    changes are pending (only with --detailed-exitcode)
  3    partly done; run it again
  4    the plan is stale
  5    a safety rule refused
  64   the command line is wrong
  130  interrupted, or the answer was no";

/// A command that could not do its work. `kind` alone decides the exit code.
#[derive(Debug)]
pub struct Failure {
    pub kind: Exit,
    pub error: anyhow::Error,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(kind: Exit, message: impl Into<String>) -> Self {
        Self { kind, error: anyhow::Error::msg(message.into()), hints: Vec::new() }
    }
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Exit::Error, message)
    }
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
    /// `error: …`, and a line for each hint.
    pub fn text(&self) -> String {
        let red = anstyle::AnsiColor::Red.on_default().bold();
        let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
        let mut text = format!("{red}error{red:#}: {:#}\n", self.error);
        for hint in &self.hints {
            text.push_str(&format!("{cyan}help{cyan:#}: {hint}\n"));
        }
        text
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever reads our results has seen enough: that is no failure of ours.
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Done,
            _ => Exit::Error,
        };
        Self { kind, error: error.into(), hints: Vec::new() }
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let hints = hints(&error);
        Self { kind: Exit::Error, error: error.into(), hints }
    }
}

impl From<LookError> for Failure {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Aws(error) => error.into(),
            LookError::Twins { .. } => {
                Self { kind: Exit::Refused, error: error.into(), hints: vec![] }
            }
        }
    }
}

/// What usually helps against an error of AWS's.
pub fn hints(error: &AwsError) -> Vec<String> {
    advice(error).fix.into_iter().collect()
}

/// The code for how an apply went.
pub fn of_outcome(outcome: &Outcome) -> Exit {
    match outcome.stopped {
        _ if outcome.is_whole() => Exit::Done,
        Some(Halt::Interrupted) => Exit::Interrupted,
        Some(Halt::Late) => Exit::Partial,
        _ if outcome.changed_something() => Exit::Partial,
        _ => Exit::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code() {
        let codes = [
            Exit::Done,
            Exit::Error,
            Exit::Pending,
            Exit::Partial,
            Exit::Stale,
            Exit::Refused,
            Exit::Usage,
            Exit::Interrupted,
        ];
        for code in codes {
            let code = format!("\n  {:<5}", code as u8);
            assert!(TABLE.contains(&code), "{code}");
        }
    }
}
