//! The end of a run before its time: what is under way is finished, nothing more is begun.
use std::sync::OnceLock;

use provision_core::event::Because;

/// Why a run ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The user wants it.
    Interrupted,
    /// Its time is over.
    Late,
    /// Another run of the stack showed up.
    Overtaken,
}

impl From<Halt> for Because {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Interrupted => Self::Interrupted,
            Halt::Late => Self::Late,
            Halt::Overtaken => Self::Overtaken,
        }
    }
}

/// Why nothing more is to be begun, once there is a reason. The first reason stays.
#[derive(Debug, Default)]
pub struct Stop(OnceLock<Halt>);

impl Stop {
    pub fn now(&self, halt: Halt) {
        // Whoever comes second has nothing to add.
        let _ = self.0.set(halt);
    }
    pub fn why(&self) -> Option<Halt> {
        self.0.get().copied()
    }
    pub fn is_set(&self) -> bool {
        self.why().is_some()
    }
}
