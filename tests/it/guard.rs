//! The one limit on time in these tests. It ends a test that hangs and judges nothing else: what a test expects
//! is an event to wait for, an order of events or a count, so that a slow machine fails no test.
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// Far longer than any step of a test takes on a busy machine.
pub const HANG: Duration = Duration::from_secs(120);

/// The result of `step`; panics if it hangs.
pub async fn unless_it_hangs<T>(step: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, step).await.expect("this test hangs")
}

/// Durations that double, each to be tried until one is enough. For a program that is given a duration and has to
/// reach a certain point within it: how long that takes on this machine is not known beforehand. Panics where a
/// test hangs.
pub fn growing(first: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), |duration| Some(*duration * 2))
        .inspect(|duration| assert!(*duration < HANG, "this test hangs"))
}

/// The duration as a command line takes it.
pub fn written(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// Looks until it is so.
pub fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HANG, "this test hangs");
        std::thread::yield_now();
    }
}
