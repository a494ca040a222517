//! Systems Manager's Parameter Store, with the protocol JSON 1.1 of version 2014-11-06: parameters of the types String
//! and StringList with their versions and tags. Secrets, labels and policies are rejected, because nothing is encrypted
//! here and nothing expires.
mod input;
mod list;
mod operations;
mod selector;

pub use operations::{handle, version};
