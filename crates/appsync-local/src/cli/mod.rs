//! The command line of the emulator: `appsync-local`, and what `provision local` shares with it.
//!
//! It touches the world only through an [`Environment`], and prints nothing: a program prints the texts that
//! it returns.
mod emulator;
mod environment;
mod settings;
mod token;
mod trust;

pub use emulator::{DATA_DIR, Emulator, EmulatorArgs, open_emulator, stop_signal};
pub use environment::{CommandError, Environment, StoreAccess, access_store};
pub use settings::SettingsArgs;
pub use token::{TokenArgs, request_token};
pub use trust::{TrustArgs, TrustFormat};
