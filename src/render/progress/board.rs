//! What is under way, for as long as it is: what runs, what waits and why, and for how long. It is given the
//! time since the run began; it has no clock.
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use provision_core::address::Address;
use provision_core::event::{Event, RetryReason};
use provision_core::plan::StepVerb;

/// Steps that are shown; with the rest in a line and the count, no more lines than eight.
const SHOWN_MAX: usize = 6;
/// How fast the spinner turns.
const SPINNER_INTERVAL: Duration = Duration::from_millis(100);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// A run at a moment.
#[derive(Debug, Default)]
pub struct Board {
    steps: Option<usize>,
    succeeded: usize,
    failed: usize,
    rows: Vec<Row>,
    over: bool,
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
    /// As many changes of this are under way as may be.
    Behind(Address),
    /// Tried again at this moment, for the reason and for the time that is said.
    Again {
        at: Duration,
        reason: RetryReason,
        attempt: u32,
    },
}

impl Board {
    /// Takes an event in. How long the step took, if it is the end of one.
    pub fn update(&mut self, event: &Event, now: Duration) -> Option<Duration> {
        match event {
            Event::Planned { steps } => self.steps = Some(*steps),
            Event::Waiting { address, action, behind } => {
                self.set(address, *action, now, State::Behind(behind.clone()));
            }
            Event::Started { address, action } => {
                // What it waited for was not its own work.
                self.end(address, *action, now);
                self.set(address, *action, now, State::Running);
            }
            Event::Retrying { address, action, reason, wait_ms, attempt, .. } => {
                let at = now + Duration::from_millis(*wait_ms);
                let state = State::Again { at, reason: *reason, attempt: *attempt };
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
            Event::Finished { .. } => self.over = true,
            Event::Queued | Event::Refused { .. } | Event::Stale { .. } => {}
        }
        None
    }

    /// The lines of it. There is one at least.
    pub fn text(&self, now: Duration) -> String {
        let Some(steps) = self.steps else {
            return format!("  making sure that no other apply is under way · {}", seconds(now));
        };
        if self.over {
            return format!("  looking at what is there now · {}", seconds(now));
        }
        let (running, waiting): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| row.waits(now).is_none());
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
    /// What it waits for, if it waits.
    fn waits(&self, now: Duration) -> Option<String> {
        match &self.state {
            State::Behind(address) => Some(format!("its turn at {address}")),
            State::Again { at, reason, attempt } if now < *at => {
                Some(format!("{}, attempt {attempt}", retry_cause(*reason)))
            }
            State::Running | State::Again { .. } => None,
        }
    }
    fn line(&self, now: Duration) -> String {
        let dim = Style::new().dimmed();
        let Self { address, action, since, .. } = self;
        let (waits, verb) = (self.waits(now), present_participle(*action));
        let (sign, style) = match waits {
            Some(_) => ('…', AnsiColor::Yellow.on_default()),
            None => (spinner(now), AnsiColor::Cyan.on_default()),
        };
        let elapsed = seconds(now.saturating_sub(*since));
        let waits = waits.map(|wait| format!("  waits: {wait}")).unwrap_or_default();
        format!("  {style}{sign}{style:#} {address} {verb}  {dim}{elapsed}{dim:#}{waits}")
    }
}

/// `3.1 s`, and from a minute on `1 min 03 s`.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

fn spinner(now: Duration) -> char {
    let turns = now.as_millis() / SPINNER_INTERVAL.as_millis();
    SPINNER[usize::try_from(turns).unwrap_or_default() % SPINNER.len()]
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
        RetryReason::Throttled => "AWS takes no more calls just now",
        RetryReason::RoleNotReady => "the role is not ready",
        RetryReason::Unreachable => "AWS can't be reached",
        RetryReason::Uncertain => "no answer",
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
    fn a_board_says_what_runs_what_waits_and_why() {
        let mut board = Board::default();
        let before = "  making sure that no other apply is under way · 0.0 s";
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
  … apis/chat/namespaces/b being created  0.5 s  waits: API busy, attempt 3
  … apis/chat/namespaces/c being created  0.1 s  waits: its turn at apis/chat
  1 of 5 done · 1 running · 2 waiting · 0.6 s";
        assert_eq!(plain(&board, at(6)), expected);
        // Its wait is over, so it is being tried.
        let later = plain(&board, at(9));
        assert!(later.contains("2 running · 1 waiting"), "{later}");
        let through = Event::Started { address: namespace("c"), action };
        board.update(&through, at(10));
        let took = board.update(&Event::Succeeded { address: namespace("c"), action }, at(12));
        assert_eq!(took, Some(at(2)), "what it waited for is not its own work");
        board.update(&Event::Finished { succeeded: 4, failed: 0, skipped: 0 }, at(20));
        assert_eq!(plain(&board, at(630)), "  looking at what is there now · 1 min 03 s");
    }

    #[test]
    fn a_board_has_no_more_lines_than_eight() {
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
