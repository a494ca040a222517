//! The command line: parses arguments, reads files, calls AWS and writes results. No other module imports it.
//!
//! `command_line` parses the arguments and runs the command, which is a file in `commands`. Several
//! commands share the other modules.
mod arguments;
mod change_request;
mod command_line;
mod commands;
mod confirm;
mod event_api;
mod exit;
mod files;
mod follow_up;
mod interrupt;
mod io;
mod load;
mod logging;
mod parameters;
mod progress;
mod stack_outputs;
mod target;
mod verification;

pub use command_line::run;
pub use exit::Exit;
pub(crate) use exit::Failure;
pub use io::{Color, Io, Terminal};
