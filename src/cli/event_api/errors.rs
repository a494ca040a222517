//! Explains errors of the data plane: the probable causes, by namespace, auth mode, key and handler.
use crate::cli::Failure;
use crate::cli::event_api::args::EventCommand;
use crate::cli::event_api::auth_mode::from_client_mode;
use crate::cli::event_api::credentials::token_expiry;
use crate::cli::event_api::resolved_api::ResolvedApi;
use appsync_events::{Channel, Credentials, Error, ErrorKind, Operation};
use provision_core::kinds::auth::{AuthMode, mode_names};

/// Returns the error with hints, for a command that used `credentials` on `channel`. It is long because of the
/// texts of the hints.
pub fn explain_error(
    error: &Error,
    api: &ResolvedApi,
    command: EventCommand,
    channel: &Channel,
    credentials: &Credentials,
    at_least_once: bool,
) -> Failure {
    let failure = Failure::error(format!("{channel}: {error}"));
    let namespace = channel.namespace();
    let hints = match error.kind() {
        ErrorKind::Unauthorized => {
            let request = Request { api, command, channel, credentials };
            request.explain_unauthorized(error)
        }
        ErrorKind::Forbidden => {
            vec![match api.stack.as_ref().is_some_and(|stack| stack.has_handlers(namespace)) {
                true => format!("the handler of `{namespace}` denied it"),
                false => format!(
                    "a handler of `{namespace}` denied it, or a firewall in front of the API"
                ),
            }]
        }
        ErrorKind::HandlerFailed => vec![format!(
            "the handler of `{namespace}` failed, and nothing was done: run it with `provision eval` to see where"
        )],
        ErrorKind::MissingCredentials => vec![
            "set AWS credentials, select a profile with `--profile`, or use another `--mode`"
                .to_owned(),
        ],
        ErrorKind::Throttled => vec!["publish more slowly, or request a higher quota".to_owned()],
        ErrorKind::QuotaExceeded => vec![
            "a connection can have 200 subscriptions, and `/NAMESPACE/*` counts as one".to_owned(),
        ],
        ErrorKind::Unreachable => {
            let host = api.client.endpoint.host();
            vec![format!(
                "check that {host} is the right address, and whether a proxy is required (HTTPS_PROXY)"
            )]
        }
        ErrorKind::UntrustedCertificate => vec![
            "pass a file with the CA's certificate: `--ca-bundle FILE` or AWS_CA_BUNDLE".to_owned(),
        ],
        ErrorKind::UnknownOutcome if at_least_once => vec![
            "the events may or may not have been published, although they were sent several times"
                .to_owned(),
        ],
        ErrorKind::UnknownOutcome => vec![
            "the events may or may not have been published; `--at-least-once` sends them again, possibly publishing them twice"
                .to_owned(),
        ],
        ErrorKind::ConnectionLost if error.operation() == Operation::Connect => vec![
            "AppSync also closes a connection like this if it does not accept the credentials"
                .to_owned(),
        ],
        ErrorKind::UnexpectedResponse => {
            vec!["check that the URL is the one of an Event API".to_owned()]
        }
        ErrorKind::InvalidRequest | ErrorKind::ConnectionLost => vec![],
    };
    hints.into_iter().fold(failure, Failure::with_hint)
}

/// What was tried, and with which credentials.
struct Request<'a> {
    api: &'a ResolvedApi,
    command: EventCommand,
    channel: &'a Channel,
    credentials: &'a Credentials,
}

impl Request<'_> {
    fn explain_unauthorized(&self, error: &Error) -> Vec<String> {
        let Self { command, .. } = *self;
        let mode = from_client_mode(self.credentials.mode());
        let is_connect = error.operation() == Operation::Connect;
        let name = self.channel.namespace();
        // A handler that denies a subscription has a separate error type
        // (docs/reference/handlers.md#explicit-errors).
        if error.operation() == Operation::Subscribe && error.error_type() == Some("Unauthorized") {
            return vec![format!("the handler of `{name}` denied it with `util.unauthorized()`")];
        }
        let Some(stack) = &self.api.stack else {
            let hint = match is_connect {
                true => format!("it was tried with {mode}"),
                false => format!(
                    "it was tried with {mode}; AppSync's answer is the same if the namespace `{name}` does not exist"
                ),
            };
            return std::iter::once(hint).chain(self.credentials_hint(is_connect)).collect();
        };
        let (operation, accepted) = match self.api.namespace(self.channel) {
            _ if is_connect => (
                format!("connecting to API {}", stack.api.key),
                stack.api.auth_modes.connection.as_slice(),
            ),
            Ok(Some(namespace)) => (
                format!("{} in `{}`", command.gerund(), namespace.name),
                command.accepted(namespace),
            ),
            _ => (format!("{} in API {}", command.gerund(), stack.api.key), &[][..]),
        };
        let mut hints = vec![format!(
            "it was tried with {mode}; {operation} accepts {}",
            mode_names(accepted).join(", ")
        )];
        if accepted.iter().any(|other| *other == mode) {
            hints.extend(self.credentials_hint(is_connect));
            if !is_connect && command == EventCommand::Publish && stack.has_handlers(name) {
                hints.push(format!(
                    "a handler of `{name}` can also have denied it with `util.unauthorized()`"
                ));
            }
        }
        hints
    }

    /// What may be wrong with credentials whose mode is accepted.
    fn credentials_hint(&self, is_connect: bool) -> Option<String> {
        let Self { api, command, channel, .. } = *self;
        match self.credentials {
            Credentials::ApiKey(_) if api.stack.is_some() => {
                let key = api.selected_key().ok()?;
                let expires = key.expires.as_ref()?;
                let expiry: Option<jiff::Timestamp> = expires.parse().ok();
                let is_expired = expiry.is_some_and(|expiry| expiry.as_second() <= api.now_epoch_s);
                Some(match is_expired {
                    true => {
                        format!("key {} expired at {expires}; applying the spec renews it", key.key)
                    }
                    false => format!("key {} is valid until {expires}", key.key),
                })
            }
            Credentials::ApiKey(_) => None,
            Credentials::Iam(_) => {
                let stack = api.stack.as_ref();
                let arn = stack.map_or("arn:aws:appsync:…:apis/ID", |stack| &stack.api.arn);
                let namespace = format!("{arn}/channelNamespace/{}", channel.namespace());
                Some(match (is_connect, command) {
                    (true, _) => format!("IAM must allow appsync:EventConnect on {arn}"),
                    (_, EventCommand::Publish) => {
                        format!("IAM must allow appsync:EventPublish on {namespace}")
                    }
                    (_, EventCommand::Subscribe) => {
                        format!("IAM must allow appsync:EventSubscribe on {namespace}")
                    }
                })
            }
            Credentials::Token(mode, token) => Some(match token_expiry(token) {
                Some(expiry) if expiry <= api.now_epoch_s => {
                    let expiry = jiff::Timestamp::from_second(expiry);
                    let expiry = expiry.map(|expiry| expiry.to_string()).unwrap_or_default();
                    format!("the token expired at {expiry}")
                }
                _ if from_client_mode(*mode) == AuthMode::Lambda => {
                    "the authorizer's function rejects the token, or fails".to_owned()
                }
                _ => "the token may be from another issuer or client than the API's".to_owned(),
            }),
        }
    }
}
