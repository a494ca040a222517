//! The one time limit of these tests. It only ends a test that hangs: tests expect events, orders of events and
//! counts, so no test fails on a slow machine.
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// Far longer than any step of a test takes on a busy machine.
pub const HANG: Duration = Duration::from_secs(120);

/// The result of `step`; panics if it hangs.
pub async fn unless_it_hangs<T>(step: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, step).await.expect("this test hangs")
}

/// Durations that double, to be tried until one is enough, for a command that must reach a certain point within a
/// duration. Panics if a test hangs.
pub fn growing(first: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), |duration| Some(*duration * 2))
        .inspect(|duration| assert!(*duration < HANG, "this test hangs"))
}

/// The duration as a command-line argument.
pub fn written(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// Polls until the condition holds.
pub fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < HANG, "this test hangs");
        std::thread::yield_now();
    }
}
