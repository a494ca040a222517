//! Everything that a person or a program reads, made from data: a `String` or a `Value`. Pure.
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
