//! The faults that are injected now, with what they must know of earlier calls. Deciding on a call never executes
//! it, and uses no randomness but the seed's. The file is long because of its tests.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::faults::model::{
    FaultRule, Faults, InjectedFault, Latency, OperationFilter, Overlap, Quotas,
};
use crate::lock::lock;
use crate::protocol::caller::Caller;
use crate::protocol::operation::{Appsync, Iam, Listing, Operation, OperationKind};
use crate::protocol::response::AwsError;
use crate::state::State;

/// The faults that are injected now, and the state of their injection.
pub struct ActiveFaults(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    faults: Faults,
    /// The number of calls so far, for the latency.
    call_count: u64,
    /// The counts of each rule.
    rule_counts: Vec<RuleCount>,
    /// The keys of the changes in progress.
    changes_in_progress: BTreeSet<String>,
    /// When roles were created and their trust policies changed, by account and name in lower case.
    role_times: BTreeMap<(String, String), RoleTimes>,
    /// The former states, if lists are stale.
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

/// The faults that are injected into one call.
#[derive(Debug)]
pub struct FaultDecision {
    pub delay: Duration,
    pub fault: Option<InjectedFault>,
    /// Whether a rule is part of the delay.
    pub has_delay_rule: bool,
}

/// A change in progress, which ends when this is dropped.
pub struct ChangeGuard {
    faults: Arc<ActiveFaults>,
    key: String,
}

impl ActiveFaults {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Replaces the faults. Rules start counting anew, and stale lists start with `state`.
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
    /// Whether signatures are checked for their time. Default: only if the clock is skewed.
    pub fn checks_signature_time(&self) -> bool {
        let faults = &self.inner().faults;
        faults.check_signature_time.unwrap_or(faults.clock_skew_s != 0)
    }
    pub fn overlap_duration(&self) -> Duration {
        Duration::from_millis(self.inner().faults.overlap_ms)
    }

    /// How far the emulator's clock is ahead of the machine's.
    pub fn clock_offset_s(&self) -> f64 {
        let inner = self.inner();
        inner.faults.clock_skew_s as f64 + inner.clock_moved_s
    }
    pub fn move_clock(&self, by_s: f64) {
        self.inner().clock_moved_s += by_s;
    }

    /// Decides by the rules. Delays add up; of the other faults the first is injected.
    pub fn decide(&self, operation: &Operation) -> FaultDecision {
        let mut inner = self.inner();
        let Inner { faults, call_count, rule_counts, .. } = &mut *inner;
        *call_count += 1;
        let latency = faults
            .latency_ms
            .map_or(0, |latency| latency.draw_ms(draw(faults.seed, 0, *call_count)));
        let mut decision = FaultDecision {
            delay: Duration::from_millis(latency),
            fault: None,
            has_delay_rule: false,
        };
        for ((n, rule), count) in faults.rules.iter().enumerate().zip(rule_counts) {
            let draw_nth = |nth| draw(faults.seed, n as u64 + 1, nth);
            // Of several faults the first is injected; the other rules count the call nevertheless.
            let is_possible =
                decision.fault.is_none() || matches!(rule.fault, InjectedFault::DelayMs(_));
            if !rule.is_injected(operation, count, is_possible, draw_nth) {
                continue;
            }
            match &rule.fault {
                InjectedFault::DelayMs(ms) => {
                    decision.delay += Duration::from_millis(*ms);
                    decision.has_delay_rule = true;
                }
                fault => decision.fault = Some(fault.clone()),
            }
        }
        decision
    }

    /// The code with which an action on a resource of a stack fails, by the rules.
    pub fn decide_resource(
        &self,
        action: &'static str,
        resource_type: &str,
        logical_id: &str,
    ) -> Option<&'static str> {
        let mut inner = self.inner();
        let Inner { faults, rule_counts, .. } = &mut *inner;
        let mut decided = None;
        for ((n, rule), count) in faults.rules.iter().enumerate().zip(rule_counts) {
            let InjectedFault::HandlerErrorCode(code) = rule.fault else { continue };
            let draw_nth = |nth| draw(faults.seed, n as u64 + 1, nth);
            let fits = rule.is_for_resource(action, resource_type, logical_id);
            if fits && rule.count_match(count, decided.is_none(), draw_nth) {
                decided = Some(code.0);
            }
        }
        decided
    }

    /// Begins the change of `operation`, unless another with the same key is in progress.
    pub fn begin_change(
        self: &Arc<Self>,
        operation: &Operation,
    ) -> Result<Option<ChangeGuard>, AwsError> {
        let Some(key) = &operation.change_key else { return Ok(None) };
        let mut inner = self.inner();
        let can_overlap = operation.kind != OperationKind::Appsync(Appsync::CreateApi)
            || inner.faults.overlap_create_api;
        if inner.faults.overlap == Overlap::Allowed || !can_overlap {
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

    /// Records that a role was created, or that its trust policy was changed.
    pub fn record_role_change(&self, account: &str, name: &str, is_new: bool, now_epoch_s: f64) {
        let key = (account.to_owned(), name.to_ascii_lowercase());
        let mut inner = self.inner();
        let recorded_epoch_s =
            inner.role_times.get(&key).map_or(f64::NEG_INFINITY, |times| times.created_epoch_s);
        let created_epoch_s = if is_new { now_epoch_s } else { recorded_epoch_s };
        let times = RoleTimes { created_epoch_s, trust_changed_epoch_s: now_epoch_s };
        inner.role_times.insert(key, times);
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
        let assumable_epoch_s =
            times.map(|times| times.trust_changed_epoch_s + inner.faults.roles_settle_s as f64);
        match assumable_epoch_s {
            // AWS's text is undocumented.
            Some(assumable_epoch_s) if now_epoch_s < assumable_epoch_s => {
                Err(AwsError::bad_request(format!("Unable to assume role {arn}.")))
            }
            _ => Ok(()),
        }
    }

    /// Stores the state after a change, if lists are stale.
    pub fn record_state(&self, state: &State, now_epoch_s: f64) {
        let mut inner = self.inner();
        let lag_s = inner.faults.lists_lag_s;
        if let (Some(history), true) = (&mut inner.history, lag_s > 0) {
            history.record(state.clone(), now_epoch_s, lag_s as f64);
        }
    }

    /// The state that a call reads instead of `state`, if it reads a stale one.
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
        let list_state = inner.history.as_mut().zip(listing).map(|(history, listing)| {
            let state_then = match lists_lag_s {
                0 => Arc::new(state.clone()),
                lag_s => history.state_seconds_ago(now_epoch_s, lag_s as f64),
            };
            match lists_lag_calls {
                0 => state_then,
                calls => history.state_calls_ago(listing, calls, state_then),
            }
        });
        let list_state = list_state.map(|state| State::clone(&state));
        let reads_roles =
            matches!(operation.kind, OperationKind::Iam(Iam::GetRole | Iam::ListRoles));
        if iam_reads_lag_s == 0 || !reads_roles {
            return list_state;
        }
        let mut state = list_state.unwrap_or_else(|| state.clone());
        state.account(caller).roles.retain(|name, _| {
            let times = inner.role_times.get(&(caller.account.clone(), name.to_owned()));
            times.is_none_or(|times| times.created_epoch_s + iam_reads_lag_s as f64 <= now_epoch_s)
        });
        Some(state)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }
}

impl FaultRule {
    /// Whether the fault is injected into this call. Counts the call if it matches.
    fn is_injected(
        &self,
        operation: &Operation,
        count: &mut RuleCount,
        is_possible: bool,
        draw_nth: impl Fn(u64) -> f64,
    ) -> bool {
        let matches_operation = match &self.on {
            OperationFilter::Any => true,
            OperationFilter::Names(names) => names.contains(&operation.kind.name()),
        };
        // Handler errors are not injected into calls.
        if !matches_operation
            || matches!(self.fault, InjectedFault::HandlerErrorCode(_))
            || self.service.is_some_and(|service| operation.kind.service() != Some(service))
        {
            return false;
        }
        self.count_match(count, is_possible, draw_nth)
    }

    fn is_for_resource(&self, action: &str, resource_type: &str, logical_id: &str) -> bool {
        let matches_action = match &self.on {
            OperationFilter::Any => true,
            OperationFilter::Names(names) => names.contains(&action),
        };
        matches_action
            && self.resource_type.as_deref().is_none_or(|name| name == resource_type)
            && self.logical_id.as_deref().is_none_or(|id| id == logical_id)
    }

    /// Counts a match. Returns whether the fault is injected.
    fn count_match(
        &self,
        count: &mut RuleCount,
        is_possible: bool,
        draw_nth: impl Fn(u64) -> f64,
    ) -> bool {
        count.matches += 1;
        let is_injected = is_possible
            && count.matches > self.after
            && self.times.is_none_or(|times| count.injections < times)
            && self.chance.is_none_or(|chance| draw_nth(count.matches) < chance);
        count.injections += u64::from(is_injected);
        is_injected
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
        f.debug_struct("ChangeGuard").finish_non_exhaustive()
    }
}

/// A reproducible random number from 0 up to 1, the same for the same three inputs.
fn draw(seed: u64, sequence: u64, nth: u64) -> f64 {
    let mix = |bits: u64| {
        // SplitMix64.
        let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    };
    let bits = mix(mix(mix(seed) ^ sequence) ^ nth);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The number of stored states. With more changes within the lag, lists are less stale than configured.
const STATES_MAX: usize = 1_000;

/// The states that lists may still return.
pub struct History {
    /// The oldest state.
    first: Arc<State>,
    /// The state after each later change, with its time, the oldest first.
    later: VecDeque<(f64, Arc<State>)>,
    /// The states that each list will return, the oldest first, and the one that it returns now.
    lists: BTreeMap<String, (VecDeque<Arc<State>>, Arc<State>)>,
}

impl History {
    pub fn new(state: State) -> Self {
        Self { first: Arc::new(state), later: VecDeque::new(), lists: BTreeMap::new() }
    }

    /// Stores the state after a change.
    pub fn record(&mut self, state: State, now_epoch_s: f64, lag_s: f64) {
        let old = |at: f64| at <= now_epoch_s - lag_s;
        while self.later.front().is_some_and(|(at, _)| old(*at)) || self.later.len() >= STATES_MAX {
            if let Some((_, state)) = self.later.pop_front() {
                self.first = state;
            }
        }
        self.later.push_back((now_epoch_s, Arc::new(state)));
    }

    /// The newest state that is at least `lag_s` old.
    pub fn state_seconds_ago(&self, now_epoch_s: f64, lag_s: f64) -> Arc<State> {
        let old = self.later.iter().rev().find(|(at, _)| *at <= now_epoch_s - lag_s);
        Arc::clone(old.map_or(&self.first, |(_, state)| state))
    }

    /// The state that `listing` returns if each of its calls returns the state of `lag_calls` calls before.
    pub fn state_calls_ago(
        &mut self,
        listing: &Listing,
        lag_calls: usize,
        now: Arc<State>,
    ) -> Arc<State> {
        let initial = || {
            let first = Arc::clone(&self.first);
            (vec![Arc::clone(&first); lag_calls].into(), first)
        };
        let (queue, shown) = self.lists.entry(listing.key.clone()).or_insert_with(initial);
        // All pages of a list have one state.
        if !listing.is_continuation {
            queue.push_back(now);
            if let Some(next) = queue.pop_front() {
                *shown = next;
            }
        }
        Arc::clone(shown)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn active(faults: Value) -> Arc<ActiveFaults> {
        let active = ActiveFaults::new();
        active.set(serde_json::from_value(faults).unwrap(), &State::default());
        active
    }
    fn get_api() -> Operation {
        Operation {
            kind: OperationKind::Appsync(Appsync::GetApi),
            labels: Vec::new(),
            change_key: None,
        }
    }
    /// The faults that are injected into some calls.
    fn injected(active: &ActiveFaults, calls: usize) -> Vec<&'static str> {
        let name = |_| active.decide(&get_api()).fault.map_or("", |fault| fault.name());
        (0..calls).map(name).collect()
    }

    #[test]
    fn rules_skip_count_and_end_and_the_first_one_is_injected() {
        let rules = json!([
            { "on": "CreateApi", "fault": "hang" },
            { "on": "*", "service": "iam", "fault": "hang" },
            { "on": ["GetApi", "ListApis"], "fault": "throttle", "after": 1, "times": 2 },
            { "on": "GetApi", "fault": "drop-after", "after": 2 },
        ]);
        let active = active(json!({ "rules": rules }));
        assert_eq!(injected(&active, 5), ["", "throttle", "throttle", "drop-after", "drop-after"]);
    }

    #[test]
    fn delays_add_up_with_the_latency_and_do_not_exclude_other_faults() {
        let rules = json!([
            { "on": "*", "fault": { "delay-ms": 20 } },
            { "on": "*", "fault": "fail-after" },
            { "on": "*", "fault": { "delay-ms": 300 } },
        ]);
        let decision = active(json!({ "latency-ms": 1, "rules": rules })).decide(&get_api());
        assert_eq!(decision.delay, Duration::from_millis(321));
        assert_eq!(decision.fault, Some(InjectedFault::FailAfter));
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
        let fired = |seed| injected(&active(faults(seed)), 1_000);
        assert_eq!(fired(1), fired(1));
        assert_ne!(fired(1), fired(2));
        let count = fired(1).iter().filter(|fault| !fault.is_empty()).count();
        assert!((250..350).contains(&count), "{count}");
        let active = active(faults(1));
        let waits: BTreeSet<_> = (0..200).map(|_| active.decide(&get_api()).delay).collect();
        assert_eq!(waits.first(), Some(&Duration::from_millis(10)));
        assert_eq!(waits.last(), Some(&Duration::from_millis(20)));
        assert_eq!(waits.len(), 11);
    }

    fn state(account: &str) -> State {
        let mut state = State::default();
        state.accounts.insert(account, Default::default());
        state
    }
    fn name(state: &State) -> &str {
        state.accounts.keys().next().unwrap_or_default()
    }

    #[test]
    fn a_stale_read_returns_the_newest_state_that_is_old_enough() {
        let mut history = History::new(state("a"));
        history.record(state("b"), 10.0, 5.0);
        history.record(state("c"), 12.0, 5.0);
        let check = |history: &History, now: f64, expected: &str| {
            assert_eq!(name(&history.state_seconds_ago(now, 5.0)), expected, "{now}");
        };
        check(&history, 12.0, "a");
        check(&history, 15.0, "b");
        check(&history, 16.9, "b");
        check(&history, 17.0, "c");
        history.record(state("d"), 20.0, 5.0);
        assert_eq!(history.later.len(), 1);
        check(&history, 20.0, "c");
        check(&history, 25.0, "d");
    }

    #[test]
    fn each_list_counts_its_own_calls_and_its_pages_have_one_state() {
        let mut history = History::new(state("a"));
        let mut check = |key: &str, continued: bool, now: &str, expected: &str| {
            let listing = Listing { key: key.into(), is_continuation: continued };
            let state_then = history.state_calls_ago(&listing, 2, Arc::new(state(now)));
            assert_eq!(name(&state_then), expected);
        };
        check("one", false, "b", "a");
        check("one", true, "b", "a");
        check("one", false, "c", "a");
        check("one", false, "c", "b");
        check("one", true, "c", "b");
        check("other", false, "c", "a");
        check("one", false, "c", "c");
    }
}
