//! Goes to an API and tries everything; answers in the order of the matrix.
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::verify::judge::{Attempt, judge};
use crate::verify::line::Line;
use crate::verify::matrix::{Check, matrix};
use crate::verify::namespace::try_all;
use crate::verify::probe::Ids;
use crate::verify::{About, Bearer, Finding, Handling, Options, Place, Subject, Verified};
use crate::{Client, ClientError, Credentials, Kind, Mode, Published, Publisher, Secret, Socket};

/// Namespaces that are tried at a time.
const NAMESPACES_AT_ONCE: usize = 8;

/// The ways to an API that all namespaces share: a connection and a publisher a mode.
pub struct Ways {
    lines: Vec<(Mode, Line)>,
    publishers: Vec<(Mode, Mutex<Publisher>)>,
    /// Why there is no connection, if there is none.
    reason: String,
}

impl Ways {
    /// The mode's own connection; else any, for each message says as whom it comes.
    pub fn line(&self, mode: Mode) -> Result<&Line, &str> {
        let own = self.lines.iter().find(|(it, _)| *it == mode);
        own.or(self.lines.first()).map(|(_, line)| line).ok_or(&self.reason)
    }
    /// Publishes one event over HTTP, and says when it went.
    pub async fn publish(
        &self,
        mode: Mode,
        channel: &str,
        event: String,
    ) -> Result<(Instant, Published), ClientError> {
        let Some((_, publisher)) = self.publishers.iter().find(|(it, _)| *it == mode) else {
            return Err(ClientError::new(
                Kind::NoCredentials,
                "publish",
                "there are no credentials for it",
            ));
        };
        let mut publisher = publisher.lock().await;
        let at = Instant::now();
        publisher.publish(channel, &[event]).await.map(|it| (at, it))
    }
}

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
    let ways = ways(subject, lines);
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

fn ways(subject: &Subject, lines: Vec<(Mode, Line)>) -> Ways {
    let publisher = |it: &Bearer| {
        let credentials = it.credentials.clone().ok()?;
        let publisher = Publisher::over_http(subject.client.clone(), credentials);
        Some((it.mode, Mutex::new(publisher)))
    };
    let names: Vec<&str> = subject.connect.iter().map(|it| it.as_str()).collect();
    let reason = format!("there is no connection to do it on: that takes {}", names.join(" or "));
    Ways { lines, publishers: subject.bearers.iter().filter_map(publisher).collect(), reason }
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
    let Some((mode, _)) = ways.publishers.first() else {
        return Attempt::NotTried("there are no credentials for it".to_owned());
    };
    let channel = format!("/{}/provision-verify", Ids::fresh());
    match ways.publish(*mode, &channel, "{}".to_owned()).await {
        Ok(_) => Attempt::Accepted { latency: None, detail: None },
        Err(error) => Attempt::Failed(error),
    }
}
