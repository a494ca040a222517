//! The outputs of a stack, in every format: endpoints, ids, auth modes and keys.
mod amplify;
mod document;
mod human;
mod query;
mod read;
mod variables;

pub use amplify::{Amplify, amplify, amplify_mode, longest_lived, secure};
pub use document::{ApiOutputs, KeyOutputs, NamespaceOutputs, Outputs};
pub use human::human;
pub use query::query;
pub use read::outputs;
pub use variables::{Variable, dotenv, env, github, tfvars, variables};
