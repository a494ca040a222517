//! A run as it goes: a line an event, for people.
use anstyle::{AnsiColor, Style};

use crate::event::{Because, Event};
use crate::plan::Verb;

/// The line for `event`, if it is worth one.
pub fn line(event: &Event) -> Option<String> {
    let green = AnsiColor::Green.on_default();
    let yellow = AnsiColor::Yellow.on_default();
    let red = AnsiColor::Red.on_default();
    let say =
        |style: Style, sign: &str, text: String| Some(format!("  {style}{sign}{style:#} {text}"));
    match event {
        Event::Planned { .. } | Event::Started { .. } => None,
        Event::Waiting => {
            say(yellow, "…", "another apply of this stack is under way; waiting".to_owned())
        }
        Event::Retrying { address, because, .. } => {
            say(yellow, "…", format!("{address}: trying again, {because}"))
        }
        Event::Succeeded { address, action } => {
            say(green, "✓", format!("{address} {}", past(*action)))
        }
        Event::Failed { address, message, .. } => say(red, "✗", format!("{address}: {message}")),
        Event::Skipped { address, action, because } => {
            let because = match because {
                Because::Failed(need) => format!("{need} did not succeed"),
                Because::Interrupted => "interrupted".to_owned(),
                Because::Overtaken => "another apply of this stack is under way".to_owned(),
            };
            say(yellow, "-", format!("{address} not {}: {because}", past(*action)))
        }
        Event::Finished { succeeded, failed, skipped } => {
            let mut parts = vec![format!("{succeeded} done")];
            parts.extend((*failed > 0).then(|| format!("{failed} failed")));
            parts.extend((*skipped > 0).then(|| format!("{skipped} not tried")));
            Some(format!("{}.", parts.join(", ")))
        }
    }
}

fn past(action: Verb) -> &'static str {
    match action {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Delete => "deleted",
    }
}
