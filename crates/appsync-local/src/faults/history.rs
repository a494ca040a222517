//! States of the past, for lists that are stale.
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::protocol::operation::Listing;
use crate::state::State;

/// States that are remembered: beyond this many changes within the lag, lists are less stale than asked.
const STATES_MAX: usize = 1_000;

/// What lists may still show.
pub struct History {
    /// The state when remembering began.
    first: Arc<State>,
    /// States after a change, the oldest first, and when each came to be.
    later: VecDeque<(f64, Arc<State>)>,
    /// What each list has yet to show, the oldest first, and what it shows now.
    lists: BTreeMap<String, (VecDeque<Arc<State>>, Arc<State>)>,
}

impl History {
    pub fn new(state: State) -> Self {
        Self { first: Arc::new(state), later: VecDeque::new(), lists: BTreeMap::new() }
    }

    /// Remembers the state that a change made.
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

    /// What `listing` shows if each of its calls shows what was there `lag_calls` calls before.
    pub fn state_calls_ago(
        &mut self,
        listing: &Listing,
        lag_calls: usize,
        now: Arc<State>,
    ) -> Arc<State> {
        let unseen = || {
            let first = Arc::clone(&self.first);
            (vec![Arc::clone(&first); lag_calls].into(), first)
        };
        let (queue, shown) = self.lists.entry(listing.key.clone()).or_insert_with(unseen);
        // All pages of a list are of one state.
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
    fn each_list_counts_its_own_calls_and_pages_are_of_one() {
        let mut history = History::new(state("a"));
        let mut check = |key: &str, continued: bool, now: &str, expected: &str| {
            let listing = Listing { key: key.into(), is_continuation: continued };
            let seen = history.state_calls_ago(&listing, 2, Arc::new(state(now)));
            assert_eq!(name(&seen), expected);
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
