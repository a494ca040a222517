//! IAM, as far as roles go (Query protocol, version 2010-05-08).
mod document;
pub mod input;
mod operations;
mod role;

pub use operations::handle;

pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
