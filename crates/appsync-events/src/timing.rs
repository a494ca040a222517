//! How long a client waits for what, and how often it tries.
use std::time::Duration;

/// How long a client waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For the answer to a frame; Amplify's clients wait as long.
    pub answer: Duration,
    /// For the answer to an HTTP request: longer than AppSync lets a handler run.
    pub request: Duration,
    /// Before the first repetition; each further one waits twice as long.
    pub first_backoff: Duration,
    pub longest_backoff: Duration,
    /// How often a request is sent at most that comes too soon after others.
    pub attempts: u32,
    /// How often an address is tried at which nobody is: it is probably wrong.
    pub attempts_to_reach: u32,
    /// How often in a row a lost connection is opened again; that takes half an hour.
    pub reconnects: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(15),
            request: Duration::from_secs(35),
            first_backoff: Duration::from_millis(200),
            longest_backoff: Duration::from_secs(30),
            attempts: 8,
            attempts_to_reach: 3,
            reconnects: 60,
        }
    }
}

impl Timing {
    /// How long to wait before the repetition `n`, from 1: somewhere in the upper half of what doubling gives, so
    /// that clients which were cut off together don't come back together.
    pub fn backoff(&self, n: u32) -> Duration {
        let doubled = self.first_backoff.saturating_mul(1 << n.saturating_sub(1).min(16));
        let most = doubled.min(self.longest_backoff);
        // Without chance the wait is merely a little longer.
        let chance = getrandom::u32().unwrap_or(u32::MAX);
        most.mul_f64(0.5 + f64::from(chance) / f64::from(u32::MAX) / 2.0)
    }
}
