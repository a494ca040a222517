//! A run as it goes: a line an event, for people; and a board of what is under way, for a terminal.
mod board;

pub use board::{Board, seconds};

use anstyle::{AnsiColor, Style};

use provision_core::event::Event;
use provision_core::plan::StepVerb;

/// The line for `event`, if it is worth one. What failed has a card of its own, and what was skipped stands
/// in the list of what remains.
pub fn line(event: &Event) -> Option<String> {
    let green = AnsiColor::Green.on_default();
    let yellow = AnsiColor::Yellow.on_default();
    let say =
        |style: Style, sign: &str, text: String| Some(format!("  {style}{sign}{style:#} {text}"));
    match event {
        Event::Planned { .. }
        | Event::Waiting { .. }
        | Event::Started { .. }
        | Event::Failed { .. }
        | Event::Skipped { .. }
        | Event::Refused { .. }
        | Event::Stale { .. } => None,
        Event::Queued => {
            say(yellow, "…", "another apply of this stack is under way; waiting".to_owned())
        }
        // Of many attempts every second one, every fourth, every eighth is told.
        Event::Retrying { attempt, .. } if !attempt.saturating_sub(1).is_power_of_two() => None,
        Event::Retrying { address, because, attempt, .. } => {
            say(yellow, "…", format!("{address}: trying again (attempt {attempt}), {because}"))
        }
        Event::Succeeded { address, action } => {
            say(green, "✓", format!("{address} {}", past_tense(*action)))
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
    fn of_many_attempts_fewer_and_fewer_are_told() {
        let told = |attempt: &u32| {
            let (address, action) = (Address::top_level("apis", "chat"), StepVerb::Create);
            let (reason, because) = (RetryReason::Busy, "busy".to_owned());
            let (wait_ms, attempt) = (500, *attempt);
            line(&Event::Retrying { address, action, reason, wait_ms, attempt, because }).is_some()
        };
        assert_eq!((2..=20).filter(told).collect::<Vec<u32>>(), [2, 3, 5, 9, 17]);
    }
}
