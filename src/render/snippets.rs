//! Prints an operation as a command or program for other tools: curl, wscat, aws-amplify. The text runs unchanged.
use serde_json::{Value, json};

use crate::render::outputs::{amplify_mode, secure};
use crate::render::shell::word;
use provision_core::kinds::auth::AuthMode;

/// An operation, its endpoint and its credentials.
#[derive(Clone, Debug)]
pub struct Snippet<'a> {
    /// The URL to publish to.
    pub http: &'a str,
    /// The URL to connect to.
    pub realtime: &'a str,
    /// The host that is signed, and that every authorization object has.
    pub host: &'a str,
    pub region: &'a str,
    pub mode: AuthMode,
    /// The key or token with `--reveal`; otherwise the text uses a variable.
    pub secret: Option<&'a str>,
    /// How to get the value of the variable, in one line.
    pub source: Option<String>,
    /// A file of certificates to trust.
    pub ca_bundle: Option<String>,
    pub action: Action<'a>,
}

#[derive(Clone, Debug)]
pub enum Action<'a> {
    /// Batches of events, as JSON texts.
    Publish {
        channel: &'a str,
        batches: Vec<Vec<String>>,
    },
    Subscribe {
        channels: Vec<&'a str>,
    },
}

impl Snippet<'_> {
    /// Returns the name of the variable with the key or token.
    fn variable(&self) -> &'static str {
        if self.mode == AuthMode::ApiKey { "API_KEY" } else { "TOKEN" }
    }
    /// Returns the member of the authorization object, which is also the header of a request.
    fn field(&self) -> &'static str {
        if self.mode == AuthMode::ApiKey { "x-api-key" } else { "Authorization" }
    }
}

/// Marks the position of the secret in JSON.
const PLACEHOLDER: &str = "\u{1}";

/// Returns curl commands, one per batch.
pub fn curl(snippet: &Snippet<'_>) -> Result<String, String> {
    let Action::Publish { channel, batches } = &snippet.action else {
        return Err("curl cannot subscribe; use `--print wscat` or `--print js`".to_owned());
    };
    let mut text = head(snippet);
    for batch in batches {
        let body = json!({ "channel": channel, "events": batch }).to_string();
        let mut lines = vec![format!("curl {}", word(snippet.http))];
        if let Some(file) = &snippet.ca_bundle {
            lines.push(format!("--cacert {}", word(file)));
        }
        lines.push("-H 'content-type: application/json'".to_owned());
        lines.extend(curl_credentials(snippet));
        lines.push(format!("-d {}", single_quoted(&body)));
        text.push_str(&lines.join(" \\\n  "));
        text.push('\n');
    }
    Ok(text)
}

/// Returns curl's options for the credentials. curl signs requests since 7.75. Unquoted, the last line is one word in
/// every shell, or none if the variable is empty.
fn curl_credentials(snippet: &Snippet<'_>) -> Vec<String> {
    if snippet.mode == AuthMode::AwsIam {
        return vec![
            format!("--aws-sigv4 {}", word(&format!("aws:amz:{}:appsync", snippet.region))),
            "--user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"".to_owned(),
            "${AWS_SESSION_TOKEN:+-Hx-amz-security-token:$AWS_SESSION_TOKEN}".to_owned(),
        ];
    }
    let field = snippet.field();
    vec![match snippet.secret {
        Some(secret) => format!("-H {}", word(&format!("{field}: {secret}"))),
        None => format!("-H \"{field}: ${}\"", snippet.variable()),
    }]
}

/// Returns a command of wscat 6, which sends a frame per `-x`. AppSync does not require `connection_init`.
pub fn wscat(snippet: &Snippet<'_>) -> Result<String, String> {
    if snippet.mode == AuthMode::AwsIam {
        let message = "wscat cannot sign frames, and every frame requires a separate signature; use `--print js`";
        return Err(message.to_owned());
    }
    let authorization = json!({ "host": snippet.host, snippet.field(): PLACEHOLDER });
    let frame = |kind: &str, n: usize, channel: &str, events: Option<&Vec<String>>| {
        let mut frame = json!({ "type": kind, "id": (n + 1).to_string(), "channel": channel });
        if let Some(events) = events {
            frame["events"] = json!(events);
        }
        frame["authorization"] = authorization.clone();
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
    let mut lines = vec![format!("wscat -c {}", word(snippet.realtime))];
    if let Some(file) = &snippet.ca_bundle {
        lines.push(format!("--ca {}", word(file)));
    }
    lines.push("-s aws-appsync-event-ws -s \"header-$HEADER\"".to_owned());
    lines.extend(frames.iter().map(|frame| format!("-x \"$({})\"", print_command(snippet, frame))));
    lines.push(format!("-w {wait}"));
    Ok(format!(
        "{}HEADER=\"$({} | base64 | tr '+/' '-_' | tr -d '=\\n')\"\n{}\n",
        head(snippet),
        print_command(snippet, &authorization),
        lines.join(" \\\n  ")
    ))
}

/// Returns a shell command that prints the document with its secret.
fn print_command(snippet: &Snippet<'_>, value: &Value) -> String {
    let text = value.to_string();
    let placeholder = Value::from(PLACEHOLDER).to_string();
    let placeholder = placeholder.trim_matches('"');
    match snippet.secret {
        Some(secret) => {
            let secret = Value::from(secret).to_string();
            format!(
                "printf %s {}",
                single_quoted(&text.replace(placeholder, secret.trim_matches('"')))
            )
        }
        None => {
            let parts: Vec<String> = text.split(placeholder).map(single_quoted).collect();
            let variable = format!(" \"${}\" ", snippet.variable());
            format!("printf %s {}", parts.join(&variable))
        }
    }
}

/// Returns a comment on how to get the secret.
fn head(snippet: &Snippet<'_>) -> String {
    match &snippet.source {
        Some(source) if snippet.secret.is_none() => format!("# {source}\n"),
        _ => String::new(),
    }
}

/// Quotes JSON as one word in single quotes, which keep it readable; `word` would escape every quote in it.
fn single_quoted(json: &str) -> String {
    format!("'{}'", json.replace('\'', r"'\''"))
}

/// Returns a JavaScript module for Node.js.
pub fn js(snippet: &Snippet<'_>) -> String {
    let mut text =
        "// npm install aws-amplify@6, save as events.mjs, run with Node 22 or newer\n".to_owned();
    if secure(snippet.http) != snippet.http {
        text.push_str(
            "// set NODE_EXTRA_CA_CERTS to the file that `provision local trust --format path` prints\n",
        );
    } else if snippet.realtime.starts_with("ws:") {
        text.push_str(
            "// Amplify connects only with wss:; an address without TLS can only be used to publish\n",
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
    text.push_str(&configuration(snippet));
    text.push('\n');
    let options = match snippet.mode {
        AuthMode::Lambda => format!(", {{ authMode: 'lambda', authToken: {} }}", secret(snippet)),
        _ => String::new(),
    };
    text.push_str(&match &snippet.action {
        Action::Publish { channel, batches } => {
            let post = |batch: &Vec<String>| post(channel, batch, &options);
            batches.iter().map(post).collect::<String>()
        }
        Action::Subscribe { channels } => {
            channels.iter().map(|channel| subscription(channel, &options)).collect::<String>()
        }
    });
    text
}

fn configuration(snippet: &Snippet<'_>) -> String {
    let mut members = vec![
        format!("endpoint: {}", json!(secure(snippet.http))),
        format!("region: {}", json!(snippet.region)),
        format!("defaultAuthMode: '{}'", amplify_mode(snippet.mode)),
    ];
    if snippet.mode == AuthMode::ApiKey {
        members.push(format!("apiKey: {}", secret(snippet)));
    }
    let events = format!("{{\n    {},\n  }}", members.join(",\n    "));
    let auth = match snippet.mode {
        AuthMode::AwsIam => Some(
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
    let auth = auth.map(|auth| format!(", {{\n  Auth: {{ {auth} }},\n}}")).unwrap_or_default();
    format!("Amplify.configure({{\n  API: {{ Events: {events} }},\n}}{auth});\n")
}

fn post(channel: &str, batch: &[String], options: &str) -> String {
    // JSON is valid JavaScript, and Amplify serializes the events.
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

/// Returns whether Amplify requires a JWT.
fn has_tokens(snippet: &Snippet<'_>) -> bool {
    matches!(snippet.mode, AuthMode::Cognito | AuthMode::OpenIdConnect)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet<'a>(mode: AuthMode, secret: Option<&'a str>, action: Action<'a>) -> Snippet<'a> {
        Snippet {
            http: "https://h/event",
            realtime: "wss://h/event/realtime",
            host: "h",
            region: "eu-west-1",
            mode,
            secret,
            source: Some("how to get it".to_owned()),
            ca_bundle: None,
            action,
        }
    }

    fn publish() -> Action<'static> {
        let events = vec![r#"{"a":"it's"}"#.to_owned(), "1".to_owned()];
        Action::Publish { channel: "/a/b", batches: vec![events] }
    }

    #[test]
    fn curl_has_the_key_or_a_variable() {
        assert_eq!(
            curl(&snippet(AuthMode::ApiKey, None, publish())).unwrap(),
            r#"# how to get it
curl https://h/event \
  -H 'content-type: application/json' \
  -H "x-api-key: $API_KEY" \
  -d '{"channel":"/a/b","events":["{\"a\":\"it'\''s\"}","1"]}'
"#
        );
        let shown = curl(&snippet(AuthMode::Lambda, Some("t"), publish())).unwrap();
        assert!(shown.contains("-H 'Authorization: t'") && !shown.contains('#'), "{shown}");
        let signature = curl(&snippet(AuthMode::AwsIam, None, publish())).unwrap();
        assert!(signature.contains("--aws-sigv4 aws:amz:eu-west-1:appsync"), "{signature}");
        let subscribe = Action::Subscribe { channels: vec!["/a"] };
        let error = curl(&snippet(AuthMode::ApiKey, None, subscribe)).unwrap_err();
        assert!(error.contains("--print wscat"), "{error}");
    }

    #[test]
    fn wscat_gets_its_credentials_from_the_shell_and_sends_every_frame() {
        let subscribe = Action::Subscribe { channels: vec!["/a/*", "/b"] };
        assert_eq!(
            wscat(&snippet(AuthMode::ApiKey, None, subscribe.clone())).unwrap(),
            r#"# how to get it
HEADER="$(printf %s '{"host":"h","x-api-key":"' "$API_KEY" '"}' | base64 | tr '+/' '-_' | tr -d '=\n')"
wscat -c wss://h/event/realtime \
  -s aws-appsync-event-ws -s "header-$HEADER" \
  -x "$(printf %s '{"type":"subscribe","id":"1","channel":"/a/*","authorization":{"host":"h","x-api-key":"' "$API_KEY" '"}}')" \
  -x "$(printf %s '{"type":"subscribe","id":"2","channel":"/b","authorization":{"host":"h","x-api-key":"' "$API_KEY" '"}}')" \
  -w -1
"#
        );
        let error = wscat(&snippet(AuthMode::AwsIam, None, subscribe)).unwrap_err();
        assert!(error.contains("--print js"), "{error}");
        let shown = wscat(&snippet(AuthMode::OpenIdConnect, Some("ey.t"), publish())).unwrap();
        assert!(shown.contains(r#"{"host":"h","Authorization":"ey.t"}"#), "{shown}");
    }

    #[test]
    fn a_module_configures_amplify_for_each_mode() {
        assert_eq!(
            js(&snippet(AuthMode::ApiKey, None, publish())),
            r#"// npm install aws-amplify@6, save as events.mjs, run with Node 22 or newer
// how to get it
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';

Amplify.configure({
  API: { Events: {
    endpoint: "https://h/event",
    region: "eu-west-1",
    defaultAuthMode: 'apiKey',
    apiKey: process.env.API_KEY,
  } },
});

console.log((await events.post("/a/b", [{"a":"it's"}, 1])) ?? 'published');
"#
        );
        for (mode, part) in [
            (AuthMode::AwsIam, "credentialsProvider"),
            (AuthMode::Cognito, "accessToken: decodeJWT(process.env.TOKEN)"),
            (AuthMode::OpenIdConnect, "defaultAuthMode: 'oidc'"),
            (AuthMode::Lambda, "{ authMode: 'lambda', authToken: process.env.TOKEN }"),
        ] {
            let text = js(&snippet(mode, None, publish()));
            assert!(text.contains(part), "{text}");
        }
    }
}
