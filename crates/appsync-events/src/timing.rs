//! Timeouts, retry limits and back-off.
use std::time::Duration;

/// How long a client waits, and how often it retries.
///
/// The defaults suit AppSync; most programs use them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The timeout for the answer to a frame on a WebSocket. Default: 15 s, as in Amplify.
    pub answer_timeout: Duration,
    /// The timeout for an HTTP response. Default: 35 s, longer than AppSync lets a handler run.
    pub request_timeout: Duration,
    /// The delay before the first retry; it doubles with every further one. Default: 200 ms.
    pub initial_backoff: Duration,
    /// The longest delay before a retry. Default: 30 s.
    pub max_backoff: Duration,
    /// How often a batch is sent if AppSync throttles it. Default: 8.
    pub max_attempts: u32,
    /// How often a batch is sent if the API is unreachable, which often means that the address is
    /// wrong. Default: 3.
    pub max_connect_attempts: u32,
    /// How often in a row a lost connection is reopened. Default: 60, about half an hour.
    pub max_reconnects: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(35),
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(30),
            max_attempts: 8,
            max_connect_attempts: 3,
            max_reconnects: 60,
        }
    }
}

impl Timing {
    /// The delay before retry number `retry`, counted from 1.
    ///
    /// It is random, between half of the exponential back-off and all of it, so clients that were
    /// disconnected at the same time do not reconnect at the same time.
    pub fn backoff(&self, retry: u32) -> Duration {
        let exponential = self.initial_backoff.saturating_mul(1 << retry.saturating_sub(1).min(16));
        let longest = exponential.min(self.max_backoff);
        // Without a source of randomness the delay is the longest.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        longest.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_doubles_up_to_its_limit() {
        let timing = Timing::default();
        for (retry, longest_ms) in [(1, 200), (2, 400), (5, 3_200), (9, 30_000), (u32::MAX, 30_000)]
        {
            let longest = Duration::from_millis(longest_ms);
            let delay = timing.backoff(retry);
            assert!(delay >= longest / 2 && delay <= longest, "{retry}: {delay:?}");
        }
    }
}
