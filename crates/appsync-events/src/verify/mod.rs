//! Proves that an Event API does what its spec says: who is let in, who is not, and that events arrive.
//!
//! What to try and what it means are values (`matrix`, `judge`); only `run` talks to anybody.
mod check;
mod matrix;
mod mode_connections;
mod namespace;
mod options;
mod probe;
mod report;
mod runner;
mod shared_connection;
mod target;
mod verdict;

pub use check::{Check, CheckSubject, CheckedOperation, Expected};
pub use matrix::matrix;
pub use options::VerifyOptions;
pub use probe::{Ids, Probe};
pub use report::{ApiReport, CheckResult, CheckVerdict};
pub use runner::verify;
pub use target::{ApiTarget, HandlerSetup, LiveModes, ModeCredentials, NamespaceTarget};
pub use verdict::{AttemptOutcome, judge};
