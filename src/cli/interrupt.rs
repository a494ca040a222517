//! Ctrl-C and similar signals: the first lets the operation in progress finish, the second does not.
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::cli::Io;
pub use appsync_local::cli::stop_signal;

/// Remembers whether the user has interrupted the command.
pub struct InterruptSignal {
    signal: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_received: bool,
}

impl InterruptSignal {
    pub fn new() -> Self {
        Self { signal: Box::pin(stop_signal()), is_received: false }
    }

    pub fn is_received(&self) -> bool {
        self.is_received
    }

    /// Waits until the user interrupts the command, if that has not happened yet.
    pub async fn received(&mut self) {
        if !self.is_received {
            self.signal.as_mut().await;
            self.is_received = true;
            self.signal = Box::pin(stop_signal());
        }
    }

    /// Waits for `duration`, or until the user interrupts the command.
    pub async fn sleep(&mut self, duration: Duration) {
        tokio::select! {
            () = self.received() => {}
            () = tokio::time::sleep(duration) => {}
        }
    }

    /// Waits for `operation`, also after a first interrupt; `None` after a second.
    pub async fn finish<T>(
        &mut self,
        operation: impl Future<Output = T> + Send,
        io: &mut Io,
    ) -> Option<T> {
        let mut operation = std::pin::pin!(operation);
        if !self.is_received {
            tokio::select! {
                output = &mut operation => return Some(output),
                () = self.received() => {
                    io.eprint_unless_quiet("finishing operations in progress; press Ctrl-C again to stop immediately\n");
                }
            }
        }
        tokio::select! {
            output = operation => Some(output),
            () = self.signal.as_mut() => None,
        }
    }
}

impl fmt::Debug for InterruptSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptSignal")
            .field("is_received", &self.is_received)
            .finish_non_exhaustive()
    }
}
