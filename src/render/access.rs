//! Formats who may connect, publish and subscribe: as a table, as Markdown, as JSON and as a diagram.
mod matrix;
mod mermaid;

pub use matrix::{markdown, table};
pub use mermaid::mermaid;

use schemars::JsonSchema;
use serde::Serialize;

use provision_core::access::ApiAccess;

/// The document of `provision access --format json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "access")]
pub struct AccessDocument<'a> {
    /// The version of this document: 1.
    pub version: u32,
    pub stack: &'a str,
    /// Who may connect, publish and subscribe, per API.
    pub apis: &'a [ApiAccess],
}
