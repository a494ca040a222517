//! Formats the activity of the emulator's data plane, one line per activity.
use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use appsync_local::{Activity, EventFailure, HandlerLocation};

/// Maximum number of characters of an event that are shown; the console and `--format json` show whole events.
const EVENT_EXCERPT_MAX: usize = 160;

/// The names of resources that activities refer to by id.
#[derive(Debug, Default)]
pub struct ResourceNames {
    /// The key of each API, by its id.
    pub apis: BTreeMap<String, String>,
    /// The file with the handlers of a channel namespace, by the API's id and the namespace's name.
    pub files: BTreeMap<(String, String), String>,
}

/// Formats an activity as one line, and one more line for each reason of a failure. It is long because it has an arm
/// for each kind of activity.
pub fn line(activity: &Activity, names: &ResourceNames) -> String {
    let (sign, api, text) = match activity {
        Activity::Connected { api_id, connection, mode } => {
            (cyan("○"), api_id, format!("connected {connection}  {}", dim(mode)))
        }
        Activity::Disconnected { api_id, connection, why } => {
            (cyan("○"), api_id, format!("disconnected {connection}  {}", dim(why)))
        }
        Activity::Subscribed { api_id, connection, channel, mode, .. } => {
            let by = dim(&format!("{mode}, connection {connection}"));
            (cyan("○"), api_id, format!("subscribed {}  {by}", bold(channel)))
        }
        Activity::Unsubscribed { api_id, connection, channel, .. } => {
            let by = dim(&format!("connection {connection}"));
            (cyan("○"), api_id, format!("unsubscribed {}  {by}", bold(channel)))
        }
        Activity::Published {
            api_id,
            channel,
            mode,
            over,
            events,
            failed,
            failures,
            dropped,
            receivers,
        } => {
            let counts = counts(events.len(), *failed, *dropped, *receivers);
            let events = events.iter().map(event_excerpt).collect::<Vec<_>>().join(" ");
            let by = dim(&format!("{mode} over {over}, {counts}"));
            let parts = [bold(channel), events, by];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let reason = |EventFailure { index, message }: &EventFailure| {
                indented_reason(&format!("event {index} failed: {}", first_line(message)))
            };
            let reasons: String = failures.iter().map(reason).collect();
            (green("→"), api_id, format!("{}{reasons}", parts.join("  ")))
        }
        Activity::Rejected { api_id, operation, channel, error_type, message, why, code } => {
            let channel =
                channel.as_deref().map(|channel| format!(" {}", bold(channel))).unwrap_or_default();
            let detail = message.as_deref().map(|message| format!(": {}", first_line(message)));
            let detail = detail.unwrap_or_default();
            let file = code
                .as_ref()
                .and_then(|location| names.place(api_id, location))
                .unwrap_or_default();
            let why =
                why.as_deref().map(|why| indented_reason(&format!("{}{file}", first_line(why))));
            let why = why.unwrap_or_default();
            (red("✗"), api_id, format!("{operation}{channel}  {error_type}{detail}{why}"))
        }
        Activity::Logged { api_id, namespace, handler, level, text } => {
            let by = dim(&format!("{namespace} {handler} {level}"));
            (yellow("·"), api_id, format!("{by}  {text}"))
        }
    };
    let name = names.apis.get(api).filter(|_| names.apis.len() > 1);
    let name = name.map(|name| format!("{}  ", dim(name))).unwrap_or_default();
    format!("  {sign} {name}{text}")
}

impl ResourceNames {
    /// Returns ` (handlers/chat.js:2:3)` if the code is in a file.
    fn place(&self, api_id: &str, code: &HandlerLocation) -> Option<String> {
        let file = self.files.get(&(api_id.to_owned(), code.namespace.clone()))?;
        Some(match (code.line, code.column) {
            (Some(line), Some(column)) => format!(" ({file}:{line}:{column})"),
            _ => format!(" ({file})"),
        })
    }
}

/// Formats a reason as a separate, indented line.
fn indented_reason(reason: &str) -> String {
    format!("\n      {}", red(reason))
}

/// Returns the first line of a message: AWS returns a signature's canonical request in many lines. The console and
/// `--format json` show all of them.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Summarizes the results of a publish; omits counts that are zero.
fn counts(delivered: usize, failed: usize, dropped: usize, receivers: usize) -> String {
    let receivers = match receivers {
        1 => "1 receiver".to_owned(),
        receivers => format!("{receivers} receivers"),
    };
    let mut parts = vec![match delivered {
        0 => "nothing to deliver".to_owned(),
        1 => receivers,
        delivered => format!("{delivered} events to {receivers}"),
    }];
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((dropped > 0).then(|| format!("{dropped} dropped")));
    parts.join(", ")
}

fn event_excerpt(event: &Value) -> String {
    let text = event.to_string();
    match text.char_indices().nth(EVENT_EXCERPT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}
fn dim(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}
fn green(text: &str) -> String {
    styled(AnsiColor::Green.on_default(), text)
}
fn red(text: &str) -> String {
    styled(AnsiColor::Red.on_default(), text)
}
fn yellow(text: &str) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}
fn cyan(text: &str) -> String {
    styled(AnsiColor::Cyan.on_default(), text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_shows_the_activity_its_channel_and_its_result() {
        let check = |names: &[&str], activity: Activity, expected: &str| {
            let apis = names.iter().map(|name| (name.to_string(), format!("api-{name}"))).collect();
            let file = (("a".to_owned(), "chat".to_owned()), "handlers/chat.js".to_owned());
            let names = ResourceNames { apis, files: [file].into() };
            let line = anstream::adapter::strip_str(&line(&activity, &names)).to_string();
            assert_eq!(line, expected);
        };
        let (api_id, channel) = (|| "a".to_owned(), || "/chat/1".to_owned());
        let published = |events: Vec<Value>, failed: usize, dropped: usize| Activity::Published {
            api_id: api_id(),
            channel: channel(),
            mode: "API_KEY".to_owned(),
            over: "http",
            events,
            failed,
            failures: (0..failed)
                .map(|index| EventFailure { index, message: "bad\none".to_owned() })
                .collect(),
            dropped,
            receivers: 1,
        };
        let one = "  → /chat/1  {\"a\":1}  API_KEY over http, 1 receiver";
        check(&["a"], published(vec![json!({ "a": 1 })], 0, 0), one);
        let several = "  → api-a  /chat/1  1 2  API_KEY over http, 2 events to 1 receiver, 1 failed, 1 dropped\n      event 0 failed: bad";
        check(&["a", "b"], published(vec![json!(1), json!(2)], 1, 1), several);
        let none = "  → /chat/1  API_KEY over http, nothing to deliver, 1 dropped";
        check(&["a"], published(vec![], 0, 1), none);
        let long = "x".repeat(EVENT_EXCERPT_MAX);
        let cut = format!("  → /chat/1  \"{}…  API_KEY over http, 1 receiver", &long[1..]);
        check(&["a"], published(vec![json!(long)], 0, 0), &cut);
        let rejected = Activity::Rejected {
            api_id: api_id(),
            operation: "publish",
            channel: Some(channel()),
            error_type: "UnauthorizedException".to_owned(),
            message: Some("no\n\nCanonical".to_owned()),
            why: Some("onPublish threw".to_owned()),
            code: Some(HandlerLocation {
                namespace: "chat".to_owned(),
                handler: "onPublish",
                line: Some(2),
                column: Some(3),
            }),
        };
        let expected = "  ✗ publish /chat/1  UnauthorizedException: no\n      onPublish threw (handlers/chat.js:2:3)";
        check(&["a"], rejected, expected);
        let closed = Activity::Disconnected { api_id: api_id(), connection: 7, why: "closed" };
        check(&["a"], closed, "  ○ disconnected 7  closed");
    }
}
