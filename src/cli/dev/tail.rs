//! What happens on the data plane, a line each.
use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::emulator::Happening;

/// Characters of an event; the console and `--format json` show all of them.
const SHOWN_MAX: usize = 160;

/// One line, or two where there is a reason to tell. `names`: what the APIs are called.
pub fn line(happening: &Happening, names: &BTreeMap<String, String>) -> String {
    let (sign, api, text) = match happening {
        Happening::Connected { api_id, connection, mode } => {
            (calm("+"), api_id, format!("connection {connection}  {}", dim(mode)))
        }
        Happening::Disconnected { api_id, connection } => {
            (calm("-"), api_id, format!("connection {connection}"))
        }
        Happening::Subscribed { api_id, connection, channel, mode, .. } => {
            let by = dim(&format!("{mode}, connection {connection}"));
            (calm("+"), api_id, format!("subscribed {}  {by}", bold(channel)))
        }
        Happening::Unsubscribed { api_id, connection, channel, .. } => {
            let by = dim(&format!("connection {connection}"));
            (calm("-"), api_id, format!("unsubscribed {}  {by}", bold(channel)))
        }
        Happening::Published {
            api_id,
            channel,
            mode,
            over,
            events,
            failed,
            dropped,
            receivers,
        } => {
            let told = counts(events.len(), *failed, *dropped, *receivers);
            let events = events.iter().map(shown).collect::<Vec<_>>().join(" ");
            let by = dim(&format!("{mode} over {over}, {told}"));
            (good("→"), api_id, format!("{}  {events}  {by}", bold(channel)))
        }
        Happening::Refused { api_id, operation, channel, error_type, message, why } => {
            let channel = channel.as_deref().map(|it| format!(" {}", bold(it))).unwrap_or_default();
            let said = message.as_deref().map(|it| format!(": {it}")).unwrap_or_default();
            let why = why.as_deref().map(|it| format!("\n      {}", bad(it))).unwrap_or_default();
            (bad("✗"), api_id, format!("{operation}{channel}  {error_type}{said}{why}"))
        }
        Happening::Logged { api_id, namespace, handler, level, text } => {
            let by = dim(&format!("{namespace} {handler} {level}"));
            (warm("·"), api_id, format!("{by}  {text}"))
        }
    };
    let name = names.get(api).filter(|_| names.len() > 1);
    let name = name.map(|it| format!("{}  ", dim(it))).unwrap_or_default();
    format!("  {sign} {name}{text}")
}

/// What became of the events of a publish, as far as it is worth a word.
fn counts(delivered: usize, failed: usize, dropped: usize, receivers: usize) -> String {
    let mut parts = vec![match receivers {
        1 => "1 receiver".to_owned(),
        receivers => format!("{receivers} receivers"),
    }];
    parts.extend((delivered != 1).then(|| format!("{delivered} delivered")));
    parts.extend((failed > 0).then(|| format!("{failed} failed")));
    parts.extend((dropped > 0).then(|| format!("{dropped} dropped")));
    parts.join(", ")
}

fn shown(event: &Value) -> String {
    let text = event.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
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
fn good(text: &str) -> String {
    styled(AnsiColor::Green.on_default(), text)
}
fn bad(text: &str) -> String {
    styled(AnsiColor::Red.on_default(), text)
}
fn warm(text: &str) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}
fn calm(text: &str) -> String {
    styled(AnsiColor::Cyan.on_default(), text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_what_happened_where_and_what_came_of_it() {
        let check = |names: &[&str], happening: Happening, expected: &str| {
            let names = names.iter().map(|it| (it.to_string(), format!("api-{it}"))).collect();
            let line = anstream::adapter::strip_str(&line(&happening, &names)).to_string();
            assert_eq!(line, expected);
        };
        let (api_id, channel) = (|| "a".to_owned(), || "/chat/1".to_owned());
        let published = |events: Vec<Value>, failed: usize, dropped: usize| Happening::Published {
            api_id: api_id(),
            channel: channel(),
            mode: "API_KEY".to_owned(),
            over: "http",
            events,
            failed,
            dropped,
            receivers: 1,
        };
        let one = "  → /chat/1  {\"a\":1}  API_KEY over http, 1 receiver";
        check(&["a"], published(vec![json!({ "a": 1 })], 0, 0), one);
        let several = "  → api-a  /chat/1  1 2  API_KEY over http, 1 receiver, 2 delivered, 1 failed, 1 dropped";
        check(&["a", "b"], published(vec![json!(1), json!(2)], 1, 1), several);
        let long = "x".repeat(SHOWN_MAX);
        let cut = format!("  → /chat/1  \"{}…  API_KEY over http, 1 receiver", &long[1..]);
        check(&["a"], published(vec![json!(long)], 0, 0), &cut);
        let refused = Happening::Refused {
            api_id: api_id(),
            operation: "publish",
            channel: Some(channel()),
            error_type: "UnauthorizedException".to_owned(),
            message: None,
            why: Some("no such key".to_owned()),
        };
        check(&["a"], refused, "  ✗ publish /chat/1  UnauthorizedException\n      no such key");
    }
}
