//! The console: a page that shows the Event APIs of the emulator and their activity. It is part of the program,
//! sends requests to nothing else, and serves only this machine.
mod apis;
mod feed;
mod page;

pub use apis::apis_json;
pub use feed::feed;
pub use page::{answer, is_for};
