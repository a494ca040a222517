//! Who may do what, as a matrix: for people, for a pull request, for programs, as a picture.
mod matrix;
mod mermaid;

pub use matrix::{markdown, table};
pub use mermaid::mermaid;

use schemars::JsonSchema;
use serde::Serialize;

use provision_core::access::ApiAccess;

/// What `provision access --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "access")]
pub struct AccessDocument<'a> {
    /// The version of this document: 1.
    pub version: u32,
    pub stack: &'a str,
    /// Who may do what, an API each.
    pub apis: &'a [ApiAccess],
}
