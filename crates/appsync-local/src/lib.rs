//! An emulator of AWS AppSync Events: the control plane (AppSync, IAM roles, STS, WAF associations, and what deploy
//! tools need of S3 and Parameter Store), the data plane (HTTP and WebSocket), handlers and a console. Clients reach it
//! only over the network.
//!
//! [`serve`] handles requests on listeners until it is stopped. [`router`] returns a [`tower`] service that
//! handles the same requests without a socket, for tests. Both work on a [`Store`], which has the state in a folder
//! or in memory. [`cli`] is the command line of the program `appsync-local`, which `provision local` shares.
//!
//! The crate is written from AWS's documentation and shares no code with the clients that it tests: it imports no
//! other crate of this workspace. It never accepts an operation that it does not emulate; it responds with an error
//! that names the operation.
//!
//! [`tower`]: https://docs.rs/tower
#![warn(missing_docs)]

mod auth_mode;
mod call_log;
pub mod cli;
mod cloudformation;
mod console;
mod control_plane;
mod data_plane;
mod emulator_options;
mod faults;
mod ids;
mod javascript;
mod json;
mod lock;
mod protocol;
mod server;
mod stack_settings;
mod state;
mod store;

pub use auth_mode::AuthMode;
pub use call_log::LoggedCall;
#[cfg(fuzzing)]
pub use cloudformation::fuzz_template;
#[cfg(fuzzing)]
pub use data_plane::fuzzing;
pub use data_plane::{
    Activity, ActivityFeed, ConnectionSummary, DataPlane, EventFailure, HandlerLocation, Settings,
    SubscriptionSummary, TokenRequest, evaluation,
};
pub use emulator_options::EmulatorOptions;
pub use faults::Faults;
pub use protocol::operation::Service;
pub use server::router::{router, router_with_data_plane};
pub use server::serve::serve;
pub use state::folder::served_url;
pub use state::journal::DiskWrites;
pub use state::open_error::OpenError;
pub use store::Store;
