//! Every kind of resource we provision: one file each, one row here.
pub mod api;
pub mod api_key;
pub mod auth;
pub mod channel_namespace;
pub mod log_role;

mod appsync_tags;
mod period;
mod policy_document;
mod provider;

use crate::calls::{Calls, Remote};
use crate::kind::Facts;

/// Schema, diff, render, import, calls and the reference docs all read this table.
pub static KINDS: &[Row] = &[
    row::<log_role::LogRole>(),
    row::<api::Api>(),
    row::<channel_namespace::ChannelNamespace>(),
    row::<api_key::ApiKey>(),
];

#[derive(Debug)]
pub struct Row {
    pub facts: Facts,
    pub calls: Calls,
}

const fn row<K: Remote>() -> Row {
    Row { facts: Facts::of::<K>(), calls: Calls::of::<K>() }
}

/// The kinds declared at the top of a spec, or in the declarations of `parent`.
pub fn under(parent: Option<&str>) -> impl Iterator<Item = &'static Row> {
    KINDS.iter().filter(move |row| row.facts.parent == parent)
}

/// The row that `kind` comes from.
pub fn row_of(kind: &Facts) -> &'static Row {
    let row = KINDS.iter().find(|row| row.facts.type_name == kind.type_name);
    row.expect("facts come from a row")
}
