//! Formats data for people and programs, as text or JSON documents. Pure: no I/O, no clock.
pub mod access;
pub mod changes;
pub mod diagnostics;
pub mod evaluation;
pub(crate) mod explain;
pub(crate) mod failures;
pub mod outputs;
pub(crate) mod progress;
pub(crate) mod shell;
pub(crate) mod snippets;
pub mod verification;
