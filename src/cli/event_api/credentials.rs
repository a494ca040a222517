//! As whom: the first mode that is accepted and that there are credentials for, or the one that is asked for.
use aws_smithy_async::time::SharedTimeSource;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::cli::event_api::api::Reached;
use crate::cli::event_api::args::{Doing, ModeArg, ReachArgs, auth_modes};
use crate::cli::event_api::network::only_credentials;
use crate::cli::target::TargetArgs;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{KeyOutputs, NamespaceOutputs, lasting};
use crate::render::shell::word;
use appsync_events::{AuthMode, Credentials, Secret, Signer};
use provision_aws::client::Aws;

const TOKEN_VARIABLE: &str = "PROVISION_TOKEN";

/// The token that was given, in whatever way.
pub fn token(args: &ReachArgs, io: &mut Io) -> Result<Option<Secret>, Failure> {
    let given = match args.token.as_deref() {
        Some("-") => {
            let mut line = String::new();
            io.input.read_line(&mut line)?;
            Some(line)
        }
        Some(token) => Some(token.to_owned()),
        None => io.environment.get(TOKEN_VARIABLE).cloned(),
    };
    match given.as_deref().map(str::trim) {
        Some("") if args.token.is_some() => {
            Err(Failure::new(Exit::Usage, "`--token` gives an empty token"))
        }
        Some("") | None => Ok(None),
        Some(token) => Ok(Some(Secret::new(token))),
    }
}

/// The API key for an API that no spec tells of.
pub fn api_key(args: &ReachArgs, io: &Io) -> Option<Secret> {
    let key = io.environment.get(&args.api_key_env).filter(|it| !it.trim().is_empty())?;
    Some(Secret::new(key.trim()))
}

/// The AWS credentials for an API that no spec tells of, if they are asked for.
pub async fn aws(
    args: &ReachArgs,
    region: Option<String>,
    target: &TargetArgs,
) -> Result<Option<Aws>, Failure> {
    match args.mode {
        Some(ModeArg::Iam) => Ok(Some(only_credentials(region, target).await?)),
        _ => Ok(None),
    }
}

/// As whom another tool does it: the secret may be missing, and a variable stands in its place.
#[derive(Debug)]
pub struct Proof {
    pub mode: AuthMode,
    pub secret: Option<Secret>,
}

impl Reached {
    /// As whom another tool is to do it, which has the secrets that are not at hand here; with `reveal` all are.
    pub fn proof(
        &self,
        doing: Doing,
        namespace: Option<&NamespaceOutputs>,
        clock: &SharedTimeSource,
        reveal: bool,
    ) -> Result<Proof, Failure> {
        let failure = match self.credentials(doing, namespace, clock) {
            Ok(Credentials::ApiKey(secret)) => {
                return Ok(Proof { mode: AuthMode::ApiKey, secret: Some(secret) });
            }
            Ok(Credentials::Token(mode, secret)) => {
                return Ok(Proof { mode, secret: Some(secret) });
            }
            Ok(Credentials::Iam(_)) => return Ok(Proof { mode: AuthMode::Iam, secret: None }),
            Err(failure) => failure,
        };
        let asked = self.args.mode.map(ModeArg::mode);
        let had_elsewhere = |it: &AuthMode| *it != AuthMode::ApiKey || self.stack.is_none();
        let accepted = namespace.map(|it| auth_modes(doing.accepted(it)));
        let accepted = accepted.unwrap_or_else(|| vec![AuthMode::ApiKey]);
        match asked.into_iter().chain(accepted).next().filter(had_elsewhere) {
            Some(mode) if !reveal && self.args.key.is_none() => Ok(Proof { mode, secret: None }),
            _ => Err(failure),
        }
    }

    /// The command that makes a token of this mode, where the local AWS makes them.
    pub fn token_command(&self, mode: AuthMode) -> Option<String> {
        if !is_issuer(mode.as_str()) {
            return None;
        }
        let stack = self.stack.as_ref()?;
        let providers = stack.api.auth_modes.providers.iter();
        let several = providers.filter(|it| is_issuer(&it.mode)).count() > 1;
        let issuer = several.then(|| {
            let issuer = stack.issuer(mode, &self.region).unwrap_or_else(|| "URL".to_owned());
            format!(" --issuer {}", word(&issuer))
        });
        self.of_local(&format!(" token --api {}{}", stack.api.id, issuer.unwrap_or_default()))
    }

    /// The credentials to do this with, in `namespace` if it is known.
    pub fn credentials(
        &self,
        doing: Doing,
        namespace: Option<&NamespaceOutputs>,
        clock: &SharedTimeSource,
    ) -> Result<Credentials, Failure> {
        if let Some(asked) = self.args.mode {
            return self.by(asked.mode(), clock);
        }
        if self.args.key.is_some() {
            return self.by(AuthMode::ApiKey, clock);
        }
        let Some(namespace) = namespace else { return self.of_no_stack(clock) };
        let accepted = auth_modes(doing.accepted(namespace));
        // Who gives a token means it.
        let given = self.args.token.is_some();
        let first = accepted.iter().filter(|it| given && self.suits(**it));
        let had = first.chain(&accepted).find_map(|mode| {
            let may = !mode.needs_token() || self.suits(*mode);
            may.then(|| self.by(*mode, clock).ok()).flatten()
        });
        had.ok_or_else(|| self.nobody(doing, namespace, &accepted))
    }

    /// The credentials to connect with: the same if connections accept them, else the first that they accept.
    pub fn connection_credentials(
        &self,
        own: &Credentials,
        clock: &SharedTimeSource,
    ) -> Credentials {
        let Some(stack) = &self.stack else { return own.clone() };
        let accepted = auth_modes(&stack.api.auth_modes.connection);
        if accepted.contains(&own.mode()) {
            return own.clone();
        }
        let mut others = accepted.iter().filter_map(|it| self.by(*it, clock).ok());
        others.next().unwrap_or_else(|| own.clone())
    }

    /// The key of the API that would be used.
    pub fn chosen_key(&self) -> Result<&KeyOutputs, Failure> {
        let api = self.stack.as_ref().map(|it| &it.api);
        let keys = api.map_or(&[][..], |it| &it.api_keys);
        let names = || keys.iter().map(|it| it.key.as_str()).collect::<Vec<_>>().join(", ");
        match &self.args.key {
            Some(name) => keys.iter().find(|it| it.key == *name).ok_or_else(|| {
                let message = format!("the API has no key called `{name}`");
                Failure::error(message).hint(format!("it has {}", names()))
            }),
            None => lasting(keys).ok_or_else(|| Failure::error("the API has no key")),
        }
    }

    fn by(&self, mode: AuthMode, clock: &SharedTimeSource) -> Result<Credentials, Failure> {
        match mode {
            AuthMode::ApiKey if self.stack.is_none() => {
                let variable = &self.args.api_key_env;
                let message = format!("there is no API key: the variable {variable} is not set");
                let key = self.api_key.clone();
                key.map(Credentials::ApiKey).ok_or_else(|| Failure::error(message))
            }
            AuthMode::ApiKey => {
                let key = self.chosen_key()?.value.as_deref().unwrap_or_default();
                Ok(Credentials::ApiKey(Secret::new(key)))
            }
            AuthMode::Iam => {
                let provider = self.aws.as_ref().and_then(|it| it.credentials.clone());
                let signer = provider
                    .map(|it| Signer::new(it, &self.region).with_time_source(clock.clone()));
                signer.map(Credentials::Iam).ok_or_else(|| Failure::error("no AWS credentials"))
            }
            AuthMode::Cognito | AuthMode::Oidc | AuthMode::Lambda => {
                let token = self.token.clone().map(|it| Credentials::Token(mode, it));
                token.ok_or_else(|| self.no_token(mode))
            }
        }
    }

    /// What was given, where no namespace says what it accepts.
    fn of_no_stack(&self, clock: &SharedTimeSource) -> Result<Credentials, Failure> {
        if let Some(token) = &self.token {
            let mode = if is_jwt(token) { AuthMode::Oidc } else { AuthMode::Lambda };
            return Ok(Credentials::Token(mode, token.clone()));
        }
        self.by(AuthMode::ApiKey, clock).map_err(|failure| {
            failure.hint("set it, give a token with `--token`, or sign with `--mode iam`")
        })
    }

    /// Whether the token that is given looks like one for `mode`.
    fn suits(&self, mode: AuthMode) -> bool {
        self.token.as_ref().is_some_and(|it| match mode {
            AuthMode::Cognito | AuthMode::Oidc => is_jwt(it),
            AuthMode::Lambda => true,
            AuthMode::ApiKey | AuthMode::Iam => false,
        })
    }

    fn no_token(&self, mode: AuthMode) -> Failure {
        let failure = Failure::error(format!("{mode} needs a token"))
            .hint(format!("give it with `--token` or the variable {TOKEN_VARIABLE}"));
        let command = self.token_command(mode);
        command.into_iter().fold(failure, |it, command| it.hint(makes(&command)))
    }

    fn nobody(&self, doing: Doing, namespace: &NamespaceOutputs, accepted: &[AuthMode]) -> Failure {
        let names: Vec<&str> = accepted.iter().map(|it| it.as_str()).collect();
        let (word, name) = (doing.word(), &namespace.name);
        let message = format!(
            "there are no credentials to {word} in `{name}`, which accepts {}",
            names.join(", ")
        );
        let mut failure = Failure::error(message);
        if accepted.iter().any(|it| it.needs_token()) {
            let given = if self.token.is_some() { "another" } else { "a" };
            failure =
                failure.hint(format!("give {given} token with `--token` or {TOKEN_VARIABLE}"));
            let mut commands = accepted.iter().filter_map(|it| self.token_command(*it));
            failure =
                commands.next().into_iter().fold(failure, |it, command| it.hint(makes(&command)));
        }
        if accepted.contains(&AuthMode::ApiKey) {
            failure = failure.hint("declare a key under `apiKeys:`, and apply the spec");
        }
        failure
    }
}

/// The end of a JWT, if the token is one and names it.
pub fn end_of(token: &Secret) -> Option<i64> {
    claims(token)?.get("exp")?.as_i64()
}

/// Whether it is a JWT, as Cognito and OpenID Connect issuers give.
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

fn makes(command: &str) -> String {
    format!("the local AWS makes one: {command}")
}

fn is_issuer(mode: &str) -> bool {
    matches!(mode.parse(), Ok(AuthMode::Cognito | AuthMode::Oidc))
}
