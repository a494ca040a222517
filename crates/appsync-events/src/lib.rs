//! The Events data plane as a client: publishing over HTTP and over a WebSocket, and subscribing.
//!
//! It knows AWS's frames from the documentation (docs/reference/data-plane.md) and shares nothing with the local AWS,
//! which it meets only over the network. It prints nothing: what happens is told to a function.
mod auth_mode;
mod batch;
mod channel;
mod client;
mod credentials;
mod endpoint;
mod error;
mod frame;
mod http;
mod network;
mod publisher;
mod secret;
mod sign;
mod socket;
mod subscriber;
mod timing;
pub mod verify;

pub use auth_mode::AuthMode;
pub use batch::{Batches, EVENT_BYTES_MAX, EVENTS_MAX, TooLarge, sized};
pub use channel::Channel;
pub use client::Client;
pub use credentials::{Credentials, Signer};
pub use endpoint::{Endpoint, is_of_aws};
pub use error::{Error, ErrorKind};
pub use frame::{AcceptedEvent, PublishResponse, RejectedEvent};
pub use network::{Network, NetworkOptions};
pub use publisher::Publisher;
pub use secret::Secret;
pub use socket::{Socket, SocketEvent};
pub use subscriber::{Subscriber, SubscriberEvent, Subscription};
pub use timing::Timing;
