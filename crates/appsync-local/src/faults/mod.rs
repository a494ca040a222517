//! Fault injection: failures between a caller and AWS, as data. They belong to a run, and
//! never reach the state.
mod active;
mod history;
mod model;

pub(crate) use active::{Running, Verdict};
pub(crate) use model::CLOCK_MAX_S;
pub use model::{Effect, Faults, Latency, On, Overlap, Quotas, Rule, Told};
