//! The data plane over a WebSocket: connections, subscriptions, and the frames both ways.
pub mod connections;
pub mod frame;
pub mod handshake;
pub mod hub;
pub mod outbox;
pub mod session;
pub mod socket;
