//! Goes to an API and tries everything; answers in the order of the matrix.
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::socket::Socket;
use crate::verify::check::{Check, CheckSubject};
use crate::verify::matrix::matrix;
use crate::verify::mode_connections::ModeConnections;
use crate::verify::namespace::try_all;
use crate::verify::options::VerifyOptions;
use crate::verify::probe::Ids;
use crate::verify::report::{ApiReport, CheckResult};
use crate::verify::shared_connection::SharedConnection;
use crate::verify::target::{ApiTarget, HandlerSetup, ModeCredentials, NamespaceTarget};
use crate::verify::verdict::{AttemptOutcome, judge};

/// Namespaces that are tried at a time.
const NAMESPACES_AT_ONCE: usize = 8;

/// Tries everything that there is to try on one API.
pub async fn verify(subject: &ApiTarget, options: VerifyOptions) -> ApiReport {
    let checks = matrix(subject, options);
    let opened = join_all(subject.bearers.iter().map(|it| open(&subject.client, it))).await;
    let unreachable = no_way(&opened);
    let (mut connections, mut lines, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for (bearer, opened) in subject.bearers.iter().zip(opened) {
        let attempt = match opened.socket {
            Ok(socket) => {
                let (line, task) = SharedConnection::over(socket);
                lines.push((bearer.mode, line));
                tasks.push(task);
                AttemptOutcome::Accepted { latency: None, detail: None }
            }
            Err(attempt) => attempt,
        };
        let about = CheckSubject::Connection { mode: bearer.mode };
        if let Some(check) = checks.iter().find(|it| it.about == about) {
            let caution = bearer.caution.as_deref();
            connections.push(judge(check, attempt, &HandlerSetup::None, caution, opened.took));
        }
    }
    let ways = ModeConnections::new(subject, lines);
    let rest = match unreachable {
        Some(reason) => checks[connections.len()..].iter().map(|it| skipped(it, &reason)).collect(),
        None => rest(subject, &checks, &ways, options).await,
    };
    drop(ways);
    join_all(tasks).await.into_iter().for_each(|it: Result<(), _>| drop(it));
    let url = subject.client.endpoint.http.to_string();
    let findings = connections.into_iter().chain(rest).chain(subject.known.clone()).collect();
    ApiReport { api: subject.key.clone(), url, findings }
}

/// Everything but the connections of the modes.
async fn rest(
    subject: &ApiTarget,
    checks: &[Check],
    ways: &ModeConnections,
    options: VerifyOptions,
) -> Vec<CheckResult> {
    let of = |place: &NamespaceTarget| -> Vec<Check> {
        let is_here = |it: &&Check| matches!(&it.about, CheckSubject::Namespace { namespace, .. } if *namespace == place.name);
        checks.iter().filter(is_here).cloned().collect()
    };
    let places = stream::iter(&subject.places).map(|place| {
        let checks = of(place);
        async move { try_all(place, &subject.bearers, ways, &checks, options).await }
    });
    let mut findings: Vec<CheckResult> =
        places.buffered(NAMESPACES_AT_ONCE).collect::<Vec<_>>().await.concat();
    for check in checks {
        let began = Instant::now();
        let attempt = match check.about {
            CheckSubject::WrongKey => wrong_key(&subject.client).await,
            CheckSubject::UnknownNamespace => unknown_namespace(ways).await,
            CheckSubject::Connection { .. }
            | CheckSubject::Namespace { .. }
            | CheckSubject::Resource { .. } => continue,
        };
        findings.push(judge(check, attempt, &HandlerSetup::None, None, began.elapsed()));
    }
    findings
}

/// A connection that was tried.
struct ConnectAttempt {
    socket: Result<Socket, AttemptOutcome>,
    took: std::time::Duration,
}

async fn open(client: &Client, bearer: &ModeCredentials) -> ConnectAttempt {
    let began = Instant::now();
    let socket = match &bearer.credentials {
        Ok(credentials) => Socket::open(client, credentials).await.map_err(AttemptOutcome::Failed),
        Err(reason) => Err(AttemptOutcome::NotTried(reason.clone())),
    };
    ConnectAttempt { socket, took: began.elapsed() }
}

/// Why nothing else need be tried: nobody is there, or nobody whom we trust.
fn no_way(opened: &[ConnectAttempt]) -> Option<String> {
    let error = |it: &ConnectAttempt| match &it.socket {
        Err(AttemptOutcome::Failed(error)) => Some(error.clone()),
        _ => None,
    };
    let errors: Vec<Error> = opened.iter().filter_map(error).collect();
    let is_away = |it: &Error| {
        matches!(it.kind, ErrorKind::Unreachable | ErrorKind::Untrusted) && it.status.is_none()
    };
    let all = errors.iter().all(is_away) && !opened.iter().any(|it| it.socket.is_ok());
    let first = errors.first().filter(|_| all)?;
    Some(format!("the API can't be reached: {}", first.message))
}

fn skipped(check: &Check, reason: &str) -> CheckResult {
    let attempt = AttemptOutcome::NotTried(reason.to_owned());
    judge(check, attempt, &HandlerSetup::None, None, std::time::Duration::ZERO)
}

async fn wrong_key(client: &Client) -> AttemptOutcome {
    let key = Credentials::ApiKey(Secret::new(format!("da2-{}", Ids::fresh())));
    match Socket::open(client, &key).await {
        Ok(socket) => {
            socket.close().await;
            AttemptOutcome::Accepted { latency: None, detail: None }
        }
        Err(error) => AttemptOutcome::Failed(error),
    }
}

async fn unknown_namespace(ways: &ModeConnections) -> AttemptOutcome {
    let Some(mode) = ways.any_publisher() else {
        return AttemptOutcome::NotTried("there are no credentials for it".to_owned());
    };
    let channel = format!("/{}/provision-verify", Ids::fresh());
    match ways.publish(mode, &channel, "{}".to_owned()).await {
        Ok(_) => AttemptOutcome::Accepted { latency: None, detail: None },
        Err(error) => AttemptOutcome::Failed(error),
    }
}
