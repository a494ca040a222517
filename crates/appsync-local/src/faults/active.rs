//! The faults that are in force, and what they must remember from call to call.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::faults::history::History;
use crate::faults::model::{
    FaultRule, Faults, InjectedFault, Latency, OperationFilter, Overlap, Quotas,
};
use crate::lock::lock;
use crate::protocol::caller::Caller;
use crate::protocol::operation::{Appsync, Iam, Listing, Operation, OperationKind};
use crate::protocol::response::AwsError;
use crate::state::State;

/// What is in force, and how far it has come.
pub struct ActiveFaults(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    faults: Faults,
    /// How many calls came, for jitter.
    call_count: u64,
    /// What each rule has seen and done.
    rule_counts: Vec<RuleCount>,
    /// What changes that last are about.
    changes_in_progress: BTreeSet<String>,
    /// When roles were made and their trust was last changed, by account and name in lower case.
    role_times: BTreeMap<(String, String), RoleTimes>,
    /// Only while lists are stale.
    history: Option<History>,
    /// How far the clock was moved.
    clock_moved_s: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct RuleCount {
    matches: u64,
    injections: u64,
}

#[derive(Clone, Copy, Debug)]
struct RoleTimes {
    created_epoch_s: f64,
    trust_changed_epoch_s: f64,
}

/// What is to happen to one call.
#[derive(Debug)]
pub struct FaultDecision {
    pub delay: Duration,
    pub fault: Option<InjectedFault>,
    /// Whether a rule delays it.
    pub has_delay_rule: bool,
}

/// A change that lasts; it ends when this is dropped.
pub struct ChangeGuard {
    faults: Arc<ActiveFaults>,
    key: String,
}

impl ActiveFaults {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Puts `faults` in force, from `state` on. Rules start counting anew.
    pub fn set(&self, faults: Faults, state: &State) {
        let stale = faults.lists_lag_s > 0 || faults.lists_lag_calls > 0;
        let mut inner = self.inner();
        inner.rule_counts = vec![RuleCount::default(); faults.rules.len()];
        inner.call_count = 0;
        inner.history = stale.then(|| History::new(state.clone()));
        inner.faults = faults;
    }

    pub fn faults(&self) -> Faults {
        self.inner().faults.clone()
    }
    pub fn quotas(&self) -> Quotas {
        self.inner().faults.quotas
    }
    /// Left to itself: when the clock is skewed.
    pub fn checks_signature_time(&self) -> bool {
        let faults = &self.inner().faults;
        faults.check_signature_time.unwrap_or(faults.clock_skew_s != 0)
    }
    pub fn overlap_duration(&self) -> Duration {
        Duration::from_millis(self.inner().faults.overlap_ms)
    }

    /// How far this clock is from the machine's.
    pub fn clock_offset_s(&self) -> f64 {
        let inner = self.inner();
        inner.faults.clock_skew_s as f64 + inner.clock_moved_s
    }
    pub fn move_clock(&self, by_s: f64) {
        self.inner().clock_moved_s += by_s;
    }

    /// Asks the rules. Delays add up; of other faults the first counts.
    pub fn decide(&self, operation: &Operation) -> FaultDecision {
        let mut inner = self.inner();
        let Inner { faults, call_count: calls, rule_counts: counts, .. } = &mut *inner;
        *calls += 1;
        let latency = faults.latency_ms.map_or(0, |it| it.draw_ms(draw(faults.seed, 0, *calls)));
        let mut verdict = FaultDecision {
            delay: Duration::from_millis(latency),
            fault: None,
            has_delay_rule: false,
        };
        for ((n, rule), count) in faults.rules.iter().enumerate().zip(counts) {
            let drawn = |matched| draw(faults.seed, n as u64 + 1, matched);
            // A rule that comes too late counts the call all the same.
            let open = verdict.fault.is_none() || matches!(rule.fault, InjectedFault::DelayMs(_));
            if !rule.matches_call(operation, count, open, drawn) {
                continue;
            }
            match &rule.fault {
                InjectedFault::DelayMs(more) => {
                    verdict.delay += Duration::from_millis(*more);
                    verdict.has_delay_rule = true;
                }
                effect => verdict.fault = Some(effect.clone()),
            }
        }
        verdict
    }

    /// Begins the change that `operation` is, unless another of the same lasts.
    pub fn begin_change(
        self: &Arc<Self>,
        operation: &Operation,
    ) -> Result<Option<ChangeGuard>, AwsError> {
        let Some(key) = &operation.change_key else { return Ok(None) };
        let mut inner = self.inner();
        let counts = operation.kind != OperationKind::Appsync(Appsync::CreateApi)
            || inner.faults.overlap_create_api;
        if inner.faults.overlap == Overlap::Allowed || !counts {
            return Ok(None);
        }
        match inner.changes_in_progress.insert(key.clone()) {
            true => Ok(Some(ChangeGuard { faults: Arc::clone(self), key: key.clone() })),
            false => {
                let message = "Another modification is in progress. Please try again later.";
                Err(AwsError::new(409, "ConcurrentModificationException", message))
            }
        }
    }

    /// Notes that a role was made, or that only its trust was changed.
    pub fn record_role_change(&self, account: &str, name: &str, made: bool, now_epoch_s: f64) {
        let key = (account.to_owned(), name.to_ascii_lowercase());
        let mut inner = self.inner();
        let fresh = RoleTimes { created_epoch_s: now_epoch_s, trust_changed_epoch_s: now_epoch_s };
        let known = inner.role_times.get(&key).map_or(f64::NEG_INFINITY, |it| it.created_epoch_s);
        let made_epoch_s = if made { now_epoch_s } else { known };
        inner.role_times.insert(key, RoleTimes { created_epoch_s: made_epoch_s, ..fresh });
    }
    pub fn record_role_deletion(&self, account: &str, name: &str) {
        self.inner().role_times.remove(&(account.to_owned(), name.to_ascii_lowercase()));
    }

    /// Rejects a role that is too new: AWS could not assume it yet
    /// (docs/reference/iam.md#propagation).
    pub fn check_role(&self, arn: &str, now_epoch_s: f64) -> Result<(), AwsError> {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let name = arn.rsplit('/').next().unwrap_or_default();
        let inner = self.inner();
        let times = inner.role_times.get(&(account.to_owned(), name.to_ascii_lowercase()));
        let settled_at =
            times.map(|it| it.trust_changed_epoch_s + inner.faults.roles_settle_s as f64);
        match settled_at {
            // AWS's text is not known.
            Some(at) if now_epoch_s < at => {
                Err(AwsError::bad_request(format!("Unable to assume role {arn}.")))
            }
            _ => Ok(()),
        }
    }

    /// Remembers the state that a change made, if lists are to be stale.
    pub fn record_state(&self, state: &State, now_epoch_s: f64) {
        let mut inner = self.inner();
        let lag_s = inner.faults.lists_lag_s;
        if let (Some(history), true) = (&mut inner.history, lag_s > 0) {
            history.record(state.clone(), now_epoch_s, lag_s as f64);
        }
    }

    /// What a call is shown in place of `state`, if it is to be shown something else.
    pub fn stale_state(
        &self,
        operation: &Operation,
        caller: &Caller,
        listing: Option<&Listing>,
        state: &State,
        now_epoch_s: f64,
    ) -> Option<State> {
        let mut inner = self.inner();
        let Faults { lists_lag_s, lists_lag_calls, iam_reads_lag_s, .. } = inner.faults;
        let lists = inner.history.as_mut().zip(listing).map(|(history, listing)| {
            let then = match lists_lag_s {
                0 => Arc::new(state.clone()),
                lag_s => history.state_seconds_ago(now_epoch_s, lag_s as f64),
            };
            match lists_lag_calls {
                0 => then,
                calls => history.state_calls_ago(listing, calls, then),
            }
        });
        let lists = lists.map(|it| State::clone(&it));
        let reads_roles =
            matches!(operation.kind, OperationKind::Iam(Iam::GetRole | Iam::ListRoles));
        if iam_reads_lag_s == 0 || !reads_roles {
            return lists;
        }
        let mut shown = lists.unwrap_or_else(|| state.clone());
        shown.account(caller).roles.retain(|name, _| {
            let times = inner.role_times.get(&(caller.account.clone(), name.clone()));
            times.is_none_or(|it| it.created_epoch_s + iam_reads_lag_s as f64 <= now_epoch_s)
        });
        Some(shown)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }
}

impl FaultRule {
    /// Whether it acts on this call; it counts the call in any case.
    fn matches_call(
        &self,
        operation: &Operation,
        count: &mut RuleCount,
        open: bool,
        drawn: impl Fn(u64) -> f64,
    ) -> bool {
        let on = match &self.on {
            OperationFilter::Any => true,
            OperationFilter::Names(names) => names.contains(&operation.kind.name()),
        };
        if !on || self.service.is_some_and(|it| operation.kind.service() != Some(it)) {
            return false;
        }
        count.matches += 1;
        let fires = open
            && count.matches > self.after
            && self.times.is_none_or(|times| count.injections < times)
            && self.chance.is_none_or(|chance| drawn(count.matches) < chance);
        count.injections += u64::from(fires);
        fires
    }
}

impl Latency {
    fn draw_ms(self, chance: f64) -> u64 {
        self.min + ((self.max - self.min) as f64 * chance).round() as u64
    }
}

impl Drop for ChangeGuard {
    fn drop(&mut self) {
        self.faults.inner().changes_in_progress.remove(&self.key);
    }
}

impl fmt::Debug for ChangeGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// A number from 0 up to 1, the same for the same three inputs: reproducible randomness.
fn draw(seed: u64, whose: u64, nth: u64) -> f64 {
    let mix = |it: u64| {
        // SplitMix64.
        let it = it.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    };
    let bits = mix(mix(mix(seed) ^ whose) ^ nth);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn running(faults: Value) -> Arc<ActiveFaults> {
        let running = ActiveFaults::new();
        running.set(serde_json::from_value(faults).unwrap(), &State::default());
        running
    }
    fn get_api() -> Operation {
        Operation {
            kind: OperationKind::Appsync(Appsync::GetApi),
            labels: Vec::new(),
            change_key: None,
        }
    }
    /// What each of some calls meets.
    fn met(running: &ActiveFaults, calls: usize) -> Vec<&'static str> {
        let name = |_| running.decide(&get_api()).fault.map_or("", |it| it.name());
        (0..calls).map(name).collect()
    }

    #[test]
    fn rules_skip_count_and_end_and_the_first_decides() {
        let rules = json!([
            { "on": "CreateApi", "fault": "hang" },
            { "on": "*", "service": "iam", "fault": "hang" },
            { "on": ["GetApi", "ListApis"], "fault": "throttle", "after": 1, "times": 2 },
            { "on": "GetApi", "fault": "drop-after", "after": 2 },
        ]);
        let running = running(json!({ "rules": rules }));
        assert_eq!(met(&running, 5), ["", "throttle", "throttle", "drop-after", "drop-after"]);
    }

    #[test]
    fn delays_add_up_to_the_latency_and_leave_the_other_rules_their_turn() {
        let rules = json!([
            { "on": "*", "fault": { "delay-ms": 20 } },
            { "on": "*", "fault": "fail-after" },
            { "on": "*", "fault": { "delay-ms": 300 } },
        ]);
        let verdict = running(json!({ "latency-ms": 1, "rules": rules })).decide(&get_api());
        assert_eq!(verdict.delay, Duration::from_millis(321));
        assert_eq!(verdict.fault, Some(InjectedFault::FailAfter));
    }

    #[test]
    fn chance_and_jitter_are_the_same_for_the_same_seed() {
        let faults = |seed: u64| {
            json!({
                "seed": seed,
                "latency-ms": { "min": 10, "max": 20 },
                "rules": [{ "on": "*", "fault": "throttle", "chance": 0.3 }],
            })
        };
        let fired = |seed| met(&running(faults(seed)), 1_000);
        assert_eq!(fired(1), fired(1));
        assert_ne!(fired(1), fired(2));
        let count = fired(1).iter().filter(|it| !it.is_empty()).count();
        assert!((250..350).contains(&count), "{count}");
        let running = running(faults(1));
        let waits: BTreeSet<_> = (0..200).map(|_| running.decide(&get_api()).delay).collect();
        assert_eq!(waits.first(), Some(&Duration::from_millis(10)));
        assert_eq!(waits.last(), Some(&Duration::from_millis(20)));
        assert_eq!(waits.len(), 11);
    }
}
