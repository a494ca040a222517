//! Selects credentials: for the auth mode of the command line, or for the first mode that the
//! namespace accepts and that has credentials.
use aws_smithy_async::time::SharedTimeSource;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::cli::event_api::args::{ConnectionArgs, EventCommand};
use crate::cli::event_api::auth_mode::{client_mode, from_client_mode, known_modes, needs_token};
use crate::cli::event_api::network::credentials_only;
use crate::cli::event_api::resolved_api::ResolvedApi;
use crate::cli::target::TargetArgs;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{KeyOutputs, NamespaceOutputs, longest_lived};
use crate::render::shell::word;
use appsync_events::{Credentials, Secret, Signer};
use provision_aws::client::Aws;
use provision_core::kinds::auth::AuthMode;

/// The environment variable with a token. Where several modes need one, `_` and the name of a mode follow it.
pub const TOKEN_VARIABLE: &str = "PROVISION_TOKEN";

/// The token from the command line, stdin or the environment.
pub fn token(args: &ConnectionArgs, io: &mut Io) -> Result<Option<Secret>, Failure> {
    let token = match args.token.as_deref() {
        Some("-") => {
            let mut line = String::new();
            io.input.read_line(&mut line)?;
            Some(line)
        }
        Some(token) => Some(token.to_owned()),
        None => io.environment.get(TOKEN_VARIABLE).cloned(),
    };
    match token.as_deref().map(str::trim) {
        Some("") if args.token.is_some() => {
            Err(Failure::new(Exit::Usage, "the token of `--token` is empty"))
        }
        Some("") | None => Ok(None),
        Some(token) => Ok(Some(Secret::new(token))),
    }
}

/// The API key for an API that is given by its URL.
pub fn api_key(args: &ConnectionArgs, io: &Io) -> Option<Secret> {
    let key = io.environment.get(&args.api_key_env).map(|key| key.trim());
    key.filter(|key| !key.is_empty()).map(Secret::new)
}

/// The AWS credentials for an API that is given by its URL, if `--mode iam` asks for them.
pub async fn aws(
    args: &ConnectionArgs,
    region: Option<String>,
    target: &TargetArgs,
) -> Result<Option<Aws>, Failure> {
    match args.mode {
        Some(AuthMode::AwsIam) => Ok(Some(credentials_only(region, target).await?)),
        _ => Ok(None),
    }
}

/// The credentials in a snippet for another tool. Without a secret, the snippet reads a variable.
#[derive(Debug)]
pub struct SnippetCredentials {
    pub mode: AuthMode,
    pub secret: Option<Secret>,
}

impl ResolvedApi {
    /// The credentials for another tool, which may have secrets that are not available here. With
    /// `reveal` all must be available.
    pub fn snippet_credentials(
        &self,
        command: EventCommand,
        namespace: Option<&NamespaceOutputs>,
        clock: &SharedTimeSource,
        reveal: bool,
    ) -> Result<SnippetCredentials, Failure> {
        let failure = match self.credentials(command, namespace, clock) {
            Ok(credentials) => {
                let mode = from_client_mode(credentials.mode());
                let secret = match credentials {
                    Credentials::ApiKey(secret) | Credentials::Token(_, secret) => Some(secret),
                    Credentials::Iam(_) => None,
                };
                return Ok(SnippetCredentials { mode, secret });
            }
            Err(failure) => failure,
        };
        let accepted = namespace.map(|namespace| known_modes(command.accepted(namespace)));
        let accepted = accepted.unwrap_or_else(|| vec![AuthMode::ApiKey]);
        let mode = self.args.mode.into_iter().chain(accepted).next();
        // The API keys of a stack are all known here.
        let mode = mode.filter(|mode| *mode != AuthMode::ApiKey || self.stack.is_none());
        match mode {
            Some(mode) if !reveal && self.args.key.is_none() => {
                Ok(SnippetCredentials { mode, secret: None })
            }
            _ => Err(failure),
        }
    }

    /// The command that creates a token for this mode, if the API is one of the emulator's.
    pub fn token_command(&self, mode: AuthMode) -> Option<String> {
        if !is_issued(mode) {
            return None;
        }
        let stack = self.stack.as_ref()?;
        let modes = stack.api.auth_modes.providers.iter();
        let modes = modes.filter_map(|provider| provider.mode.known());
        let issuer = match modes.filter(|mode| is_issued(*mode)).count() > 1 {
            true => {
                let issuer = stack.issuer(mode, &self.region).unwrap_or_else(|| "URL".to_owned());
                format!(" --issuer {}", word(&issuer))
            }
            false => String::new(),
        };
        self.emulator_command(&format!(" token --api {}{issuer}", stack.api.id))
    }

    /// The credentials for a command, in `namespace` if it is known.
    pub fn credentials(
        &self,
        command: EventCommand,
        namespace: Option<&NamespaceOutputs>,
        clock: &SharedTimeSource,
    ) -> Result<Credentials, Failure> {
        if let Some(mode) = self.args.mode {
            return self.credentials_for(mode, clock);
        }
        if self.args.key.is_some() {
            return self.credentials_for(AuthMode::ApiKey, clock);
        }
        let Some(namespace) = namespace else { return self.explicit_credentials(clock) };
        let accepted = known_modes(command.accepted(namespace));
        // A token on the command line takes precedence over everything that does not need one.
        let has_token_arg = self.args.token.is_some();
        let with_token = accepted.iter().filter(|mode| has_token_arg && self.token_fits(**mode));
        let credentials = with_token.chain(&accepted).find_map(|mode| {
            let is_usable = !needs_token(*mode) || self.token_fits(*mode);
            is_usable.then(|| self.credentials_for(*mode, clock).ok()).flatten()
        });
        credentials.ok_or_else(|| self.no_usable_credentials(command, namespace, &accepted))
    }

    /// The credentials to connect with: `credentials` if the API accepts their mode for connecting, or
    /// those of the first mode that it accepts.
    pub fn connect_credentials(
        &self,
        credentials: &Credentials,
        clock: &SharedTimeSource,
    ) -> Credentials {
        let Some(stack) = &self.stack else { return credentials.clone() };
        let accepted = known_modes(&stack.api.auth_modes.connection);
        if accepted.contains(&from_client_mode(credentials.mode())) {
            return credentials.clone();
        }
        let mut available =
            accepted.iter().filter_map(|mode| self.credentials_for(*mode, clock).ok());
        available.next().unwrap_or_else(|| credentials.clone())
    }

    /// The key of `--key`, or the key that expires last.
    pub fn selected_key(&self) -> Result<&KeyOutputs, Failure> {
        let keys = self.stack.as_ref().map_or(&[][..], |stack| &stack.api.api_keys);
        match &self.args.key {
            Some(name) => keys.iter().find(|key| key.key == *name).ok_or_else(|| {
                let names: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
                Failure::error(format!("the API has no key `{name}`"))
                    .with_hint(format!("its keys are {}", names.join(", ")))
            }),
            None => longest_lived(keys).ok_or_else(|| Failure::error("the API has no key")),
        }
    }

    fn credentials_for(
        &self,
        mode: AuthMode,
        clock: &SharedTimeSource,
    ) -> Result<Credentials, Failure> {
        match mode {
            AuthMode::ApiKey if self.stack.is_none() => {
                let key = self.api_key.clone().ok_or_else(|| {
                    let variable = &self.args.api_key_env;
                    Failure::error(format!(
                        "no API key: the environment variable {variable} is not set"
                    ))
                })?;
                Ok(Credentials::ApiKey(key))
            }
            AuthMode::ApiKey => {
                let key = self.selected_key()?.value.as_deref().unwrap_or_default();
                Ok(Credentials::ApiKey(Secret::new(key)))
            }
            AuthMode::AwsIam => {
                let provider = self.aws.as_ref().and_then(|aws| aws.credentials.clone());
                let provider = provider.ok_or_else(|| Failure::error("no AWS credentials"))?;
                let signer = Signer::new(provider, &self.region).with_time_source(clock.clone());
                Ok(Credentials::Iam(signer))
            }
            AuthMode::Cognito | AuthMode::OpenIdConnect | AuthMode::Lambda => {
                let token = self.token.clone().ok_or_else(|| self.missing_token(mode))?;
                Ok(Credentials::Token(client_mode(mode), token))
            }
        }
    }

    /// The token or the API key of the command line and the environment, for an API whose modes are not
    /// known.
    fn explicit_credentials(&self, clock: &SharedTimeSource) -> Result<Credentials, Failure> {
        if let Some(token) = &self.token {
            let mode = if is_jwt(token) { AuthMode::OpenIdConnect } else { AuthMode::Lambda };
            return Ok(Credentials::Token(client_mode(mode), token.clone()));
        }
        self.credentials_for(AuthMode::ApiKey, clock).map_err(|failure| {
            failure.with_hint("set it, pass a token with `--token`, or sign with `--mode iam`")
        })
    }

    /// Whether the token looks like one for `mode`.
    fn token_fits(&self, mode: AuthMode) -> bool {
        self.token.as_ref().is_some_and(|token| match mode {
            AuthMode::Cognito | AuthMode::OpenIdConnect => is_jwt(token),
            AuthMode::Lambda => true,
            AuthMode::ApiKey | AuthMode::AwsIam => false,
        })
    }

    fn missing_token(&self, mode: AuthMode) -> Failure {
        let failure = Failure::error(format!("{mode} requires a token")).with_hint(format!(
            "pass it with `--token` or the environment variable {TOKEN_VARIABLE}"
        ));
        match self.token_command(mode) {
            Some(command) => failure.with_hint(token_command_hint(&command)),
            None => failure,
        }
    }

    fn no_usable_credentials(
        &self,
        command: EventCommand,
        namespace: &NamespaceOutputs,
        accepted: &[AuthMode],
    ) -> Failure {
        let (verb, name) = (command.verb(), &namespace.name);
        let modes: Vec<&str> = accepted.iter().map(|mode| mode.as_str()).collect();
        let modes = modes.join(", ");
        let mut failure =
            Failure::error(format!("no credentials to {verb} in `{name}`, which accepts {modes}"));
        if accepted.iter().any(|mode| needs_token(*mode)) {
            let article = if self.token.is_some() { "another" } else { "a" };
            failure = failure
                .with_hint(format!("pass {article} token with `--token` or {TOKEN_VARIABLE}"));
            let mut commands = accepted.iter().filter_map(|mode| self.token_command(*mode));
            if let Some(command) = commands.next() {
                failure = failure.with_hint(token_command_hint(&command));
            }
        }
        if accepted.contains(&AuthMode::ApiKey) {
            failure = failure.with_hint("declare a key under `apiKeys:`, and apply the spec");
        }
        failure
    }
}

/// When the token expires, in seconds since the epoch, if it is a JWT with that claim.
pub fn token_expiry(token: &Secret) -> Option<i64> {
    claims(token)?.get("exp")?.as_i64()
}

/// Whether the token is a JWT, as those of Cognito and OpenID Connect issuers.
pub fn is_jwt(token: &Secret) -> bool {
    claims(token).is_some()
}

fn claims(token: &Secret) -> Option<Value> {
    let token = token.reveal();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else { return None };
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    serde_json::from_slice(&claims).ok().filter(Value::is_object)
}

fn token_command_hint(command: &str) -> String {
    format!("to create one with the emulator, run: {command}")
}

/// Whether the mode's tokens come from an issuer.
fn is_issued(mode: AuthMode) -> bool {
    matches!(mode, AuthMode::Cognito | AuthMode::OpenIdConnect)
}
