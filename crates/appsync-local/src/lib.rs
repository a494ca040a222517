//! An emulator of AWS AppSync Events, reached only over the network: the control plane (AppSync, IAM roles, STS,
//! WAF associations), the data plane (HTTP and WebSocket), handlers and a console.
//!
//! [`serve`] answers on listeners until it is stopped; [`router`] gives the same as a [`tower`] service for
//! tests without a socket. Both work on a [`Store`], which keeps the state in a folder or in memory.
//! [`cli`] is the command line of the program `appsync-local`, which `provision local` shares.
//!
//! The crate is the second reading of AWS's contracts, written from AWS's documentation: it shares no code with the
//! clients that it is there to test, and imports none of the other crates of this workspace. An operation that
//! it does not emulate is answered with an error that names the operation, never with a success.
//!
//! [`tower`]: https://docs.rs/tower
mod call_log;
pub mod cli;
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
mod state;
mod store;

pub use call_log::LoggedCall;
#[cfg(fuzzing)]
pub use data_plane::fuzzing;
pub use data_plane::{
    Activity, ActivityFeed, ConnectionSummary, DataPlane, EventFailure, HandlerLocation, Settings,
    SubscriptionSummary, TokenRequest, evaluation,
};
pub use emulator_options::{
    Acceptance, ApiDeletion, BadSignatureError, ConstraintError, DeletionWhileInUse,
    DuplicateError, EmulatorOptions, FilteredEvents, OmissionBehavior,
};
pub use faults::{
    FaultRule, Faults, InjectedError, InjectedFault, Latency, OperationFilter, Overlap, Quotas,
};
pub use protocol::operation::Service;
pub use server::router::{router, router_with_data_plane};
pub use server::serve::serve;
pub use server::tls::{CERTIFICATE_FILE, CertificateAuthority, server_config as tls};
pub use state::folder::{Announcement, OpenError, create_private_folder, served_url};
pub use store::Store;
