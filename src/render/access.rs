//! Who may do what, as a matrix: for people, for a pull request, for programs, as a picture.
mod markdown;
mod mermaid;
mod table;

pub use markdown::markdown;
pub use mermaid::mermaid;
pub use table::table;

use schemars::JsonSchema;
use serde::Serialize;

use provision_core::access::{ApiAccess, Origin};

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

/// One line of an API's matrix.
struct Row<'a> {
    /// The channels it is about; none: the connection to the API.
    channels: Option<&'a str>,
    operation: &'static str,
    modes: &'a [String],
    from: &'static str,
}

/// The matrix of one API: who may connect, then who may do what where.
fn rows(api: &ApiAccess) -> Vec<Row<'_>> {
    let connect = Row { channels: None, operation: "connect", modes: &api.connect, from: "" };
    let of_namespaces = api.namespaces.iter().flat_map(|it| {
        [("publish", &it.publish), ("subscribe", &it.subscribe)].map(|(operation, grant)| {
            let from = match grant.from {
                Origin::Api => "the API",
                Origin::Namespace => "its own",
            };
            Row { channels: Some(&it.channels), operation, modes: &grant.modes, from }
        })
    });
    std::iter::once(connect).chain(of_namespaces).collect()
}

/// What stands in the matrix for one mode.
fn cell(api: &ApiAccess, row: &Row<'_>, mode: &str) -> &'static str {
    match row.modes.iter().any(|it| it == mode) {
        false => "-",
        true if api.is_usable(mode) => "yes",
        true => "no key",
    }
}

/// What is behind each mode, and that a mode is all that counts.
fn legend(api: &ApiAccess) -> Vec<(&str, String)> {
    let line =
        |it: &'_ provision_core::access::ProviderAccess| it.detail.as_deref().map(in_one_line);
    api.providers.iter().filter_map(|it| Some((it.mode.as_str(), line(it)?))).collect()
}

/// Whether the matrix has fewer columns than the API has providers.
fn has_several_of_a_type(api: &ApiAccess) -> bool {
    api.modes().len() < api.providers.len()
}

const SEVERAL: &str = "A list of modes names types only: every provider of a type counts.";

/// A spec's texts may hold anything; what moves a cursor is written out.
fn in_one_line(text: &str) -> String {
    let letter = |it: char| match it.is_control() {
        true => it.escape_default().to_string(),
        false => it.to_string(),
    };
    text.chars().map(letter).collect()
}
