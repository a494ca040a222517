//! IAM's operations on roles and managed policies, with the Query protocol of version 2010-05-08. Policies are checked and stored, and
//! never evaluated.
mod document;
pub mod input;
mod managed_policy;
mod operations;
mod role;

pub use operations::handle;
