//! The data plane of Event APIs: publish over HTTP, connect, subscribe and publish over a WebSocket
//! (docs/reference/data-plane.md).
mod admin_publish;
mod apis;
mod auth;
mod channel;
mod feed;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod handlers;
pub mod host;
mod http;
mod message;
mod outbound;
mod plane;
mod problem;
mod publication;
mod routing;
mod secrets;
mod settings;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod undocumented;
mod websocket;

pub(crate) use admin_publish::publish_as_owner;
pub use auth::TokenAsked;
pub use feed::{Failure, Feed, Happening};
pub use handlers::evaluation;
pub use plane::DataPlane;
pub use problem::CodePlace;
pub(crate) use routing::{answer, is_for};
pub use settings::Settings;
pub use websocket::connections::{Connected, Subscribed};
