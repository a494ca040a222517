//! What an error of the data plane means for the one who has it: namespace, mode, key, handler.
use crate::cli::Failure;
use crate::cli::event_api::api::Reached;
use crate::cli::event_api::args::Doing;
use crate::cli::event_api::credentials::end_of;
use appsync_events::{AuthMode, Channel, Credentials, Error, ErrorKind, Operation};

/// The error, with what probably is behind it and what helps.
pub fn failure(
    error: &Error,
    reached: &Reached,
    doing: Doing,
    channel: &Channel,
    used: &Credentials,
    at_least_once: bool,
) -> Failure {
    let failure = Failure::error(format!("{channel}: {error}"));
    let hints = match error.kind() {
        ErrorKind::Unauthorized => unauthorized(error, reached, doing, channel, used),
        ErrorKind::Forbidden => vec![refused(reached, channel)],
        ErrorKind::HandlerFailed => {
            let namespace = channel.namespace();
            vec![format!(
                "the handler of `{namespace}` broke down, and nothing was done: `provision eval` runs it and shows where"
            )]
        }
        ErrorKind::MissingCredentials => {
            vec![
                "set AWS credentials, name a profile with `--profile`, or choose another `--mode`"
                    .to_owned(),
            ]
        }
        ErrorKind::InvalidRequest => vec![],
        ErrorKind::Throttled => vec!["publish more slowly, or have the quota raised".to_owned()],
        ErrorKind::QuotaExceeded => {
            vec!["a connection takes 200 subscriptions: `/NAMESPACE/*` is one".to_owned()]
        }
        ErrorKind::Unreachable => {
            let host = reached.client.endpoint.host();
            vec![format!("is {host} the address, and is there a proxy on the way (HTTPS_PROXY)?")]
        }
        ErrorKind::UntrustedCertificate => {
            vec!["name a file with the authority's certificate: `--ca-bundle FILE`, or AWS_CA_BUNDLE".to_owned()]
        }
        ErrorKind::UnknownOutcome if at_least_once => {
            vec!["it may have been published, or not, however often it was tried".to_owned()]
        }
        ErrorKind::UnknownOutcome => {
            vec!["it may have been published, or not; `--at-least-once` would try again and perhaps do it twice"
                .to_owned()]
        }
        ErrorKind::ConnectionLost if error.operation() == Operation::Connect => {
            vec![
                "AppSync also ends a connection like this if it does not accept the credentials"
                    .to_owned(),
            ]
        }
        ErrorKind::ConnectionLost => vec![],
        ErrorKind::UnexpectedResponse => vec!["is the URL that of an Event API?".to_owned()],
    };
    hints.into_iter().fold(failure, Failure::hint)
}

fn unauthorized(
    error: &Error,
    reached: &Reached,
    doing: Doing,
    channel: &Channel,
    used: &Credentials,
) -> Vec<String> {
    let mode = used.mode();
    let connects = error.operation() == Operation::Connect;
    let name = channel.namespace();
    // A handler that refuses a subscription has a word of its own
    // (docs/reference/handlers.md#explicit-errors).
    if error.operation() == Operation::Subscribe && error.error_type() == Some("Unauthorized") {
        return vec![format!("the handler of `{name}` refuses it: `util.unauthorized()`")];
    }
    let Some(stack) = &reached.stack else {
        let hint = match connects {
            true => format!("it was tried as {mode}"),
            false => format!(
                "it was tried as {mode}; AppSync says the same if it does not know the namespace `{name}`"
            ),
        };
        return std::iter::once(hint)
            .chain(of_credentials(reached, channel, doing, connects, used))
            .collect();
    };
    let (place, accepted) =
        match stack.api.namespaces.iter().find(|it| it.name == channel.namespace()) {
            _ if connects => (
                format!("connecting to API {}", stack.api.key),
                stack.api.auth_modes.connection.as_slice(),
            ),
            Some(namespace) => {
                (format!("{} in `{}`", ing(doing), namespace.name), doing.accepted(namespace))
            }
            None => (format!("{} in API {}", ing(doing), stack.api.key), &[][..]),
        };
    let listed = accepted.join(", ");
    let mut hints = vec![format!("it was tried as {mode}; {place} accepts {listed}")];
    if accepted.iter().any(|it| it == mode.as_str()) {
        hints.extend(of_credentials(reached, channel, doing, connects, used));
        // Subscriptions are refused by AppSync itself in this word, and by a handler in another.
        if !connects && doing == Doing::Publish && stack.has_handlers(name) {
            hints.push(format!("a handler of `{name}` may refuse it, too: `util.unauthorized()`"));
        }
    }
    hints
}

/// What may be wrong with credentials whose mode is accepted.
fn of_credentials(
    reached: &Reached,
    channel: &Channel,
    doing: Doing,
    connects: bool,
    used: &Credentials,
) -> Option<String> {
    let moment =
        |it: i64| jiff::Timestamp::from_second(it).map(|it| it.to_string()).unwrap_or_default();
    match used {
        Credentials::ApiKey(_) if reached.stack.is_some() => {
            let key = reached.chosen_key().ok()?;
            let expires = key.expires.as_ref()?;
            let end: Option<jiff::Timestamp> = expires.parse().ok();
            let ended = end.is_some_and(|it| it.as_second() <= reached.now_epoch_s);
            Some(match ended {
                true => format!("key {} ended at {expires}; applying the spec renews it", key.key),
                false => format!("key {} is good until {expires}", key.key),
            })
        }
        Credentials::ApiKey(_) => None,
        Credentials::Iam(_) => {
            let api =
                reached.stack.as_ref().map_or("arn:aws:appsync:…:apis/ID", |it| &it.api.arn);
            let namespace = channel.namespace();
            Some(match (connects, doing) {
                (true, _) => format!("IAM has to allow appsync:EventConnect on {api}"),
                (_, Doing::Publish) => {
                    format!(
                        "IAM has to allow appsync:EventPublish on {api}/channelNamespace/{namespace}"
                    )
                }
                (_, Doing::Subscribe) => {
                    format!(
                        "IAM has to allow appsync:EventSubscribe on {api}/channelNamespace/{namespace}"
                    )
                }
            })
        }
        Credentials::Token(mode, token) => Some(match end_of(token) {
            Some(end) if end <= reached.now_epoch_s => {
                format!("the token ended at {}", moment(end))
            }
            _ if *mode == AuthMode::Lambda => {
                "the authorizer's function refuses the token, or fails".to_owned()
            }
            _ => "the token may be of another issuer or client than the API's".to_owned(),
        }),
    }
}

fn refused(reached: &Reached, channel: &Channel) -> String {
    let namespace = channel.namespace();
    match reached.stack.as_ref().is_some_and(|it| it.has_handlers(namespace)) {
        true => format!("the handler of `{namespace}` refuses it"),
        false => {
            format!("a handler of `{namespace}` refuses it, or a firewall in front of the API")
        }
    }
}

fn ing(doing: Doing) -> &'static str {
    match doing {
        Doing::Publish => "publishing",
        Doing::Subscribe => "subscribing",
    }
}
