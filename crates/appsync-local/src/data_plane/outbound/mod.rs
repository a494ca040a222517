//! Requests of the emulator to others: HTTP in general, and invocations of Lambda functions. Nothing else in the data
//! plane opens connections.
mod client;
mod lambda;

pub use client::{OutboundClient, OutboundRequest, OutboundResponse, RESPONSE_MAX};
