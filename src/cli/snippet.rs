//! `--print`: how to do the same with another tool.
use crate::cli::reach::Reached;
use crate::cli::{Exit, Failure, Io};
use crate::client::{Credentials, Mode};
use crate::render::snippets::{Action, Snippet, curl, js, wscat};

/// A tool that others have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Print {
    /// A curl command; it publishes only
    Curl,
    /// A wscat command
    Wscat,
    /// A module for Node with aws-amplify
    Js,
}

/// Prints it instead of doing it.
pub fn print(
    tool: Print,
    reached: &Reached,
    credentials: &Credentials,
    action: Action<'_>,
    reveal: bool,
    io: &mut Io,
) -> Result<(), Failure> {
    let endpoint = &reached.client.endpoint;
    let (http, realtime) = (endpoint.http.to_string(), endpoint.realtime.to_string());
    let secret = match credentials {
        Credentials::ApiKey(secret) | Credentials::Token(_, secret) => Some(secret.reveal()),
        Credentials::Iam(_) => None,
    };
    let snippet = Snippet {
        http: &http,
        realtime: &realtime,
        host: endpoint.host(),
        region: &reached.region,
        mode: credentials.mode().as_str(),
        secret: secret.filter(|_| reveal),
        source: source(reached, credentials.mode()),
        ca_bundle: reached.ca_bundle(),
        action,
    };
    let text = match tool {
        Print::Curl => curl(&snippet),
        Print::Wscat => wscat(&snippet),
        Print::Js => js(&snippet),
    };
    let text = text.map_err(|reason| Failure::new(Exit::Usage, reason))?;
    Ok(io.result(&text)?)
}

/// Where what the variables have to hold comes from.
fn source(reached: &Reached, mode: Mode) -> Option<String> {
    Some(match mode {
        Mode::ApiKey => match (&reached.stack, reached.chosen_key()) {
            (Some(stack), Ok(key)) => format!(
                "API_KEY is the value of the key {}: provision outputs {} --api {} --format env --reveal",
                key.key,
                stack.spec.display(),
                stack.api.key
            ),
            _ => "API_KEY is the API key".to_owned(),
        },
        Mode::Iam => {
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN for credentials that end".to_owned()
        }
        _ => "TOKEN is the token".to_owned(),
    })
}
