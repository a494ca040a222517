//! The command line. Nothing else imports it.
//!
//! `command_line` parses the arguments and runs the command, a file in `commands`. The other modules
//! are what several commands share.
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
