//! How a command reaches an Event API: where it is, as whom, and what it means if that is refused.
mod api;
mod args;
mod credentials;
mod errors;
mod network;
mod resolve;
pub mod snippet;
mod stack;

pub use api::{Reached, closing};
pub use args::{ApiArgs, Doing, ModeArg, auth_modes, invalid_channel, words};
pub use credentials::{end_of, is_jwt};
pub use errors::failure;
pub use network::{address, network};
pub use resolve::reach;
