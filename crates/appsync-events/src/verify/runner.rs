//! Makes the checks of one API. The results are in the order of the plan.
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::channel::Channel;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::secret::Secret;
use crate::socket::Socket;
use crate::verify::connections::ModeConnections;
use crate::verify::connections::SharedConnection;
use crate::verify::event_template::new_nonce;
use crate::verify::namespace::check_namespace;
use crate::verify::plan::VerifyOptions;
use crate::verify::plan::plan_checks;
use crate::verify::report::{ApiReport, CheckResult};
use crate::verify::report::{Check, CheckSubject};
use crate::verify::target::{ApiTarget, HandlerSetup, ModeCredentials, NamespaceTarget};
use crate::verify::verdict::{AttemptOutcome, evaluate};

const MAX_CONCURRENT_NAMESPACES: usize = 8;

/// Checks that an API behaves as expected.
///
/// Events are published to channels `/NAMESPACE/provision-verify/NONCE`: handlers run, and
/// subscribers of `/NAMESPACE/*` receive them.
pub async fn verify(target: &ApiTarget, options: VerifyOptions) -> ApiReport {
    let checks = plan_checks(target, options);
    let attempts = target.credentials.iter().map(|mode| connect(&target.client, mode));
    let attempts = join_all(attempts).await;
    let unreachable_reason = unreachable_reason(&attempts);
    let (mut results, mut connections, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for (mode, attempt) in target.credentials.iter().zip(attempts) {
        let outcome = match attempt.socket {
            Ok(socket) => {
                let (connection, task) = SharedConnection::new(socket);
                connections.push((mode.mode, connection));
                tasks.push(task);
                AttemptOutcome::accepted()
            }
            Err(outcome) => outcome,
        };
        let subject = CheckSubject::Connection { mode: mode.mode };
        if let Some(check) = checks.iter().find(|check| check.subject == subject) {
            let hint = mode.denial_hint.as_deref();
            results.push(evaluate(check, outcome, &HandlerSetup::None, hint, attempt.duration));
        }
    }
    let connections = ModeConnections::new(target, connections);
    match unreachable_reason {
        Some(reason) => {
            let remaining = &checks[results.len()..];
            results.extend(remaining.iter().map(|check| skip(check, &reason)));
        }
        None => results.extend(check_rest(target, &checks, &connections, options).await),
    }
    drop(connections);
    for closed in join_all(tasks).await {
        // A task only fails if the runtime shuts down.
        drop(closed);
    }
    results.extend(target.differences.iter().cloned());
    ApiReport { api: target.name.clone(), url: target.client.endpoint.http.to_string(), results }
}

/// All checks but the connections of the modes.
async fn check_rest(
    target: &ApiTarget,
    checks: &[Check],
    connections: &ModeConnections,
    options: VerifyOptions,
) -> Vec<CheckResult> {
    let checks_of = |target: &NamespaceTarget| -> Vec<Check> {
        let is_included = |check: &&Check| matches!(&check.subject, CheckSubject::Namespace { namespace, .. } if *namespace == target.name);
        checks.iter().filter(is_included).cloned().collect()
    };
    let namespaces = stream::iter(&target.namespaces).map(|namespace| {
        let checks = checks_of(namespace);
        async move {
            check_namespace(namespace, &target.credentials, connections, &checks, options).await
        }
    });
    let namespaces = namespaces.buffered(MAX_CONCURRENT_NAMESPACES);
    let mut results: Vec<CheckResult> = namespaces.collect::<Vec<_>>().await.concat();
    for check in checks {
        let start = Instant::now();
        let outcome = match check.subject {
            CheckSubject::WrongKey => connect_with_wrong_key(&target.client).await,
            CheckSubject::UnknownNamespace => publish_to_unknown_namespace(connections).await,
            CheckSubject::Connection { .. }
            | CheckSubject::Namespace { .. }
            | CheckSubject::Resource { .. } => continue,
        };
        results.push(evaluate(check, outcome, &HandlerSetup::None, None, start.elapsed()));
    }
    results
}

/// The result of trying to connect.
struct ConnectAttempt {
    socket: Result<Socket, AttemptOutcome>,
    duration: Duration,
}

async fn connect(client: &Client, mode: &ModeCredentials) -> ConnectAttempt {
    let start = Instant::now();
    let socket = match &mode.credentials {
        Ok(credentials) => Socket::open(client, credentials).await.map_err(AttemptOutcome::Failed),
        Err(reason) => Err(AttemptOutcome::not_tried(reason)),
    };
    ConnectAttempt { socket, duration: start.elapsed() }
}

/// Why nothing else need be tried, if no mode reached the API or its certificate is not trusted.
fn unreachable_reason(attempts: &[ConnectAttempt]) -> Option<String> {
    let error = |attempt: &ConnectAttempt| match &attempt.socket {
        Err(AttemptOutcome::Failed(error)) => Some(error.clone()),
        _ => None,
    };
    let errors: Vec<Error> = attempts.iter().filter_map(error).collect();
    let is_unreachable = |error: &Error| {
        let kinds = [ErrorKind::Unreachable, ErrorKind::UntrustedCertificate];
        kinds.contains(&error.kind()) && error.status().is_none()
    };
    let any_connected = attempts.iter().any(|attempt| attempt.socket.is_ok());
    let is_unreachable = !any_connected && errors.iter().all(is_unreachable);
    let error = errors.first().filter(|_| is_unreachable)?;
    Some(format!("the API is unreachable: {}", error.message()))
}

fn skip(check: &Check, reason: &str) -> CheckResult {
    let outcome = AttemptOutcome::not_tried(reason);
    evaluate(check, outcome, &HandlerSetup::None, None, Duration::ZERO)
}

async fn connect_with_wrong_key(client: &Client) -> AttemptOutcome {
    let key = Credentials::ApiKey(Secret::new(format!("da2-{}", new_nonce())));
    match Socket::open(client, &key).await {
        Ok(socket) => {
            socket.close().await;
            AttemptOutcome::accepted()
        }
        Err(error) => AttemptOutcome::Failed(error),
    }
}

async fn publish_to_unknown_namespace(connections: &ModeConnections) -> AttemptOutcome {
    let Some(mode) = connections.any_publisher() else {
        return AttemptOutcome::not_tried("no credentials for any mode");
    };
    let channel = Channel::parse(&format!("/{}/provision-verify", new_nonce()))
        .expect("a nonce is a channel segment");
    let event = Event::from_json("{}").expect("an empty object is a small JSON document");
    match connections.publish(mode, &channel, event).await {
        Ok(_) => AttemptOutcome::accepted(),
        Err(error) => AttemptOutcome::Failed(error),
    }
}
