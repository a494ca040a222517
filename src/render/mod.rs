//! Everything that a person or a program reads, made from data: a `String` or a `Value`. Pure.
pub mod access;
pub mod changes;
pub mod diagnostics;
pub mod evaluation;
pub mod explain;
pub mod failures;
pub mod outputs;
pub mod progress;
pub mod shell;
pub mod snippets;

pub mod verification;
