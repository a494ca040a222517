//! The Event API that a command talks to: where it is, which credentials to use, and how to explain
//! its errors.
mod args;
mod credentials;
mod errors;
mod network;
mod resolve;
mod resolved_api;
pub mod snippet;
mod stack_api;

pub use args::{
    ApiArgs, EventCommand, auth_mode_parser, auth_modes, invalid_channel, mode_name, parse_mode,
    split_arguments,
};
pub use credentials::{is_jwt, token_expiry};
pub use errors::explain_error;
pub use network::{address, network};
pub use resolve::resolve_api;
pub use resolved_api::ResolvedApi;
