//! For Node 22 or newer with aws-amplify 6, as a module.
use serde_json::{Value, json};

use crate::render::outputs::secure;
use crate::render::snippets::{Action, BY_KEY, BY_SIGNATURE, Snippet};

/// A module for `node`.
pub fn js(snippet: &Snippet<'_>) -> Result<String, String> {
    let mode = mode_of_amplify(snippet.mode)
        .ok_or_else(|| format!("aws-amplify knows no mode {}", snippet.mode))?;
    let mut text =
        "// npm install aws-amplify@6, save as events.mjs, run with Node 22 or newer\n".to_owned();
    if snippet.realtime.starts_with("ws:") {
        text.push_str(
            "// Amplify connects by wss: only; an address without TLS is for publishing\n",
        );
    }
    if let (Some(source), None) = (&snippet.source, snippet.secret) {
        text.push_str(&format!("// {source}\n"));
    }
    if let Some(file) = &snippet.ca_bundle {
        text.push_str(&format!("// with NODE_EXTRA_CA_CERTS={file}\n"));
    }
    text.push_str("import { Amplify } from 'aws-amplify';\n");
    if has_tokens(snippet) {
        text.push_str("import { decodeJWT } from 'aws-amplify/auth';\n");
    }
    text.push_str("import { events } from 'aws-amplify/data';\n\n");
    text.push_str(&configuration(snippet, mode));
    text.push('\n');
    let options = match snippet.mode {
        "AWS_LAMBDA" => format!(", {{ authMode: 'lambda', authToken: {} }}", secret(snippet)),
        _ => String::new(),
    };
    text.push_str(&match &snippet.action {
        Action::Publish { channel, batches } => {
            let post = |batch: &Vec<String>| post(channel, batch, &options);
            batches.iter().map(post).collect::<String>()
        }
        Action::Subscribe { channels } => {
            channels.iter().map(|it| subscription(it, &options)).collect::<String>()
        }
    });
    Ok(text)
}

fn configuration(snippet: &Snippet<'_>, mode: &str) -> String {
    let mut members = vec![
        format!("endpoint: {}", json!(secure(snippet.http))),
        format!("region: {}", json!(snippet.region)),
        format!("defaultAuthMode: '{mode}'"),
    ];
    if snippet.mode == BY_KEY {
        members.push(format!("apiKey: {}", secret(snippet)));
    }
    let events = format!("{{\n    {},\n  }}", members.join(",\n    "));
    let auth = match snippet.mode {
        BY_SIGNATURE => Some(
            "credentialsProvider: {\n    getCredentialsAndIdentityId: async () => ({ credentials: {\n      \
             accessKeyId: process.env.AWS_ACCESS_KEY_ID,\n      \
             secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,\n      \
             sessionToken: process.env.AWS_SESSION_TOKEN,\n    } }),\n    \
             clearCredentialsAndIdentityId() {},\n  }"
                .to_owned(),
        ),
        _ if has_tokens(snippet) => Some(format!(
            "tokenProvider: {{\n    getTokens: async () => ({{ accessToken: decodeJWT({}) }}),\n  }}",
            secret(snippet)
        )),
        _ => None,
    };
    let auth = auth.map(|it| format!(", {{\n  Auth: {{ {it} }},\n}}")).unwrap_or_default();
    format!("Amplify.configure({{\n  API: {{ Events: {events} }},\n}}{auth});\n")
}

fn post(channel: &str, batch: &[String], options: &str) -> String {
    // JSON is JavaScript, and Amplify makes texts of the events by itself.
    let events = match batch {
        [one] if !one.trim_start().starts_with('[') => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    format!(
        "console.log((await events.post({}, {events}{options})) ?? 'published');\n",
        json!(channel)
    )
}

fn subscription(channel: &str, options: &str) -> String {
    let channel = json!(channel);
    format!(
        "(await events.connect({channel}{options})).subscribe({{\n  \
         next: (data) => console.log({channel}, JSON.stringify(data.event)),\n  error: console.error,\n}}{options});\n"
    )
}

fn secret(snippet: &Snippet<'_>) -> String {
    match snippet.secret {
        Some(secret) => Value::from(secret).to_string(),
        None => format!("process.env.{}", snippet.variable()),
    }
}

/// Whether Amplify has to be given a JWT.
fn has_tokens(snippet: &Snippet<'_>) -> bool {
    matches!(snippet.mode, "AMAZON_COGNITO_USER_POOLS" | "OPENID_CONNECT")
}

fn mode_of_amplify(mode: &str) -> Option<&'static str> {
    match mode {
        BY_KEY => Some("apiKey"),
        BY_SIGNATURE => Some("iam"),
        "AMAZON_COGNITO_USER_POOLS" => Some("userPool"),
        "OPENID_CONNECT" => Some("oidc"),
        "AWS_LAMBDA" => Some("lambda"),
        _ => None,
    }
}
