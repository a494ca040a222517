//! A stand-in for AWS, reached only over the network: AppSync's control plane, IAM roles, web ACLs in front of
//! APIs, STS.
//!
//! It imports nothing of ours: it is the second reading of a contract that the engine reads first.
//! What it can't imitate it answers with an error that says so, never with a success.
mod call_log;
mod console;
mod control_plane;
mod data_plane;
mod emulator_options;
mod faults;
mod ids;
mod javascript;
mod json;
mod protocol;
mod server;
mod state;
mod store;

pub use call_log::LoggedCall;
#[cfg(fuzzing)]
pub use data_plane::fuzzing;
pub use data_plane::{
    CodePlace, Connected, DataPlane, Failure, Feed, Happening, Settings, Subscribed, TokenAsked,
    evaluation,
};
pub use emulator_options::{
    BadSignature, ConstraintError, DeleteApi, Deletion, Duplicate, Filtered, Omitted, Switches,
    Taken,
};
pub use faults::{Effect, Faults, Latency, On, Overlap, Quotas, Rule, Told};
pub use protocol::operation::Service;
pub use server::router::{router, router_of};
pub use server::serve::serve;
pub use server::tls::{Authority, CERTIFICATE_FILE, server_config as tls};
pub use state::folder::{Announcement, OpenError, create_private, served_at};
pub use store::Store;
