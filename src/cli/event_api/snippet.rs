//! `--print`: how to do the same with another tool.
use crate::cli::event_api::api::Reached;
use crate::cli::event_api::credentials::Proof;
use crate::cli::{Exit, Failure, Io};
use crate::render::snippets::{Action, Snippet, curl, js, wscat};
use appsync_events::{AuthMode, Secret};

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

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PrintArgs {
    /// Print how to do it with another tool, instead of doing it
    #[arg(long, value_enum, value_name = "TOOL")]
    pub print: Option<Print>,
    /// With --print: put the key or the token into it
    #[arg(long, requires = "print")]
    pub reveal: bool,
}

/// Prints it instead of doing it.
pub fn print(
    tool: Print,
    reached: &Reached,
    proof: &Proof,
    action: Action<'_>,
    reveal: bool,
    io: &mut Io,
) -> Result<(), Failure> {
    let endpoint = &reached.client.endpoint;
    let (http, realtime) = (endpoint.http.to_string(), endpoint.realtime.to_string());
    let secret = proof.secret.as_ref().map(Secret::reveal);
    let snippet = Snippet {
        http: &http,
        realtime: &realtime,
        host: endpoint.host(),
        region: &reached.region,
        mode: proof.mode.as_str(),
        secret: secret.filter(|_| reveal),
        source: source(reached, proof.mode),
        ca_bundle: reached.ca_bundle(),
        action,
    };
    let text = match tool {
        Print::Curl => curl(&snippet),
        Print::Wscat => wscat(&snippet),
        Print::Js => js(&snippet),
    };
    let text = text.map_err(|reason| Failure::new(Exit::Usage, reason))?;
    if reached.is_brief() {
        let serve = reached.of_local("").unwrap_or_default();
        io.note(&format!(
            "nobody serves this local AWS now, so that the address is good for nothing: \
             start `{serve}` in another terminal, and print it again\n"
        ));
    }
    Ok(io.result(&text)?)
}

/// Where what the variables have to hold comes from.
fn source(reached: &Reached, mode: AuthMode) -> Option<String> {
    Some(match mode {
        AuthMode::ApiKey => match (&reached.stack, reached.chosen_key()) {
            (Some(stack), Ok(key)) => format!(
                "API_KEY=$(provision outputs {} --reveal --query apis.{}.apiKeys.{}.value)",
                stack.again, stack.api.key, key.key
            ),
            _ => "API_KEY is the API key".to_owned(),
        },
        AuthMode::Iam if reached.is_local() => {
            "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local".to_owned()
        }
        AuthMode::Iam => {
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN for credentials that end".to_owned()
        }
        _ => match reached.token_command(mode) {
            Some(command) => format!("TOKEN=$({command})"),
            None => "TOKEN is the token".to_owned(),
        },
    })
}
