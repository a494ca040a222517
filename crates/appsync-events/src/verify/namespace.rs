//! The checks of one channel namespace: every mode that is allowed to subscribes to a channel that no
//! one else uses, then every mode publishes there.
use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::auth_mode::AuthMode;
use crate::channel::Channel;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::event::Event;
use crate::publish_response::PublishResponse;
use crate::verify::connections::ModeConnections;
use crate::verify::connections::{Arrival, ListenerSender};
use crate::verify::event_template::{EventMatcher, EventTemplate, new_nonce};
use crate::verify::plan::VerifyOptions;
use crate::verify::report::CheckResult;
use crate::verify::report::{Check, CheckSubject, CheckedOperation, Expectation};
use crate::verify::target::{HandlerSetup, ModeCredentials, NamespaceTarget};
use crate::verify::verdict::{AttemptOutcome, evaluate};

/// The delay before an event is published again; it doubles each time. AppSync may not deliver events
/// directly after a subscription (docs/reference/data-plane.md#delivery-after-subscribing).
const INITIAL_REPUBLISH_DELAY: Duration = Duration::from_millis(500);
/// The timeout after one event was not delivered.
const REDUCED_TIMEOUT: Duration = Duration::from_secs(3);
const NO_CREDENTIALS: &str = "no credentials for this mode";

/// A subscription that was accepted.
struct Listener {
    /// The index of its check.
    check: usize,
    /// Whether the subscription is expected to be allowed. Only then its events count.
    is_expected: bool,
    /// The latency of the first event that arrived.
    latency: Option<Duration>,
    /// Whether it missed an event that another listener received.
    failed: bool,
}

/// The running checks of one namespace.
struct NamespaceRun<'a> {
    credentials: &'a [ModeCredentials],
    connections: &'a ModeConnections,
    channel: Channel,
    template: EventTemplate,
    matcher: EventMatcher,
    listeners: Vec<Listener>,
    arrival_sender: mpsc::UnboundedSender<Arrival>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    /// Whether any event was accepted.
    has_published: bool,
    timeout: Duration,
}

/// Makes all `checks`, which are those of `target`.
pub async fn check_namespace(
    target: &NamespaceTarget,
    credentials: &[ModeCredentials],
    connections: &ModeConnections,
    checks: &[Check],
    options: VerifyOptions,
) -> Vec<CheckResult> {
    let outcomes =
        match Channel::parse(&format!("/{}/provision-verify/{}", target.name, new_nonce())) {
            Ok(channel) => {
                let run = NamespaceRun::new(target, credentials, connections, channel, options);
                run.attempt_all(checks).await
            }
            Err(error) => {
                let skipped = (AttemptOutcome::not_tried(error.to_string()), Duration::ZERO);
                vec![skipped; checks.len()]
            }
        };
    let result = |(check, (outcome, duration)): (&Check, (AttemptOutcome, Duration))| {
        let mode = mode_of(credentials, check);
        let denial_hint = match target.live_modes {
            Some(_) => mode.and_then(|mode| mode.denial_hint.as_deref()),
            None => Some("AWS does not have the namespace"),
        };
        let handler = mode.map(|mode| target.live_handler(check.operation, mode.mode));
        evaluate(check, outcome, handler.unwrap_or(&HandlerSetup::None), denial_hint, duration)
    };
    checks.iter().zip(outcomes).map(result).collect()
}

fn mode_of<'a>(credentials: &'a [ModeCredentials], check: &Check) -> Option<&'a ModeCredentials> {
    let CheckSubject::Namespace { mode, .. } = &check.subject else { return None };
    credentials.iter().find(|credentials| credentials.mode == *mode)
}

impl<'a> NamespaceRun<'a> {
    fn new(
        target: &NamespaceTarget,
        credentials: &'a [ModeCredentials],
        connections: &'a ModeConnections,
        channel: Channel,
        options: VerifyOptions,
    ) -> Self {
        let template = target.event.clone().unwrap_or_default();
        let (arrival_sender, arrivals) = mpsc::unbounded_channel();
        Self {
            credentials,
            connections,
            channel,
            matcher: EventMatcher::new(&template, target.on_publish != HandlerSetup::None),
            template,
            listeners: Vec::new(),
            arrival_sender,
            arrivals,
            has_published: false,
            timeout: options.timeout,
        }
    }

    async fn attempt_all(mut self, checks: &[Check]) -> Vec<(AttemptOutcome, Duration)> {
        let not_tried = (AttemptOutcome::not_tried("not tried"), Duration::ZERO);
        let mut outcomes = vec![not_tried; checks.len()];
        // Subscriptions come first: an event that is published before has no listener.
        for is_subscribe in [true, false] {
            for (index, check) in checks.iter().enumerate() {
                if (check.operation == CheckedOperation::Subscribe) == is_subscribe {
                    let start = Instant::now();
                    let outcome = self.attempt(index, check).await;
                    outcomes[index] = (outcome, start.elapsed());
                }
            }
        }
        for (index, outcome) in self.listener_outcomes() {
            outcomes[index].0 = outcome;
        }
        outcomes
    }

    async fn attempt(&mut self, index: usize, check: &Check) -> AttemptOutcome {
        if let Some(obstacle) = &check.obstacle {
            return AttemptOutcome::from_obstacle(obstacle);
        }
        let Some(mode) = mode_of(self.credentials, check) else {
            return AttemptOutcome::not_tried(NO_CREDENTIALS);
        };
        let Ok(credentials) = &mode.credentials else {
            return AttemptOutcome::not_tried(NO_CREDENTIALS);
        };
        if check.operation != CheckedOperation::PublishHttp
            && let Err(reason) = self.connections.connection(mode.mode)
        {
            return AttemptOutcome::not_tried(reason);
        }
        match (check.operation, check.expected) {
            (CheckedOperation::Subscribe, _) => {
                self.subscribe(index, check, mode.mode, credentials).await
            }
            (operation, Expectation::Allowed | Expectation::Declared) => {
                self.publish_until_received(operation, mode.mode, credentials).await
            }
            (operation, Expectation::Denied) => {
                let event = match self.template.event(&new_nonce()) {
                    Ok(event) => event,
                    Err(error) => return AttemptOutcome::not_tried(error.to_string()),
                };
                match self.publish(operation, mode.mode, credentials, event).await {
                    Ok(_) => AttemptOutcome::accepted(),
                    Err(error) => AttemptOutcome::Failed(error),
                }
            }
        }
    }

    async fn subscribe(
        &mut self,
        index: usize,
        check: &Check,
        mode: AuthMode,
        credentials: &Credentials,
    ) -> AttemptOutcome {
        let connection = match self.connections.connection(mode) {
            Ok(connection) => connection,
            Err(reason) => return AttemptOutcome::not_tried(reason),
        };
        let listener = ListenerSender {
            listener: self.listeners.len(),
            arrivals: self.arrival_sender.clone(),
        };
        match connection.subscribe(self.channel.as_str(), credentials, listener).await {
            Ok(()) => {
                // A subscription that should have been denied receives events as well, and they
                // must not count as arrivals for the others.
                let is_expected = check.expected == Expectation::Allowed;
                let listener = Listener { check: index, is_expected, latency: None, failed: false };
                self.listeners.push(listener);
                AttemptOutcome::accepted()
            }
            Err(error) => AttemptOutcome::Failed(error),
        }
    }

    async fn publish(
        &self,
        operation: CheckedOperation,
        mode: AuthMode,
        credentials: &Credentials,
        event: Event,
    ) -> Result<(Instant, PublishResponse), Error> {
        match (operation, self.connections.connection(mode)) {
            (CheckedOperation::PublishSocket, Ok(connection)) => {
                connection.publish(self.channel.as_str(), event, credentials).await
            }
            _ => self.connections.publish(mode, &self.channel, event).await,
        }
    }

    /// Publishes until an event has arrived at every listener, or until the timeout. It is long because the
    /// loop shares its state: sent events, arrivals and the last error.
    async fn publish_until_received(
        &mut self,
        operation: CheckedOperation,
        mode: AuthMode,
        credentials: &Credentials,
    ) -> AttemptOutcome {
        while self.arrivals.try_recv().is_ok() {}
        let limit = self.timeout;
        let deadline = Instant::now() + limit;
        let (mut nonces, mut sent_times) = (Vec::new(), Vec::new());
        let listeners = self.listeners.iter().enumerate();
        let listeners = listeners.filter(|(_, listener)| listener.is_expected && !listener.failed);
        let mut missing: BTreeSet<usize> = listeners.map(|(index, _)| index).collect();
        let (mut latency, mut delay) = (None, INITIAL_REPUBLISH_DELAY);
        loop {
            let nonce = new_nonce();
            let event = match self.template.event(&nonce) {
                Ok(event) => event,
                Err(error) => return AttemptOutcome::not_tried(error.to_string()),
            };
            let (sent, response) = match self.publish(operation, mode, credentials, event).await {
                Ok(published) => published,
                Err(error) => return AttemptOutcome::Failed(error),
            };
            if let Some(rejected) = response.failed.into_iter().next() {
                let reason = rejected.message.unwrap_or_else(|| "no reason given".to_owned());
                return AttemptOutcome::EventRejected(reason);
            }
            self.has_published = true;
            if missing.is_empty() {
                let detail =
                    "accepted; no credentials allow subscribing, so the arrival was not observed";
                return AttemptOutcome::Accepted { latency: None, detail: Some(detail.to_owned()) };
            }
            nonces.push(nonce);
            sent_times.push(sent);
            let next_publish = deadline.min(Instant::now() + delay);
            while let Ok(Some(arrival)) = timeout_at(next_publish, self.arrivals.recv()).await {
                let listener = &mut self.listeners[arrival.listener];
                if !listener.is_expected {
                    continue;
                }
                let Some(index) = self.matcher.find_nonce(&arrival.payload, &nonces) else {
                    continue;
                };
                let arrival_latency = arrival.time.saturating_duration_since(sent_times[index]);
                listener.latency.get_or_insert(arrival_latency);
                latency.get_or_insert(arrival_latency);
                missing.remove(&arrival.listener);
                if missing.is_empty() {
                    return AttemptOutcome::Accepted { latency, detail: None };
                }
            }
            if Instant::now() >= deadline {
                break;
            }
            delay *= 2;
        }
        if latency.is_some() {
            for index in missing {
                self.listeners[index].failed = true;
            }
            return AttemptOutcome::Accepted { latency, detail: None };
        }
        self.timeout = self.timeout.min(REDUCED_TIMEOUT);
        AttemptOutcome::NotDelivered(limit)
    }

    /// The final outcomes of the subscriptions, by the index of their check.
    fn listener_outcomes(&self) -> impl Iterator<Item = (usize, AttemptOutcome)> {
        let any_received = self.listeners.iter().any(|listener| listener.latency.is_some());
        let expected = self.listeners.iter().filter(|listener| listener.is_expected);
        expected.map(move |listener| {
            let outcome = match (listener.latency, any_received) {
                (None, true) => AttemptOutcome::NotDelivered(self.timeout),
                (None, false) if !self.has_published => {
                    let detail = "subscribing was accepted; delivery was not tested, because no event was published";
                    AttemptOutcome::Accepted { latency: None, detail: Some(detail.to_owned()) }
                }
                (latency, _) => AttemptOutcome::Accepted { latency, detail: None },
            };
            (listener.check, outcome)
        })
    }
}
