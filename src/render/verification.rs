//! What `provision verify` found: for people, for programs, for a build server.
mod junit;
mod report;
mod table;

pub use junit::junit;
pub use report::{Counts, Verification};
pub use table::table;
