//! A client for the data plane of [AWS AppSync Events]: publish events, subscribe to channels, and
//! check that an API allows and denies what it should.
//!
//! Start with a [`Client`] for the [`Endpoint`] of an Event API, and [`Credentials`] for one of its
//! auth modes: an API key, a token, or AWS credentials that sign requests.
//!
//! ```no_run
//! use appsync_events::{Channel, Client, Credentials, Endpoint, Event, Secret};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "https://example.appsync-api.us-east-1.amazonaws.com/event";
//! let client = Client::new(Endpoint::parse(url)?);
//! let key = Credentials::ApiKey(Secret::new("da2-…"));
//!
//! let rooms = Channel::parse_pattern("/default/*")?;
//! let mut subscription = client.subscribe(rooms, key.clone()).await?;
//!
//! let room = Channel::parse("/default/room")?;
//! let mut publisher = client.publisher(key);
//! publisher.publish(&room, &[Event::new(&json!({ "message": "hello" }))?]).await?;
//!
//! if let Some(event) = subscription.next_event().await? {
//!     assert_eq!(event.json::<serde_json::Value>()?["message"], "hello");
//! }
//! subscription.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Publisher`] sends batches of up to five [`Event`]s over HTTP or a WebSocket. It repeats a batch
//!   that was certainly not published; one that may have been published only with
//!   [`Delivery::AtLeastOnce`].
//! - [`Subscription`] is a stream of what happens to a subscription. Lost connections are reopened.
//! - [`verify`](mod@verify) tries every auth mode on every channel namespace and compares the
//!   results with what the caller expects.
//!
//! Every operation fails with an [`Error`], whose [`ErrorKind`] says whether the request may have been
//! executed, and whether it is worth repeating.
//!
//! The crate never reads the environment or files, never prints, and never calls AppSync's control
//! plane: the program that uses it decides where credentials, proxies and certificates come from. It
//! needs a Tokio runtime, and reports details through [`tracing`].
//!
//! What it relies on is documented in `docs/reference/` of the repository, with links to AWS's own
//! documentation.
//!
//! [AWS AppSync Events]: https://docs.aws.amazon.com/appsync/latest/eventapi/event-api-welcome.html
#![warn(missing_docs)]
mod auth_mode;
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
mod socket;
mod subscriber;
pub mod verify;

pub use auth_mode::{AuthMode, UnknownAuthMode};
pub use channel::{Channel, InvalidChannel};
pub use client::Client;
pub use credentials::{Credentials, Signer};
pub use endpoint::{Endpoint, InvalidEndpoint, is_aws_host};
pub use error::{Error, ErrorKind, Operation};
pub use event::{Batches, EVENT_BYTES_MAX, EVENTS_MAX, Event, InvalidEvent};
pub use network::{InvalidCertificates, Network, NetworkOptions, Timing};
pub use publish_response::{AcceptedEvent, PublishResponse, RejectedEvent};
pub use publisher::{Delivery, Publisher};
pub use secret::Secret;
pub use subscriber::{ReceivedEvent, Subscriber, SubscriberEvent, Subscription};

/// Compiles the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
