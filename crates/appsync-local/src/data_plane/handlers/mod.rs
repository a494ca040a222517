//! What a channel namespace's handlers make of events and subscriptions
//! (docs/reference/handlers.md).
pub mod call;
mod context;
mod direct;
pub mod evaluation;
mod handle;
mod outcome;
mod runner;
mod runtime;
mod sources;

pub use runner::Handlers;
