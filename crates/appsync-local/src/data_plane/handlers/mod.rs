//! What a channel namespace's handlers make of events and subscriptions
//! (docs/reference/handlers.md).
pub mod call;
mod context;
mod data_sources;
mod direct;
pub mod evaluation;
mod handler;
mod outcome;
mod runner;
mod runtime;

pub use runner::HandlerRunner;
