//! The Event API that a command talks to: where it is, which credentials to use, and how to explain
//! its errors.
mod args;
mod auth_mode;
mod credentials;
mod errors;
mod network;
mod resolve;
mod resolved_api;
pub mod snippet;
mod stack_api;

pub use args::{ApiArgs, EventCommand, invalid_channel, split_arguments};
pub use auth_mode::{
    auth_mode_parser, client_mode, client_modes, from_client_mode, mode_name, needs_token,
    parse_mode,
};
pub use credentials::{TOKEN_VARIABLE, is_jwt, token_expiry};
pub use errors::explain_error;
pub use network::{address, network};
pub use resolve::resolve_api;
pub use resolved_api::ResolvedApi;
