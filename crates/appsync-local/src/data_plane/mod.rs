//! The data plane of Event APIs: publishing over HTTP; connections, subscriptions and publishing over a
//! WebSocket; authorization and handlers
//! (docs/reference/data-plane.md).
mod admin_publish;
mod apis;
mod auth;
mod channel;
mod error;
mod feed;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod handlers;
pub mod host;
mod http_publish;
mod message;
mod outbound;
mod publication;
mod request_context;
mod routing;
mod secrets;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod undocumented;
mod websocket;

pub(crate) use admin_publish::publish_as_admin;
pub use auth::TokenRequest;
pub use error::HandlerLocation;
pub use feed::{Activity, ActivityFeed, EventFailure};
pub(crate) use handlers::evaluate_code::{EvaluateCodeRequest, evaluate_code};
pub use handlers::evaluation;
pub(crate) use routing::{answer, is_for};
pub use state::{DataPlane, Settings};
pub use websocket::connections::{ConnectionSummary, SubscriptionSummary};
