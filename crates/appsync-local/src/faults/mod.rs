//! Fault injection: failures between a caller and AWS, declared as data. Faults belong to a run of the emulator and
//! are never stored.
mod active;
mod model;

pub(crate) use active::{ActiveFaults, FaultDecision};
pub use model::Faults;
pub(crate) use model::{CLOCK_MAX_S, InjectedFault, Latency, Quotas};
