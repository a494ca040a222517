//! Goes to an API and tries everything; answers in the order of the matrix.
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{ClientError, Kind};
use crate::secret::Secret;
use crate::socket::Socket;
use crate::verify::check::{About, Check};
use crate::verify::matrix::matrix;
use crate::verify::mode_connections::Ways;
use crate::verify::namespace::try_all;
use crate::verify::options::Options;
use crate::verify::probe::Ids;
use crate::verify::report::{Finding, Verified};
use crate::verify::shared_connection::Line;
use crate::verify::target::{Bearer, Handling, Place, Subject};
use crate::verify::verdict::{Attempt, judge};

/// Namespaces that are tried at a time.
const NAMESPACES_AT_ONCE: usize = 8;

/// Tries everything that there is to try on one API.
pub async fn verify(subject: &Subject, options: Options) -> Verified {
    let checks = matrix(subject, options);
    let opened = join_all(subject.bearers.iter().map(|it| open(&subject.client, it))).await;
    let unreachable = no_way(&opened);
    let (mut connections, mut lines, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for (bearer, opened) in subject.bearers.iter().zip(opened) {
        let attempt = match opened.socket {
            Ok(socket) => {
                let (line, task) = Line::over(socket);
                lines.push((bearer.mode, line));
                tasks.push(task);
                Attempt::Accepted { latency: None, detail: None }
            }
            Err(attempt) => attempt,
        };
        let about = About::Connection { mode: bearer.mode };
        if let Some(check) = checks.iter().find(|it| it.about == about) {
            let caution = bearer.caution.as_deref();
            connections.push(judge(check, attempt, &Handling::None, caution, opened.took));
        }
    }
    let ways = Ways::new(subject, lines);
    let rest = match unreachable {
        Some(reason) => checks[connections.len()..].iter().map(|it| skipped(it, &reason)).collect(),
        None => rest(subject, &checks, &ways, options).await,
    };
    drop(ways);
    join_all(tasks).await.into_iter().for_each(|it: Result<(), _>| drop(it));
    let url = subject.client.endpoint.http.to_string();
    let findings = connections.into_iter().chain(rest).chain(subject.known.clone()).collect();
    Verified { api: subject.key.clone(), url, findings }
}

/// Everything but the connections of the modes.
async fn rest(subject: &Subject, checks: &[Check], ways: &Ways, options: Options) -> Vec<Finding> {
    let of = |place: &Place| -> Vec<Check> {
        let is_here = |it: &&Check| matches!(&it.about, About::Namespace { namespace, .. } if *namespace == place.name);
        checks.iter().filter(is_here).cloned().collect()
    };
    let places = stream::iter(&subject.places).map(|place| {
        let checks = of(place);
        async move { try_all(place, &subject.bearers, ways, &checks, options).await }
    });
    let mut findings: Vec<Finding> =
        places.buffered(NAMESPACES_AT_ONCE).collect::<Vec<_>>().await.concat();
    for check in checks {
        let began = Instant::now();
        let attempt = match check.about {
            About::WrongKey => wrong_key(&subject.client).await,
            About::UnknownNamespace => unknown_namespace(ways).await,
            About::Connection { .. } | About::Namespace { .. } | About::Resource { .. } => continue,
        };
        findings.push(judge(check, attempt, &Handling::None, None, began.elapsed()));
    }
    findings
}

/// A connection that was tried.
struct Opened {
    socket: Result<Socket, Attempt>,
    took: std::time::Duration,
}

async fn open(client: &Client, bearer: &Bearer) -> Opened {
    let began = Instant::now();
    let socket = match &bearer.credentials {
        Ok(credentials) => Socket::open(client, credentials).await.map_err(Attempt::Failed),
        Err(reason) => Err(Attempt::NotTried(reason.clone())),
    };
    Opened { socket, took: began.elapsed() }
}

/// Why nothing else need be tried: nobody is there, or nobody whom we trust.
fn no_way(opened: &[Opened]) -> Option<String> {
    let error = |it: &Opened| match &it.socket {
        Err(Attempt::Failed(error)) => Some(error.clone()),
        _ => None,
    };
    let errors: Vec<ClientError> = opened.iter().filter_map(error).collect();
    let is_away = |it: &ClientError| {
        matches!(it.kind, Kind::Unreachable | Kind::Untrusted) && it.status.is_none()
    };
    let all = errors.iter().all(is_away) && !opened.iter().any(|it| it.socket.is_ok());
    let first = errors.first().filter(|_| all)?;
    Some(format!("the API can't be reached: {}", first.message))
}

fn skipped(check: &Check, reason: &str) -> Finding {
    let attempt = Attempt::NotTried(reason.to_owned());
    judge(check, attempt, &Handling::None, None, std::time::Duration::ZERO)
}

async fn wrong_key(client: &Client) -> Attempt {
    let key = Credentials::ApiKey(Secret::new(format!("da2-{}", Ids::fresh())));
    match Socket::open(client, &key).await {
        Ok(socket) => {
            socket.close().await;
            Attempt::Accepted { latency: None, detail: None }
        }
        Err(error) => Attempt::Failed(error),
    }
}

async fn unknown_namespace(ways: &Ways) -> Attempt {
    let Some(mode) = ways.any_publisher() else {
        return Attempt::NotTried("there are no credentials for it".to_owned());
    };
    let channel = format!("/{}/provision-verify", Ids::fresh());
    match ways.publish(mode, &channel, "{}".to_owned()).await {
        Ok(_) => Attempt::Accepted { latency: None, detail: None },
        Err(error) => Attempt::Failed(error),
    }
}
