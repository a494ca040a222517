//! Limits the changes of one API that are in progress: to many, until AppSync reports a conflict.
//!
//! The limit grows additively and shrinks multiplicatively, as TCP's congestion window does.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::lock::lock;
use provision_core::address::Address;

/// A limiter for each top-level resource.
#[derive(Debug)]
pub struct ConcurrencyLimiters {
    max: usize,
    limiters: Mutex<BTreeMap<Address, Arc<ConcurrencyLimiter>>>,
}

impl ConcurrencyLimiters {
    /// Makes limiters whose limit never exceeds `max`.
    pub fn new(max: usize) -> Self {
        Self { max, limiters: Mutex::default() }
    }

    /// Returns the limiter of the top-level resource that `address` belongs to.
    pub fn limiter_for(&self, address: &Address) -> Arc<ConcurrencyLimiter> {
        let mut limiters = lock(&self.limiters);
        let new = || Arc::new(ConcurrencyLimiter::new(self.max));
        Arc::clone(limiters.entry(address.root()).or_insert_with(new))
    }
}

/// The limit before the first call.
const INITIAL_LIMIT: usize = 16;

/// Limits the calls in progress.
///
/// The limit grows by one after each success until the first conflict. A conflict halves it; from then on it grows
/// by one after as many successes as it is large.
#[derive(Debug)]
pub struct ConcurrencyLimiter {
    max: usize,
    state: Mutex<LimiterState>,
    released: Notify,
}

#[derive(Debug, Default)]
struct LimiterState {
    limit: usize,
    in_use: usize,
    /// Since the limit changed last.
    successes: usize,
    had_conflict: bool,
}

/// How a call ended, as far as it matters to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitOutcome {
    /// Without a conflict. The call may have failed for another reason.
    Success,
    /// AWS rejected the call because of other calls.
    Conflict,
}

impl ConcurrencyLimiter {
    fn new(max: usize) -> Self {
        let state = LimiterState { limit: INITIAL_LIMIT.min(max), ..LimiterState::default() };
        Self { max, state: Mutex::new(state), released: Notify::new() }
    }

    /// Waits for a permit, which is in use until [`release`](Self::release).
    pub async fn acquire(&self) {
        loop {
            let released = self.released.notified();
            if self.try_acquire() {
                return;
            }
            released.await;
        }
    }

    /// Takes a permit if one is available.
    pub fn try_acquire(&self) -> bool {
        let mut state = lock(&self.state);
        let is_available = state.in_use < state.limit;
        state.in_use += usize::from(is_available);
        is_available
    }

    /// Returns a permit and adjusts the limit.
    pub fn release(&self, outcome: PermitOutcome) {
        let mut state = lock(&self.state);
        state.in_use = state.in_use.saturating_sub(1);
        match outcome {
            PermitOutcome::Conflict => {
                state.limit = (state.limit / 2).max(1);
                state.successes = 0;
                state.had_conflict = true;
            }
            PermitOutcome::Success => {
                state.successes += 1;
                let grows = state.successes >= state.limit || !state.had_conflict;
                if grows && state.limit < self.max {
                    state.limit += 1;
                    state.successes = 0;
                }
            }
        }
        drop(state);
        self.released.notify_waiters();
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        lock(&self.state).limit
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn the_limit_halves_on_conflicts_and_grows_back() {
        let limiters = ConcurrencyLimiters::new(8);
        let limiter =
            limiters.limiter_for(&Address::top_level("apis", "a").child("namespaces", "x"));
        assert!(Arc::ptr_eq(&limiter, &limiters.limiter_for(&Address::top_level("apis", "a"))));
        for expected in [4, 2, 1, 1] {
            limiter.acquire().await;
            limiter.release(PermitOutcome::Conflict);
            assert_eq!(limiter.limit(), expected);
        }
        for _ in 0..100 {
            limiter.acquire().await;
            limiter.release(PermitOutcome::Success);
        }
        assert_eq!(limiter.limit(), 8);
    }

    #[tokio::test]
    async fn acquiring_waits_until_a_permit_is_released() {
        let limiters = ConcurrencyLimiters::new(1);
        let limiter = limiters.limiter_for(&Address::top_level("apis", "a"));
        limiter.acquire().await;
        let mut second = std::pin::pin!(limiter.acquire());
        let mut context = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        limiter.release(PermitOutcome::Success);
        second.await;
    }
}
