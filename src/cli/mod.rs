//! The command line. Nothing else imports it.
//!
//! `command_line` parses the arguments and runs the command, a file in `commands`. The other modules
//! are what several commands share.
mod change_request;
mod command_line;
mod commands;
mod confirm;
mod duration;
mod event_api;
mod exit;
mod follow_up;
mod io;
mod load;
mod logging;
mod parameters;
mod progress;
mod scope;
mod screen;
mod target;

pub use command_line::run;
pub use exit::{Exit, Failure};
pub use io::{Color, Io, Terminal};
