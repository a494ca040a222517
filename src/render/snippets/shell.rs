//! For a POSIX shell: curl publishes, wscat publishes and subscribes.
use serde_json::{Value, json};

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

/// wscat commands, one a frame: its `-x` sends one. AppSync wants no `connection_init`.
pub fn wscat(snippet: &Snippet<'_>) -> Result<String, String> {
    if snippet.mode == BY_SIGNATURE {
        let message =
            "wscat can't sign, and every frame wants a signature of its own; `--print js` signs";
        return Err(message.to_owned());
    }
    let proof = json!({ "host": snippet.host, snippet.field(): HOLE });
    let frames: Vec<Value> = match &snippet.action {
        Action::Publish { channel, batches } => batches
            .iter()
            .map(|events| {
                json!({ "type": "publish", "id": "1", "channel": channel, "events": events, "authorization": proof })
            })
            .collect(),
        Action::Subscribe { channels } => channels
            .iter()
            .map(|channel| {
                json!({ "type": "subscribe", "id": "1", "channel": channel, "authorization": proof })
            })
            .collect(),
    };
    let wait = match snippet.action {
        Action::Publish { .. } => 2,
        Action::Subscribe { .. } => 3600,
    };
    let header = format!(
        "HEADER=\"$({} | base64 | tr '+/' '-_' | tr -d '=\\n')\"\n",
        printed(snippet, &proof)
    );
    let authority = snippet.ca_bundle.as_ref().map(|it| format!("--ca {} ", quoted(it)));
    let authority = authority.unwrap_or_default();
    let command = |frame: &Value| {
        format!(
            "wscat {authority}-c {} \\\n  -s aws-appsync-event-ws -s \"header-$HEADER\" \\\n  -w {wait} -x \"$({})\"",
            quoted(snippet.realtime),
            printed(snippet, frame)
        )
    };
    // Several subscriptions are several connections side by side.
    let commands: Vec<String> = frames.iter().map(command).collect();
    let commands = match snippet.action {
        Action::Publish { .. } => commands.join("\n"),
        Action::Subscribe { .. } => commands.join(" &\n"),
    };
    Ok(format!("{}{header}{commands}\n", head(snippet)))
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

/// One word of a shell's, whatever is in it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
