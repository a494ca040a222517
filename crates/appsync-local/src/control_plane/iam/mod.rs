//! IAM's operations on roles, with the Query protocol of version 2010-05-08. Policies are checked and stored, and
//! never evaluated.
mod document;
pub mod input;
mod operations;
mod role;

pub use operations::handle;

pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
