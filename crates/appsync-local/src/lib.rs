//! A stand-in for AWS, reached only over the network: AppSync's control plane, IAM roles, web ACLs in front of
//! APIs, STS.
//!
//! It imports nothing of ours: it is the second reading of a contract that the engine reads first.
//! What it can't imitate it answers with an error that says so, never with a success.
mod answer;
mod appsync;
mod caller;
mod calls;
mod clock;
mod console;
mod control;
mod disk;
mod events;
mod faults;
mod guard;
mod iam;
mod ids;
mod javascript;
mod operation;
mod serve;
mod service;
mod state;
mod store;
mod sts;
mod tls;
mod unknowns;
mod wafv2;
mod xml;

pub use calls::LoggedCall;
pub use disk::{Announcement, OpenError, create_private, served_at};
#[cfg(fuzzing)]
pub use events::fuzzing;
pub use events::{
    CodePlace, Connected, Failure, Feed, Happening, Plane, Settings, Subscribed, TokenAsked,
    evaluation,
};
pub use faults::{Effect, Faults, Latency, On, Overlap, Quotas, Rule, Told};
pub use operation::Service;
pub use serve::serve;
pub use service::{router, router_of};
pub use store::Store;
pub use tls::{Authority, CERTIFICATE_FILE, server_config as tls};
pub use unknowns::{
    BadSignature, ConstraintError, DeleteApi, Deletion, Duplicate, Filtered, Omitted, Switches,
    Taken,
};
