//! Fault injection: failures between a caller and AWS, as data. They belong to a run, and
//! never reach the state.
mod active;
mod history;
mod model;

pub(crate) use active::{ActiveFaults, FaultDecision};
pub(crate) use model::CLOCK_MAX_S;
pub use model::{
    FaultRule, Faults, InjectedError, InjectedFault, Latency, OperationFilter, Overlap, Quotas,
};
