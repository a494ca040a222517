//! The console: a page that shows the Event APIs of the emulator and their activity. It is part of the program,
//! sends requests to nothing else, and serves only this machine.
mod page;

pub use page::{answer, apis_json, feed, is_for};
