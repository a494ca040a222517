//! The data plane of Event APIs: publish over HTTP, connect, subscribe and publish over a WebSocket
//! (reference §6–§8).
mod auth;
mod channel;
mod connections;
mod entrance;
mod feed;
mod frame;
mod function;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod handlers;
mod handshake;
mod http;
mod hub;
mod message;
mod outbound;
mod outbox;
mod owner;
mod place;
mod plane;
mod problem;
mod publication;
mod publish;
mod route;
mod secrets;
mod session;
mod socket;

pub use auth::TokenAsked;
pub use connections::{Connected, Subscribed};
pub(crate) use entrance::answer;
pub use feed::{CodePlace, Failure, Feed, Happening};
pub use handlers::evaluation;
pub(crate) use owner::publish_as_owner;
pub use plane::{Plane, Settings};
pub(crate) use problem::Problem;
pub(crate) use route::{is_for, is_loopback, without_port};

#[cfg(test)]
mod stub;
