//! A client for the data plane of [AWS AppSync Events]: publish events, subscribe to channels, and
//! verify that an API allows and refuses what it should.
//!
//! [AWS AppSync Events]: https://docs.aws.amazon.com/appsync/latest/eventapi/event-api-welcome.html
#![warn(missing_docs)]
mod auth_mode;
mod batch;
mod channel;
mod client;
mod credentials;
mod endpoint;
mod error;
mod event;
mod frame;
mod http_publisher;
mod network;
mod publish_response;
mod publisher;
mod secret;
mod sign;
mod socket;
mod subscriber;
mod timing;
pub mod verify;

pub use auth_mode::{AuthMode, UnknownAuthMode};
pub use batch::{Batches, EVENTS_MAX};
pub use channel::{Channel, InvalidChannel};
pub use client::Client;
pub use credentials::{Credentials, Signer};
pub use endpoint::{Endpoint, InvalidEndpoint, is_aws_host};
pub use error::{Error, ErrorKind, Operation};
pub use event::{EVENT_BYTES_MAX, Event, InvalidEvent};
pub use network::{InvalidCertificates, Network, NetworkOptions};
pub use publish_response::{AcceptedEvent, PublishResponse, RejectedEvent};
pub use publisher::{Delivery, Publisher};
pub use secret::Secret;
pub use subscriber::{ReceivedEvent, Subscriber, SubscriberEvent, Subscription};
pub use timing::Timing;
