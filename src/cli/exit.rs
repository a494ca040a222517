//! How a command ends: the one table of exit codes, and failures with what to do about them.
use std::io;

use provision_aws::advice::advice;
use provision_aws::apply::{ApplyOutcome, StopReason};
use provision_aws::error::AwsError;
use provision_aws::live::LiveStateError;
use provision_core::event::{BlockedReason, Event};
use provision_core::policy::PolicyViolation;

/// Why a command ended as it did. Its number is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(clap::ValueEnum))]
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
    /// A safety rule refused, or nobody could be asked.
    Refused = 5,
    /// What is deployed does not do what the spec says, or nobody could tell.
    Unproven = 6,
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
  5    a safety rule refused, or nobody could be asked
  6    deployed, and `verify` found it to do otherwise than the spec says, or could not tell
  64   the command line is wrong
  130  interrupted, or the answer was no";

/// A command that could not do its work. `kind` alone decides the exit code.
#[derive(Debug)]
pub struct Failure {
    pub kind: Exit,
    pub error: anyhow::Error,
    /// What to do about it.
    pub hints: Vec<String>,
    /// What it is about, if not all of it.
    about: Option<String>,
    /// What else stands in the way.
    further: Vec<Failure>,
}

impl From<appsync_local::cli::CommandError> for Failure {
    fn from(failure: appsync_local::cli::CommandError) -> Self {
        let appsync_local::cli::CommandError { message, help } = failure;
        Self { hints: help.into_iter().collect(), ..Self::error(message) }
    }
}

impl Failure {
    pub fn new(kind: Exit, message: impl Into<String>) -> Self {
        Self::from_error(kind, anyhow::Error::msg(message.into()))
    }
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Exit::Error, message)
    }
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
    /// The same, with what it is about before it.
    pub fn with_context(self, about: impl Into<String>) -> Self {
        Self { about: Some(about.into()), ..self }
    }
    /// The same, as the end of a command of another kind.
    pub fn with_kind(self, kind: Exit) -> Self {
        Self { kind, ..self }
    }
    /// What safety forbids, each with its way out; `None`: nothing.
    pub fn blocked(refusals: &[PolicyViolation]) -> Option<Self> {
        let mut each = refusals.iter().map(|violation| Self {
            about: violation.address.as_ref().map(ToString::to_string),
            ..Self::new(Exit::Refused, &*violation.reason).with_hint(&*violation.help)
        });
        let first = each.next()?;
        Some(each.fold(first, Self::combined_with))
    }
    /// The same, and another one beside it.
    pub fn combined_with(mut self, other: Self) -> Self {
        self.further.push(other);
        self
    }
    /// What a program is told of a command that was not begun; `None`: it was, or the error is none of its
    /// arguments or of AWS's state.
    pub fn event(&self) -> Option<Event> {
        match self.kind {
            Exit::Refused | Exit::Usage => Some(Event::Refused { reasons: self.blocked_reasons() }),
            Exit::Stale => Some(Event::Stale { reason: format!("{:#}", self.error) }),
            _ => None,
        }
    }
    /// `error: …`, and a line for each hint; the same for all that is further in the way.
    pub fn text(&self) -> String {
        let red = anstyle::AnsiColor::Red.on_default().bold();
        let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
        let mut text = format!("{red}error{red:#}: {}\n", self.message());
        for hint in &self.hints {
            text.push_str(&format!("{cyan}help{cyan:#}: {hint}\n"));
        }
        self.further.iter().for_each(|failure| text.push_str(&failure.text()));
        text
    }

    fn from_error(kind: Exit, error: anyhow::Error) -> Self {
        Self { kind, error, hints: Vec::new(), about: None, further: Vec::new() }
    }
    fn message(&self) -> String {
        match &self.about {
            Some(about) => format!("{about}: {:#}", self.error),
            None => format!("{:#}", self.error),
        }
    }
    fn blocked_reasons(&self) -> Vec<BlockedReason> {
        let own = BlockedReason {
            address: self.about.clone(),
            reason: format!("{:#}", self.error),
            help: (!self.hints.is_empty()).then(|| self.hints.join("; ")),
        };
        let further = self.further.iter().flat_map(Self::blocked_reasons);
        std::iter::once(own).chain(further).collect()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever reads our results has seen enough: that is no failure of ours.
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Done,
            _ => Exit::Error,
        };
        Self::from_error(kind, error.into())
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let hints = hints(&error);
        Self { hints, ..Self::from_error(Exit::Error, error.into()) }
    }
}

impl From<LiveStateError> for Failure {
    fn from(error: LiveStateError) -> Self {
        match error {
            LiveStateError::Aws(error) => error.into(),
            LiveStateError::DuplicateOwner { .. } => Self::from_error(Exit::Refused, error.into()),
        }
    }
}

/// What usually helps against an error of AWS's.
pub fn hints(error: &AwsError) -> Vec<String> {
    advice(error).fix.into_iter().collect()
}

/// The code for how an apply went.
pub fn exit_of_outcome(outcome: &ApplyOutcome) -> Exit {
    match outcome.stop_reason {
        _ if outcome.is_complete() => Exit::Done,
        Some(StopReason::Interrupted) => Exit::Interrupted,
        Some(StopReason::TimedOut) => Exit::Partial,
        _ if outcome.has_changes() => Exit::Partial,
        _ => Exit::Error,
    }
}

/// What an apply did not do, and what helps.
pub fn unfinished_failure(outcome: &ApplyOutcome, exit: Exit) -> Failure {
    let (failed, skipped) = (outcome.failed.len(), outcome.skipped.len());
    let steps = |count: usize| format!("{count} {}", if count == 1 { "step" } else { "steps" });
    let were = if skipped == 1 { "was" } else { "were" };
    let mut parts = Vec::new();
    parts.extend((failed > 0).then(|| format!("{} failed", steps(failed))));
    parts.extend((skipped > 0).then(|| format!("{} {were} not tried", steps(skipped))));
    let count = parts.join(", ");
    let message = match outcome.stop_reason {
        Some(StopReason::Interrupted) => format!("interrupted; {count}"),
        Some(StopReason::TimedOut) => format!("not done in time; {count}"),
        Some(StopReason::Superseded) | None => count,
    };
    let mut failure = Failure::new(exit, message);
    let mut told = Vec::new();
    for (_, _, error) in &outcome.failed {
        for hint in hints(error) {
            if !told.contains(&hint) {
                told.push(hint);
            }
        }
    }
    failure.hints = told;
    failure.with_hint("run it again; what is done stays done")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use provision_core::address::Address;

    #[test]
    fn each_of_several_reasons_is_an_error_with_its_own_help() {
        let refusal = |address: Option<Address>, reason: &str, help: &str| PolicyViolation {
            address,
            reason: reason.to_owned(),
            help: help.to_owned(),
        };
        let api = Some(Address::top_level("apis", "chat"));
        let failure = Failure::blocked(&[
            refusal(None, "too many", "raise it"),
            refusal(api, "held", "let go"),
        ]);
        let failure = failure.unwrap();
        assert_eq!(
            anstream::adapter::strip_str(&failure.text()).to_string(),
            "error: too many\nhelp: raise it\nerror: apis/chat: held\nhelp: let go\n"
        );
        assert_eq!(
            serde_json::json!(failure.event()),
            serde_json::json!({ "event": "refused", "reasons": [
                { "reason": "too many", "help": "raise it" },
                { "address": "apis/chat", "reason": "held", "help": "let go" },
            ] })
        );
        assert!(Failure::blocked(&[]).is_none());
    }

    #[test]
    fn the_table_has_every_code() {
        let lines = TABLE.lines().skip(1);
        let shown = lines.map(|line| line.split_whitespace().next().unwrap().parse().unwrap());
        let shown: Vec<u8> = shown.collect();
        // The derived list has every variant there is.
        let codes: Vec<u8> = Exit::value_variants().iter().map(|exit| *exit as u8).collect();
        assert_eq!(shown, codes);
    }
}
