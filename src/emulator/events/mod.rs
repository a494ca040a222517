//! The data plane of Event APIs: publish over HTTP, connect, subscribe and publish over a WebSocket
//! (reference §6–§8).
mod auth;
mod channel;
mod feed;
mod handlers;
mod place;
mod plane;
mod problem;

pub use feed::{Feed, Happening};
pub use plane::{Plane, Settings};
