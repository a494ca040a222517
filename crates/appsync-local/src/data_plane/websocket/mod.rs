//! The data plane over a WebSocket: handshake, connections, subscriptions, and frames in both directions.
pub mod connections;
pub mod frame;
pub mod handshake;
pub mod hub;
pub mod outbox;
pub mod session;
pub mod socket;
