//! The handlers of channel namespaces, in code or as functions, which decide about events and subscriptions
//! (docs/reference/handlers.md).
pub mod call;
mod data_sources;
mod direct;
pub mod evaluate_code;
pub mod evaluation;
mod handler;
mod outcome;
mod runner;
mod runtime;

pub use runner::HandlerRunner;
