//! Authorization (docs/reference/authorization.md): which identity a client has by its credentials, and what its
//! auth mode allows. Nothing else in the data plane reads credentials.
mod api_key;
mod authorizer;
mod credential;
#[cfg(test)]
mod fixture;
mod issuer_keys;
mod lambda_authorizer;
mod local_issuer;
mod permission;
mod provider;
pub mod request;
mod signature;
mod token;

pub use authorizer::Authorizer;
pub use lambda_authorizer::LambdaAuthorizer;
pub use local_issuer::{LocalIssuer, TokenRequest};
pub use token::TokenVerifier;
