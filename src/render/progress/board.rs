//! The board of steps in progress: which run, which wait and why, and for how long. Has no clock: callers pass the time
//! since the run started.
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use provision_core::address::Address;
use provision_core::event::{Event, RetryReason};
use provision_core::plan::StepVerb;

/// Maximum number of steps that are shown; with the line for the rest and the summary, eight lines.
const SHOWN_MAX: usize = 6;
/// The duration of one character of the spinner.
const SPINNER_INTERVAL: Duration = Duration::from_millis(100);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// The state of a run.
#[derive(Debug, Default)]
pub struct Board {
    steps: Option<usize>,
    succeeded: usize,
    failed: usize,
    rows: Vec<Row>,
    is_finished: bool,
}

#[derive(Debug)]
struct Row {
    address: Address,
    action: StepVerb,
    since: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    Running,
    /// Waits because no more changes of this resource may be in progress.
    Behind(Address),
    /// Waits for a retry at this time.
    Retry {
        at: Duration,
        reason: RetryReason,
        attempt: u32,
    },
}

impl Board {
    /// Updates the board by an event. Returns the duration of the step, if the event ends one.
    pub fn update(&mut self, event: &Event, now: Duration) -> Option<Duration> {
        match event {
            Event::Planned { steps } => self.steps = Some(*steps),
            Event::Waiting { address, action, behind } => {
                self.set(address, *action, now, State::Behind(behind.clone()));
            }
            Event::Started { address, action } => {
                // The time that it waited is not part of its duration.
                self.end(address, *action, now);
                self.set(address, *action, now, State::Running);
            }
            Event::Retrying { address, action, reason, wait_ms, attempt, .. } => {
                let at = now + Duration::from_millis(*wait_ms);
                let state = State::Retry { at, reason: *reason, attempt: *attempt };
                self.set(address, *action, now, state);
            }
            Event::Succeeded { address, action } => {
                self.succeeded += 1;
                return self.end(address, *action, now);
            }
            Event::Failed { address, action, .. } => {
                self.failed += 1;
                return self.end(address, *action, now);
            }
            Event::Skipped { address, action, .. } => {
                self.end(address, *action, now);
            }
            Event::Finished { .. } => self.is_finished = true,
            Event::Queued | Event::Blocked { .. } | Event::Stale { .. } => {}
        }
        None
    }

    /// Returns the lines of the board, at least one.
    pub fn text(&self, now: Duration) -> String {
        let Some(steps) = self.steps else {
            return format!("  checking that no other run is in progress · {}", seconds(now));
        };
        if self.is_finished {
            return format!("  reading the live state · {}", seconds(now));
        }
        let (running, waiting): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| row.wait_reason(now).is_none());
        let mut lines: Vec<String> =
            running.iter().chain(&waiting).take(SHOWN_MAX).map(|row| row.line(now)).collect();
        if self.rows.len() > SHOWN_MAX {
            lines.push(format!("  … and {} more", self.rows.len() - SHOWN_MAX));
        }
        let mut parts = vec![format!("{} of {steps} done", self.succeeded)];
        parts.extend((self.failed > 0).then(|| format!("{} failed", self.failed)));
        parts.push(format!("{} running", running.len()));
        parts.extend((!waiting.is_empty()).then(|| format!("{} waiting", waiting.len())));
        parts.push(seconds(now));
        lines.push(format!("  {}", parts.join(" · ")));
        lines.join("\n")
    }

    fn set(&mut self, address: &Address, action: StepVerb, now: Duration, state: State) {
        let is = |row: &&mut Row| row.address == *address && row.action == action;
        match self.rows.iter_mut().find(is) {
            Some(row) => row.state = state,
            None => self.rows.push(Row { address: address.clone(), action, since: now, state }),
        }
    }

    fn end(&mut self, address: &Address, action: StepVerb, now: Duration) -> Option<Duration> {
        let is = |row: &Row| row.address == *address && row.action == action;
        let row = self.rows.remove(self.rows.iter().position(is)?);
        Some(now.saturating_sub(row.since))
    }
}

impl Row {
    /// Returns what the step waits for, if it waits.
    fn wait_reason(&self, now: Duration) -> Option<String> {
        match &self.state {
            State::Behind(address) => Some(format!("other changes of {address}")),
            State::Retry { at, reason, attempt } if now < *at => {
                Some(format!("{}, attempt {attempt}", retry_cause(*reason)))
            }
            State::Running | State::Retry { .. } => None,
        }
    }
    fn line(&self, now: Duration) -> String {
        let dim = Style::new().dimmed();
        let Self { address, action, since, .. } = self;
        let (wait, verb) = (self.wait_reason(now), present_participle(*action));
        let (sign, style) = match wait {
            Some(_) => ('…', AnsiColor::Yellow.on_default()),
            None => (spinner(now), AnsiColor::Cyan.on_default()),
        };
        let elapsed = seconds(now.saturating_sub(*since));
        let wait = wait.map(|reason| format!("  waiting: {reason}")).unwrap_or_default();
        format!("  {style}{sign}{style:#} {address} {verb}  {dim}{elapsed}{dim:#}{wait}")
    }
}

/// Formats a duration as `3.1 s`, or from one minute as `1 min 03 s`.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

fn spinner(now: Duration) -> char {
    let ticks = now.as_millis() / SPINNER_INTERVAL.as_millis();
    SPINNER[usize::try_from(ticks).unwrap_or_default() % SPINNER.len()]
}

fn present_participle(action: StepVerb) -> &'static str {
    match action {
        StepVerb::Create => "being created",
        StepVerb::Update => "being updated",
        StepVerb::Delete => "being deleted",
    }
}

fn retry_cause(reason: RetryReason) -> &'static str {
    match reason {
        RetryReason::Busy => "API busy",
        RetryReason::Throttled => "throttled by AWS",
        RetryReason::RoleNotReady => "the role is not ready",
        RetryReason::Unreachable => "AWS is unreachable",
        RetryReason::Uncertain => "no response",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tenths: u64) -> Duration {
        Duration::from_millis(tenths * 100)
    }

    fn namespace(name: &str) -> Address {
        Address::top_level("apis", "chat").child("namespaces", name)
    }

    fn started(name: &str) -> Event {
        Event::Started { address: namespace(name), action: StepVerb::Create }
    }

    fn plain(board: &Board, now: Duration) -> String {
        anstream::adapter::strip_str(&board.text(now)).to_string()
    }

    #[test]
    fn a_board_shows_what_runs_what_waits_and_why() {
        let mut board = Board::default();
        let before = "  checking that no other run is in progress · 0.0 s";
        assert_eq!(plain(&board, at(0)), before);
        let (address, action) = (namespace("b"), StepVerb::Create);
        board.update(&Event::Planned { steps: 5 }, at(0));
        board.update(&started("a"), at(0));
        board.update(&started("b"), at(1));
        board.update(&started("d"), at(2));
        let because = "busy".to_owned();
        let (reason, wait_ms, attempt) = (RetryReason::Busy, 500, 3);
        let retry = Event::Retrying { address, action, reason, wait_ms, attempt, because };
        board.update(&retry, at(4));
        let behind = Address::top_level("apis", "chat");
        board.update(&Event::Waiting { address: namespace("c"), action, behind }, at(5));
        let took = board.update(&Event::Succeeded { address: namespace("d"), action }, at(6));
        assert_eq!(took, Some(at(4)));
        let expected = "  \
  ⠦ apis/chat/namespaces/a being created  0.6 s
  … apis/chat/namespaces/b being created  0.5 s  waiting: API busy, attempt 3
  … apis/chat/namespaces/c being created  0.1 s  waiting: other changes of apis/chat
  1 of 5 done · 1 running · 2 waiting · 0.6 s";
        assert_eq!(plain(&board, at(6)), expected);
        // After the wait, it is running again.
        let later = plain(&board, at(9));
        assert!(later.contains("2 running · 1 waiting"), "{later}");
        let through = Event::Started { address: namespace("c"), action };
        board.update(&through, at(10));
        let took = board.update(&Event::Succeeded { address: namespace("c"), action }, at(12));
        assert_eq!(took, Some(at(2)), "the time that it waited is not part of its duration");
        board.update(&Event::Finished { succeeded: 4, failed: 0, skipped: 0 }, at(20));
        assert_eq!(plain(&board, at(630)), "  reading the live state · 1 min 03 s");
    }

    #[test]
    fn a_board_has_at_most_eight_lines() {
        let mut board = Board::default();
        board.update(&Event::Planned { steps: 90 }, at(0));
        for n in 0..64 {
            board.update(&started(&format!("n{n}")), at(0));
        }
        let text = plain(&board, at(1));
        assert_eq!(text.lines().count(), 8);
        assert!(text.ends_with("  … and 58 more\n  0 of 90 done · 64 running · 0.1 s"), "{text}");
    }
}
