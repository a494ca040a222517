//! The exit codes of the command line, and its only error type, whose kind alone decides the exit code.
use std::io;

use provision_aws::advice::advice;
use provision_aws::apply::{ApplyOutcome, StopReason};
use provision_aws::error::AwsError;
use provision_aws::live::LiveStateError;
use provision_core::event::{BlockedReason, Event};
use provision_core::policy::PolicyViolation;

/// The result of a command. Its number is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(clap::ValueEnum))]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error before anything was changed.
    Error = 1,
    /// Changes are pending; only with `--detailed-exitcode`.
    Pending = 2,
    /// Only some of the changes were made.
    Partial = 3,
    /// The plan is stale: the live state has changed since.
    Stale = 4,
    /// Blocked by a safety check, or confirmation was needed and stdin is not a terminal.
    Blocked = 5,
    /// The deployed stack does not behave as the spec declares, or that could not be determined.
    Unproven = 6,
    /// A usage error.
    Usage = 64,
    /// Interrupted, or not confirmed.
    Interrupted = 130,
}

/// The table that `--help` shows.
pub const TABLE: &str = "\
Exit codes:
  0    done, or nothing to do
  1    error; nothing was changed
  2    changes are pending (only with --detailed-exitcode)
  3    partly done; run the command again
  4    the plan is stale
  5    blocked by a safety check, or confirmation was needed and stdin is not a terminal
  6    `verify` found that the deployed stack differs from the spec, or was inconclusive
  64   usage error
  130  interrupted, or not confirmed";

/// The error of a command. `kind` alone decides the exit code.
#[derive(Debug)]
pub struct Failure {
    pub kind: Exit,
    pub error: anyhow::Error,
    /// How to fix it.
    pub hints: Vec<String>,
    /// The resource or file that failed, if it is only one.
    context: Option<String>,
    /// Other reasons for the same failure.
    others: Vec<Failure>,
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
    /// Puts the name of the resource or file that failed before the message.
    pub fn with_context(self, context: impl Into<String>) -> Self {
        Self { context: Some(context.into()), ..self }
    }
    /// Changes the exit code.
    pub fn with_kind(self, kind: Exit) -> Self {
        Self { kind, ..self }
    }
    /// Returns the failure for violations of the safety policy, each with its help; `None` if there are none.
    pub fn blocked(violations: &[PolicyViolation]) -> Option<Self> {
        let mut failures = violations.iter().map(|violation| Self {
            context: violation.address.as_ref().map(ToString::to_string),
            ..Self::new(Exit::Blocked, &*violation.reason).with_hint(&*violation.help)
        });
        let first = failures.next()?;
        Some(failures.fold(first, Self::combined_with))
    }
    /// Adds another reason.
    pub fn combined_with(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }
    /// Returns the event for a command that was rejected before it started; `None` for all other failures.
    pub fn event(&self) -> Option<Event> {
        match self.kind {
            Exit::Blocked | Exit::Usage => Some(Event::Blocked { reasons: self.blocked_reasons() }),
            Exit::Stale => Some(Event::Stale { reason: format!("{:#}", self.error) }),
            _ => None,
        }
    }
    /// Returns `error: …` and a line for each hint, for every reason.
    pub fn text(&self) -> String {
        let red = anstyle::AnsiColor::Red.on_default().bold();
        let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
        let mut text = format!("{red}error{red:#}: {}\n", self.message());
        for hint in &self.hints {
            text.push_str(&format!("{cyan}help{cyan:#}: {hint}\n"));
        }
        self.others.iter().for_each(|failure| text.push_str(&failure.text()));
        text
    }

    fn from_error(kind: Exit, error: anyhow::Error) -> Self {
        Self { kind, error, hints: Vec::new(), context: None, others: Vec::new() }
    }
    fn message(&self) -> String {
        match &self.context {
            Some(context) => format!("{context}: {:#}", self.error),
            None => format!("{:#}", self.error),
        }
    }
    fn blocked_reasons(&self) -> Vec<BlockedReason> {
        let first = BlockedReason {
            address: self.context.clone(),
            reason: format!("{:#}", self.error),
            help: (!self.hints.is_empty()).then(|| self.hints.join("; ")),
        };
        let others = self.others.iter().flat_map(Self::blocked_reasons);
        std::iter::once(first).chain(others).collect()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // The reader of the results closed the pipe, for example `head`: not an error.
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
            LiveStateError::DuplicateOwner { .. } => Self::from_error(Exit::Blocked, error.into()),
        }
    }
}

/// Returns the usual fix for an AWS error.
pub fn hints(error: &AwsError) -> Vec<String> {
    advice(error).fix.into_iter().collect()
}

/// Returns the exit code for the outcome of an apply.
pub fn exit_of_outcome(outcome: &ApplyOutcome) -> Exit {
    match outcome.stop_reason {
        _ if outcome.is_complete() => Exit::Done,
        Some(StopReason::Interrupted) => Exit::Interrupted,
        Some(StopReason::TimedOut) => Exit::Partial,
        _ if outcome.has_changes() => Exit::Partial,
        _ => Exit::Error,
    }
}

/// Describes the steps that an apply did not complete, and how to continue.
pub fn unfinished_failure(outcome: &ApplyOutcome, exit: Exit) -> Failure {
    let (failed, skipped) = (outcome.failed.len(), outcome.skipped.len());
    let steps = |count: usize| format!("{count} {}", if count == 1 { "step" } else { "steps" });
    let verb = if skipped == 1 { "was" } else { "were" };
    let mut parts = Vec::new();
    parts.extend((failed > 0).then(|| format!("{} failed", steps(failed))));
    parts.extend((skipped > 0).then(|| format!("{} {verb} not tried", steps(skipped))));
    let count = parts.join(", ");
    let message = match outcome.stop_reason {
        Some(StopReason::Interrupted) => format!("interrupted; {count}"),
        Some(StopReason::TimedOut) => format!("time limit reached; {count}"),
        Some(StopReason::Superseded) | None => count,
    };
    let mut failure = Failure::new(exit, message);
    let mut hints = Vec::new();
    for (_, _, error) in &outcome.failed {
        for hint in self::hints(error) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
    }
    failure.hints = hints;
    failure.with_hint("run the command again; it continues with the remaining steps")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use provision_core::address::Address;

    #[test]
    fn each_of_several_reasons_is_an_error_with_its_own_help() {
        let violation = |address: Option<Address>, reason: &str, help: &str| PolicyViolation {
            address,
            reason: reason.to_owned(),
            help: help.to_owned(),
        };
        let api = Some(Address::top_level("apis", "chat"));
        let failure = Failure::blocked(&[
            violation(None, "too many", "raise it"),
            violation(api, "protected", "remove the protection"),
        ]);
        let failure = failure.unwrap();
        assert_eq!(
            anstream::adapter::strip_str(&failure.text()).to_string(),
            "error: too many\nhelp: raise it\nerror: apis/chat: protected\nhelp: remove the protection\n"
        );
        assert_eq!(
            serde_json::json!(failure.event()),
            serde_json::json!({ "event": "refused", "reasons": [
                { "reason": "too many", "help": "raise it" },
                { "address": "apis/chat", "reason": "protected", "help": "remove the protection" },
            ] })
        );
        assert!(Failure::blocked(&[]).is_none());
    }

    #[test]
    fn the_table_has_every_code() {
        let lines = TABLE.lines().skip(1);
        let shown = lines.map(|line| line.split_whitespace().next().unwrap().parse().unwrap());
        let shown: Vec<u8> = shown.collect();
        // The derived list has every variant.
        let codes: Vec<u8> = Exit::value_variants().iter().map(|exit| *exit as u8).collect();
        assert_eq!(shown, codes);
    }
}
