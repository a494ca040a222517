//! One namespace: whoever may subscribes to a channel that nobody else knows, then everybody publishes there.
use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::auth_mode::AuthMode;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::frame::PublishResponse;
use crate::verify::check::Check;
use crate::verify::check::{CheckSubject, CheckedOperation, Expected};
use crate::verify::mode_connections::ModeConnections;
use crate::verify::options::VerifyOptions;
use crate::verify::probe::{Ids, Probe};
use crate::verify::report::CheckResult;
use crate::verify::shared_connection::ReceivedEvent;
use crate::verify::target::{HandlerSetup, ModeCredentials, NamespaceTarget};
use crate::verify::verdict::{AttemptOutcome, judge};

/// Before an event is published again; each further time twice as long. Right after a subscription AppSync may
/// not deliver yet (docs/reference/data-plane.md#delivery-after-subscribing).
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Where one event was swallowed, the next is not waited for as long.
const SHORT_PATIENCE: Duration = Duration::from_secs(3);

/// A subscription, and what came of it.
struct Listener {
    /// Which check it is.
    check: usize,
    /// Whether the spec allows it: only then does it count what it hears.
    counts: bool,
    latency: Option<Duration>,
    /// Whether it missed what another heard.
    deaf: bool,
}

/// What is under way in one namespace.
struct NamespaceRun<'a> {
    bearers: &'a [ModeCredentials],
    ways: &'a ModeConnections,
    channel: String,
    probe: Probe,
    ears: Vec<Listener>,
    tell: mpsc::UnboundedSender<ReceivedEvent>,
    heard: mpsc::UnboundedReceiver<ReceivedEvent>,
    /// Whether any event was accepted.
    published: bool,
    patience: Duration,
}

/// Tries all `checks`, which are of this namespace.
pub async fn try_all(
    place: &NamespaceTarget,
    bearers: &[ModeCredentials],
    ways: &ModeConnections,
    checks: &[Check],
    options: VerifyOptions,
) -> Vec<CheckResult> {
    let (tell, heard) = mpsc::unbounded_channel();
    let mut namespace = NamespaceRun {
        bearers,
        ways,
        channel: format!("/{}/provision-verify/{}", place.name, Ids::fresh()),
        probe: Probe::new(place.event.as_deref(), place.on_publish != HandlerSetup::None),
        ears: Vec::new(),
        tell,
        heard,
        published: false,
        patience: options.timeout,
    };
    let mut attempts: Vec<(Option<AttemptOutcome>, Duration)> =
        vec![(None, Duration::ZERO); checks.len()];
    // All ears first: what is published before somebody listens is lost.
    for subscribes in [true, false] {
        for (n, check) in checks.iter().enumerate() {
            if (check.operation == CheckedOperation::Subscribe) == subscribes {
                let began = Instant::now();
                let attempt = namespace.attempt(n, check).await;
                attempts[n] = (Some(attempt), began.elapsed());
            }
        }
    }
    namespace.hear_out(&mut attempts);
    let finding = |(check, (attempt, took)): (&Check, (Option<AttemptOutcome>, Duration))| {
        let attempt = attempt.unwrap_or_else(|| AttemptOutcome::NotTried("not tried".to_owned()));
        let bearer = bearer(bearers, check);
        let caution = match place.accepted {
            Some(_) => bearer.and_then(|it| it.caution.as_deref()),
            None => Some("AWS does not have the namespace"),
        };
        let handling = bearer.map(|it| place.reached(check.operation, it.mode));
        judge(check, attempt, handling.unwrap_or(&HandlerSetup::None), caution, took)
    };
    checks.iter().zip(attempts).map(finding).collect()
}

fn bearer<'a>(bearers: &'a [ModeCredentials], check: &Check) -> Option<&'a ModeCredentials> {
    let CheckSubject::Namespace { mode, .. } = &check.about else { return None };
    bearers.iter().find(|it| it.mode == *mode)
}

impl NamespaceRun<'_> {
    async fn attempt(&mut self, n: usize, check: &Check) -> AttemptOutcome {
        if let Some(reason) = &check.hindered {
            return AttemptOutcome::NotTried(reason.clone());
        }
        let Some(bearer) = bearer(self.bearers, check) else {
            return AttemptOutcome::NotTried("there are no credentials for it".to_owned());
        };
        let Ok(credentials) = bearer.credentials.clone() else {
            return AttemptOutcome::NotTried("there are no credentials for it".to_owned());
        };
        if check.operation != CheckedOperation::PublishHttp
            && let Err(reason) = self.ways.line(bearer.mode)
        {
            return AttemptOutcome::NotTried(reason.to_owned());
        }
        match (check.operation, check.expected) {
            (CheckedOperation::Subscribe, _) => {
                self.subscribe(n, check, bearer.mode, &credentials).await
            }
            (operation, Expected::Allowed | Expected::Declared) => {
                self.deliver(operation, bearer.mode, &credentials).await
            }
            (operation, Expected::Refused) => {
                let event = self.probe.event(&Ids::fresh());
                match self.publish(operation, bearer.mode, &credentials, event).await {
                    Ok(_) => AttemptOutcome::Accepted { latency: None, detail: None },
                    Err(error) => AttemptOutcome::Failed(error),
                }
            }
        }
    }

    async fn subscribe(
        &mut self,
        n: usize,
        check: &Check,
        mode: AuthMode,
        credentials: &Credentials,
    ) -> AttemptOutcome {
        let line = match self.ways.line(mode) {
            Ok(line) => line,
            Err(reason) => return AttemptOutcome::NotTried(reason.to_owned()),
        };
        let ear = (self.ears.len(), self.tell.clone());
        match line.subscribe(&self.channel, credentials, ear).await {
            Ok(()) => {
                // A forbidden one that was accepted is delivered to as well, under a number of its own.
                let counts = check.expected == Expected::Allowed;
                self.ears.push(Listener { check: n, counts, latency: None, deaf: false });
                AttemptOutcome::Accepted { latency: None, detail: None }
            }
            Err(error) => AttemptOutcome::Failed(error),
        }
    }

    async fn publish(
        &self,
        operation: CheckedOperation,
        mode: AuthMode,
        credentials: &Credentials,
        event: String,
    ) -> Result<(Instant, PublishResponse), Error> {
        match (operation, self.ways.line(mode)) {
            (CheckedOperation::PublishSocket, Ok(line)) => {
                line.publish(&self.channel, event, credentials).await
            }
            _ => self.ways.publish(mode, &self.channel, event).await,
        }
    }

    /// Publishes until the event arrives, wherever it is listened for, or until patience ends.
    async fn deliver(
        &mut self,
        operation: CheckedOperation,
        mode: AuthMode,
        credentials: &Credentials,
    ) -> AttemptOutcome {
        while self.heard.try_recv().is_ok() {}
        let limit = self.patience;
        let deadline = Instant::now() + limit;
        let (mut nonces, mut moments) = (Vec::new(), Vec::new());
        let listening = self.ears.iter().enumerate().filter(|(_, it)| it.counts && !it.deaf);
        let mut missing: BTreeSet<usize> = listening.map(|(n, _)| n).collect();
        let (mut latency, mut pause) = (None, FIRST_PAUSE);
        loop {
            let nonce = Ids::fresh();
            let event = self.probe.event(&nonce);
            let (at, published) = match self.publish(operation, mode, credentials, event).await {
                Ok(published) => published,
                Err(error) => return AttemptOutcome::Failed(error),
            };
            if let Some(rejected) = published.failed.first() {
                let reason = rejected.message.clone().unwrap_or_else(|| "no reason".to_owned());
                return AttemptOutcome::Rejected(reason);
            }
            self.published = true;
            if missing.is_empty() {
                let detail = "accepted; there are no credentials that may subscribe, so nobody saw it arrive";
                return AttemptOutcome::Accepted { latency: None, detail: Some(detail.to_owned()) };
            }
            nonces.push(nonce);
            moments.push(at);
            let until = deadline.min(Instant::now() + pause);
            while let Ok(Some(heard)) = timeout_at(until, self.heard.recv()).await {
                if !self.ears[heard.ear].counts {
                    continue;
                }
                let Some(n) = self.probe.found(&heard.event, &nonces) else { continue };
                let took = heard.at.saturating_duration_since(moments[n]);
                self.ears[heard.ear].latency.get_or_insert(took);
                latency.get_or_insert(took);
                missing.remove(&heard.ear);
                if missing.is_empty() {
                    return AttemptOutcome::Accepted { latency, detail: None };
                }
            }
            if Instant::now() >= deadline {
                break;
            }
            pause *= 2;
        }
        if latency.is_some() {
            missing.iter().for_each(|it| self.ears[*it].deaf = true);
            return AttemptOutcome::Accepted { latency, detail: None };
        }
        self.patience = self.patience.min(SHORT_PATIENCE);
        AttemptOutcome::Vanished(limit)
    }

    /// What each subscription brought, now that everything is published.
    fn hear_out(&self, attempts: &mut [(Option<AttemptOutcome>, Duration)]) {
        let somebody_heard = self.ears.iter().any(|it| it.latency.is_some());
        for ear in self.ears.iter().filter(|it| it.counts) {
            let attempt = match (ear.latency, somebody_heard) {
                (None, true) => AttemptOutcome::Vanished(self.patience),
                (None, false) if !self.published => {
                    let detail = "accepted; no event was published that could have arrived";
                    AttemptOutcome::Accepted { latency: None, detail: Some(detail.to_owned()) }
                }
                (latency, _) => AttemptOutcome::Accepted { latency, detail: None },
            };
            attempts[ear.check].0 = Some(attempt);
        }
    }
}
