//! Formats the events of a run for people: one line per event, and a board of the steps in progress for a terminal.
mod board;

pub use board::{Board, seconds};

use anstyle::{AnsiColor, Style};

use provision_core::event::Event;
use provision_core::plan::StepVerb;

/// Formats an event as one line. Returns `None` for events that are shown elsewhere: failures have a block, and skipped
/// steps are in the list of remaining steps.
pub fn line(event: &Event) -> Option<String> {
    let green = AnsiColor::Green.on_default();
    let yellow = AnsiColor::Yellow.on_default();
    let line =
        |style: Style, sign: &str, text: String| Some(format!("  {style}{sign}{style:#} {text}"));
    match event {
        Event::Planned { .. }
        | Event::Waiting { .. }
        | Event::Started { .. }
        | Event::Failed { .. }
        | Event::Skipped { .. }
        | Event::Blocked { .. }
        | Event::Stale { .. } => None,
        Event::Queued => {
            line(yellow, "…", "another run of this stack is in progress; waiting".to_owned())
        }
        // Show attempts at growing intervals: the second, third, fifth, ninth and so on.
        Event::Retrying { attempt, .. } if !attempt.saturating_sub(1).is_power_of_two() => None,
        Event::Retrying { address, because, attempt, .. } => {
            line(yellow, "…", format!("{address}: retrying (attempt {attempt}), {because}"))
        }
        Event::Succeeded { address, action } => {
            line(green, "✓", format!("{address} {}", past_tense(*action)))
        }
        Event::Finished { succeeded, failed, skipped } => {
            let mut parts = vec![format!("{succeeded} done")];
            parts.extend((*failed > 0).then(|| format!("{failed} failed")));
            parts.extend((*skipped > 0).then(|| format!("{skipped} not tried")));
            Some(format!("{}.", parts.join(", ")))
        }
    }
}

pub fn past_tense(action: StepVerb) -> &'static str {
    match action {
        StepVerb::Create => "created",
        StepVerb::Update => "updated",
        StepVerb::Delete => "deleted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provision_core::address::Address;
    use provision_core::event::RetryReason;

    #[test]
    fn attempts_are_shown_at_growing_intervals() {
        let is_shown = |attempt: &u32| {
            let (address, action) = (Address::top_level("apis", "chat"), StepVerb::Create);
            let (reason, because) = (RetryReason::Busy, "busy".to_owned());
            let (wait_ms, attempt) = (500, *attempt);
            line(&Event::Retrying { address, action, reason, wait_ms, attempt, because }).is_some()
        };
        assert_eq!((2..=20).filter(is_shown).collect::<Vec<u32>>(), [2, 3, 5, 9, 17]);
    }
}
