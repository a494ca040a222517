//! For a POSIX shell: curl publishes, wscat publishes and subscribes.
use serde_json::{Value, json};

use crate::render::shell::quoted;
use crate::render::snippets::{Action, BY_SIGNATURE, Snippet};

/// Stands in JSON where the secret goes.
const HOLE: &str = "\u{1}";

/// curl commands, one a batch.
pub fn curl(snippet: &Snippet<'_>) -> Result<String, String> {
    let Action::Publish { channel, batches } = &snippet.action else {
        return Err(
            "curl can't hold a subscription; `--print wscat` and `--print js` can".to_owned()
        );
    };
    let mut text = head(snippet);
    for batch in batches {
        let body = json!({ "channel": channel, "events": batch }).to_string();
        let mut lines = vec![format!("curl {}", quoted(snippet.http))];
        if let Some(file) = &snippet.ca_bundle {
            lines.push(format!("--cacert {}", quoted(file)));
        }
        lines.push("-H 'content-type: application/json'".to_owned());
        lines.extend(proof_of_curl(snippet));
        lines.push(format!("-d {}", quoted(&body)));
        text.push_str(&lines.join(" \\\n  "));
        text.push('\n');
    }
    Ok(text)
}

/// curl signs by itself from 7.75 on. Without quotes the last line is one word in every shell, or none.
fn proof_of_curl(snippet: &Snippet<'_>) -> Vec<String> {
    if snippet.mode == BY_SIGNATURE {
        return vec![
            format!("--aws-sigv4 {}", quoted(&format!("aws:amz:{}:appsync", snippet.region))),
            "--user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"".to_owned(),
            "${AWS_SESSION_TOKEN:+-Hx-amz-security-token:$AWS_SESSION_TOKEN}".to_owned(),
        ];
    }
    let field = snippet.field();
    vec![match snippet.secret {
        Some(secret) => format!("-H {}", quoted(&format!("{field}: {secret}"))),
        None => format!("-H \"{field}: ${}\"", snippet.variable()),
    }]
}

/// A command of wscat 6, which sends each frame with a `-x`. AppSync wants no `connection_init`.
pub fn wscat(snippet: &Snippet<'_>) -> Result<String, String> {
    if snippet.mode == BY_SIGNATURE {
        let message =
            "wscat can't sign, and every frame wants a signature of its own; `--print js` signs";
        return Err(message.to_owned());
    }
    let proof = json!({ "host": snippet.host, snippet.field(): HOLE });
    let frame = |kind: &str, n: usize, channel: &str, events: Option<&Vec<String>>| {
        let mut frame = json!({ "type": kind, "id": (n + 1).to_string(), "channel": channel });
        if let Some(events) = events {
            frame["events"] = json!(events);
        }
        frame["authorization"] = proof.clone();
        frame
    };
    let (frames, wait): (Vec<Value>, i32) = match &snippet.action {
        Action::Publish { channel, batches } => {
            let each = batches.iter().enumerate();
            (each.map(|(n, events)| frame("publish", n, channel, Some(events))).collect(), 2)
        }
        Action::Subscribe { channels } => {
            let each = channels.iter().enumerate();
            (each.map(|(n, channel)| frame("subscribe", n, channel, None)).collect(), -1)
        }
    };
    let mut lines = vec![format!("wscat -c {}", quoted(snippet.realtime))];
    if let Some(file) = &snippet.ca_bundle {
        lines.push(format!("--ca {}", quoted(file)));
    }
    lines.push("-s aws-appsync-event-ws -s \"header-$HEADER\"".to_owned());
    lines.extend(frames.iter().map(|it| format!("-x \"$({})\"", printed(snippet, it))));
    lines.push(format!("-w {wait}"));
    Ok(format!(
        "{}HEADER=\"$({} | base64 | tr '+/' '-_' | tr -d '=\\n')\"\n{}\n",
        head(snippet),
        printed(snippet, &proof),
        lines.join(" \\\n  ")
    ))
}

/// A command that prints the document, with the secret where it belongs.
fn printed(snippet: &Snippet<'_>, document: &Value) -> String {
    let text = document.to_string();
    let hole = Value::from(HOLE).to_string();
    let hole = hole.trim_matches('"');
    match snippet.secret {
        Some(secret) => {
            let secret = Value::from(secret).to_string();
            format!("printf %s {}", quoted(&text.replace(hole, secret.trim_matches('"'))))
        }
        None => {
            let parts: Vec<String> = text.split(hole).map(quoted).collect();
            let variable = format!(" \"${}\" ", snippet.variable());
            format!("printf %s {}", parts.join(&variable))
        }
    }
}

/// How to get what has to be there first.
fn head(snippet: &Snippet<'_>) -> String {
    match &snippet.source {
        Some(source) if snippet.secret.is_none() => format!("# {source}\n"),
        _ => String::new(),
    }
}
