//! The data plane of Event APIs: publish over HTTP, connect, subscribe and publish over a WebSocket
//! (docs/reference/data-plane.md).
mod admin_publish;
mod auth;
mod channel;
mod entrance;
mod feed;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod handlers;
mod http;
mod message;
mod outbound;
mod place;
mod plane;
mod problem;
mod publication;
mod publish;
mod route;
mod secrets;
#[cfg(test)]
mod testing;
mod undocumented;
mod websocket;

pub(crate) use admin_publish::publish_as_owner;
pub use auth::TokenAsked;
pub(crate) use entrance::answer;
pub use feed::{CodePlace, Failure, Feed, Happening};
pub use handlers::evaluation;
pub use plane::{Plane, Settings};
pub(crate) use route::{is_for, is_loopback, without_port};
pub use websocket::connections::{Connected, Subscribed};
