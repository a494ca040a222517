//! What the emulator asks of others.
pub mod client;
mod lambda;
