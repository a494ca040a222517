//! Stops a run early: steps in progress finish, and no other step starts.
use std::sync::OnceLock;

use provision_core::event::SkipReason;

/// Why a run stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The user interrupted it.
    Interrupted,
    /// Its time limit is reached.
    TimedOut,
    /// Another run changes the same stack.
    Superseded,
}

impl From<StopReason> for SkipReason {
    fn from(reason: StopReason) -> Self {
        match reason {
            StopReason::Interrupted => Self::Interrupted,
            StopReason::TimedOut => Self::Late,
            StopReason::Superseded => Self::Overtaken,
        }
    }
}

/// Asks a run to stop early. The first reason remains.
#[derive(Debug, Default)]
pub struct StopSignal(OnceLock<StopReason>);

impl StopSignal {
    /// Asks the run to stop. Does nothing if it has been asked before.
    pub fn request(&self, reason: StopReason) {
        let _ = self.0.set(reason);
    }

    /// Returns why the run was asked to stop, if it was.
    pub fn reason(&self) -> Option<StopReason> {
        self.0.get().copied()
    }

    /// Whether the run was asked to stop.
    pub fn is_requested(&self) -> bool {
        self.reason().is_some()
    }
}
