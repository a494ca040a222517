//! The end of a run before its time: what is under way is finished, nothing more is begun.
use std::sync::OnceLock;

use provision_core::event::SkipReason;

/// Why a run ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The user wants it.
    Interrupted,
    /// Its time is over.
    TimedOut,
    /// Another run of the stack showed up.
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

/// Why nothing more is to be begun, once there is a reason. The first reason stays.
#[derive(Debug, Default)]
pub struct StopSignal(OnceLock<StopReason>);

impl StopSignal {
    pub fn request(&self, reason: StopReason) {
        // Whoever comes second has nothing to add.
        let _ = self.0.set(reason);
    }
    pub fn reason(&self) -> Option<StopReason> {
        self.0.get().copied()
    }
    pub fn is_requested(&self) -> bool {
        self.reason().is_some()
    }
}
