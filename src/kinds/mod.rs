//! Every kind of resource we provision: one file each, one row here.
pub mod api;
pub mod api_key;
pub mod appsync_tags;
pub mod auth;
pub mod channel_namespace;
pub mod data_source;
pub mod domain_association;
pub mod domain_name;
pub mod handlers;
pub mod log_role;
pub mod provider;
pub mod web_acl_association;

mod arn;
mod logical_id;
mod period;
mod policy_document;

use crate::calls::{Calls, Remote};
use crate::kind::Facts;

/// Schema, diff, render, import, calls and the reference docs all read this table.
pub static KINDS: &[Row] = &[
    row::<log_role::LogRole>(),
    row::<api::Api>(),
    row::<data_source::DataSource>(),
    row::<channel_namespace::ChannelNamespace>(),
    row::<api_key::ApiKey>(),
    row::<web_acl_association::WebAclAssociation>(),
    row::<domain_name::DomainName>(),
    row::<domain_association::DomainAssociation>(),
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

/// The calls of `kind`.
pub fn calls_of(kind: &Facts) -> &'static Calls {
    &row_of(kind).calls
}

/// The row that `kind` comes from.
pub fn row_of(kind: &Facts) -> &'static Row {
    let row = KINDS.iter().find(|row| row.facts.type_name == kind.type_name);
    row.expect("facts come from a row")
}
