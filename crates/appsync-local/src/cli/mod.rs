//! The command line of the emulator, which the programs `appsync-local` and `provision local` share.
//!
//! It never reads the process's environment or clock: the program passes an [`Environment`]. It never prints: the
//! program prints the texts that it returns.
mod emulator;
mod environment;
mod settings;
mod token;
mod trust;

pub use emulator::{Emulator, EmulatorArgs, open_emulator, stop_signal};
pub use environment::{CommandError, DATA_DIR, Environment, StoreAccess, access_store};
pub use token::{TokenArgs, request_token};
pub use trust::TrustArgs;
