//! The command line of the emulator: `appsync-local`, and what `provision local` shares with it.
//!
//! It touches the world only through an [`Environment`], and prints nothing: a program prints the texts that
//! it returns.
mod environment;
mod serving;
mod settings;
mod token;
mod trust;

pub use environment::{Environment, Failure, Opened, wait_for};
pub use serving::{DATA_DIR, Serving, ServingArgs, open, stopped};
pub use settings::SettingsArgs;
pub use token::{TokenArgs, request_token};
pub use trust::{TrustArgs, TrustFormat};
