//! The data plane of Event APIs: publish over HTTP, connect, subscribe and publish over a WebSocket
//! (reference §6–§8).
mod auth;
mod channel;
mod feed;
mod function;
mod handlers;
mod outbound;
mod place;
mod plane;
mod problem;
#[cfg(test)]
mod stub;

pub use auth::TokenAsked;
pub use feed::{Feed, Happening};
pub use plane::{Plane, Settings};
pub(in crate::emulator) use problem::Problem;
