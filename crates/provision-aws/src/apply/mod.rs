//! Carries a plan out as a graph, and says so as it goes.
//!
//! Independent steps run side by side, bounded in number and, within one API, by a gate: AppSync may
//! refuse overlapping changes of one API, and nobody has published when.
mod attempt;
mod claim;
mod gate;
mod run;
mod scheduler;
mod stop;

pub use claim::{Place, Taken, beat, clear};
pub use run::{ApplyOutcome, Run};
pub use scheduler::{MAX_CONCURRENT_STEPS, apply};
pub use stop::{StopReason, StopSignal};
