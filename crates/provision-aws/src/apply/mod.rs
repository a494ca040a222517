//! Applies a plan: executes its steps as a graph, and reports progress as events.
//!
//! Independent steps run concurrently. Their number is limited, and, within one API, so is the number of changes
//! in progress: AppSync may reject overlapping changes of an API, and its limit is undocumented. This module
//! adds no step to the plan. Within a step, it only retries calls, adopts what a lost create left behind, and removes a
//! duplicate that a concurrent run created.
mod attempt;
mod execute;
mod limiter;
mod run;
mod run_lock;
mod scheduler;
mod stop;

pub use run::ApplyOutcome;
pub(crate) use run::ApplyRun;
pub(crate) use run_lock::{LockResult, RunLock, release_stale, send_heartbeats};
pub use scheduler::MAX_CONCURRENT_STEPS;
pub(crate) use scheduler::apply;
pub use stop::{StopReason, StopSignal};
