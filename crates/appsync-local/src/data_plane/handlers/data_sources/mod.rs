//! Data sources: the requests of handlers to AWS services and HTTP endpoints, and the results
//! (docs/reference/data-sources.md#requests-and-results).
pub mod aws;
mod client;
mod dynamodb;
mod http;
mod query;

pub use client::DataSourceClient;
pub use query::query;
