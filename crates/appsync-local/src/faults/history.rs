//! Former states, for lists that are stale. A state here is never changed.
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::protocol::operation::Listing;
use crate::state::State;

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
    use super::*;

    fn state(account: &str) -> State {
        let mut state = State::default();
        state.accounts.insert(account.to_owned(), Default::default());
        state
    }
    fn name(state: &State) -> &str {
        state.accounts.keys().next().map_or("", String::as_str)
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
