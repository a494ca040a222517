//! Who may do what: the one place where credentials are judged (docs/reference/authorization.md).
mod api_key;
mod authorizer;
mod credential;
#[cfg(test)]
mod fixture;
mod issuer_keys;
mod lambda_authorizer;
mod local_issuer;
mod mode;
mod provider;
pub mod request;
mod signature;
mod token;

pub use authorizer::Authorizer;
pub use local_issuer::{LocalIssuer, TokenRequest};
