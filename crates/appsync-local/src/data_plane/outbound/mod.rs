//! Outbound requests: HTTP in general, and invocations of Lambda functions.
pub mod client;
mod lambda;
