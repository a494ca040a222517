//! `--print`: the same operation with another tool.
use crate::cli::event_api::credentials::SnippetCredentials;
use crate::cli::event_api::resolved_api::ResolvedApi;
use crate::cli::{Exit, Failure, Io};
use crate::render::snippets::{Action, Snippet, curl, js, wscat};
use appsync_events::Secret;
use provision_core::kinds::auth::AuthMode;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SnippetTool {
    /// A curl command (publish only)
    Curl,
    /// A wscat command
    Wscat,
    /// A Node.js module with aws-amplify
    Js,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PrintArgs {
    /// Print how to do this with another tool, and do nothing else
    #[arg(long, value_enum, value_name = "TOOL")]
    pub print: Option<SnippetTool>,
    /// With --print: include the key or token
    #[arg(long, requires = "print")]
    pub reveal: bool,
}

/// Prints how to do `action` with `tool`.
pub fn print_snippet(
    tool: SnippetTool,
    api: &ResolvedApi,
    credentials: &SnippetCredentials,
    action: Action<'_>,
    reveal: bool,
    io: &mut Io,
) -> Result<(), Failure> {
    let endpoint = &api.client.endpoint;
    let (http, realtime) = (endpoint.http.to_string(), endpoint.realtime.to_string());
    let secret = credentials.secret.as_ref().map(Secret::reveal);
    let snippet = Snippet {
        http: &http,
        realtime: &realtime,
        host: endpoint.host(),
        region: &api.region,
        mode: credentials.mode,
        secret: secret.filter(|_| reveal),
        source: secret_source(api, credentials.mode),
        ca_bundle: api.ca_bundle(),
        action,
    };
    let text = match tool {
        SnippetTool::Curl => curl(&snippet),
        SnippetTool::Wscat => wscat(&snippet),
        SnippetTool::Js => Ok(js(&snippet)),
    };
    let text = text.map_err(|reason| Failure::new(Exit::Usage, reason))?;
    if api.is_ephemeral() {
        let serve = api.emulator_command("").unwrap_or_default();
        io.eprint_unless_quiet(&format!(
            "the emulator runs only for this command, so this address does not work: \
             start `{serve}` in another terminal, and run the command again\n"
        ));
    }
    Ok(io.print_result(&text)?)
}

/// How to set the variables that the snippet reads.
fn secret_source(api: &ResolvedApi, mode: AuthMode) -> Option<String> {
    Some(match mode {
        AuthMode::ApiKey => match (&api.stack, api.selected_key()) {
            (Some(stack), Ok(key)) => format!(
                "export API_KEY=$(provision outputs {} --reveal --query apis.{}.apiKeys.{}.value)",
                stack.follow_up_args, stack.api.key, key.key
            ),
            _ => "set API_KEY to the API key".to_owned(),
        },
        AuthMode::AwsIam if api.is_local() => {
            "export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local".to_owned()
        }
        AuthMode::AwsIam => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN for temporary credentials".to_owned()
        }
        AuthMode::Cognito | AuthMode::OpenIdConnect | AuthMode::Lambda => {
            match api.token_command(mode) {
                Some(command) => format!("export TOKEN=$({command})"),
                None => "set TOKEN to the token".to_owned(),
            }
        }
    })
}
