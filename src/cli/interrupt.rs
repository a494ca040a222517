//! Ctrl-C and its like: waits for them, and lets what is sent end at the first.
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::cli::Io;
pub use appsync_local::cli::stopped;

pub struct Stop {
    signal: Pin<Box<dyn Future<Output = ()> + Send>>,
    asked: bool,
}

impl Stop {
    pub fn new() -> Self {
        Self { signal: Box::pin(stopped()), asked: false }
    }
    pub fn is_asked(&self) -> bool {
        self.asked
    }
    /// Ready once somebody has asked for an end.
    pub async fn asked(&mut self) {
        if !self.asked {
            self.signal.as_mut().await;
            self.asked = true;
            self.signal = Box::pin(stopped());
        }
    }
    /// Waits, unless somebody asks for an end before.
    pub async fn sleep(&mut self, time: Duration) {
        tokio::select! {
            () = self.asked() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
    /// Lets `work` end, though somebody asks for it meanwhile; `None`: they asked twice.
    pub async fn lets_end<T>(
        &mut self,
        work: impl Future<Output = T> + Send,
        io: &mut Io,
    ) -> Option<T> {
        let mut work = std::pin::pin!(work);
        if !self.asked {
            tokio::select! {
                done = &mut work => return Some(done),
                () = self.asked() => {
                    io.note("finishing what is under way; Ctrl-C again ends it at once\n");
                }
            }
        }
        tokio::select! {
            done = work => Some(done),
            () = self.signal.as_mut() => None,
        }
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("asked", &self.asked).finish_non_exhaustive()
    }
}
