//! The Events data plane as a client: publishing over HTTP and over a WebSocket, and subscribing.
//!
//! It knows AWS's frames from the documentation (docs/reference/data-plane.md) and shares nothing with the local AWS,
//! which it meets only over the network. It prints nothing: what happens is told to a function.
mod batch;
mod channel;
mod client;
mod credentials;
mod endpoint;
mod error;
mod frame;
mod http;
mod mode;
mod net;
mod publisher;
mod secret;
mod sign;
mod socket;
mod subscriber;
mod timing;
pub mod verify;

pub use batch::{Batches, EVENT_BYTES_MAX, EVENTS_MAX, TooLarge, sized};
pub use channel::Channel;
pub use client::Client;
pub use credentials::{Credentials, Signer};
pub use endpoint::{Endpoint, is_of_aws};
pub use error::{ClientError, Kind};
pub use frame::{Published, Rejected, Taken};
pub use mode::Mode;
pub use net::{Net, NetOptions};
pub use publisher::Publisher;
pub use secret::Secret;
pub use socket::{Incoming, Socket};
pub use subscriber::{Subscriber, Subscription, Told};
pub use timing::Timing;
