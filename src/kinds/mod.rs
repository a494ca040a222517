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
use crate::kind::{Facts, Kind};

/// Schema, diff, render, import, calls and the reference docs all read this table.
pub static KINDS: &[Row] = &[
    row::<log_role::LogRole>(),
    row::<api::Api>(),
    facts::<data_source::DataSource>(),
    row::<channel_namespace::ChannelNamespace>(),
    row::<api_key::ApiKey>(),
    facts::<web_acl_association::WebAclAssociation>(),
    facts::<domain_name::DomainName>(),
    facts::<domain_association::DomainAssociation>(),
];

#[derive(Debug)]
pub struct Row {
    pub facts: Facts,
    /// `None`: a template can have it, and nobody applies it yet.
    pub calls: Option<Calls>,
}

const fn row<K: Remote>() -> Row {
    Row { facts: Facts::of::<K>(), calls: Some(Calls::of::<K>()) }
}

const fn facts<K: Kind>() -> Row {
    Row { facts: Facts::of::<K>(), calls: None }
}

/// The kinds declared at the top of a spec, or in the declarations of `parent`.
pub fn under(parent: Option<&str>) -> impl Iterator<Item = &'static Row> {
    KINDS.iter().filter(move |row| row.facts.parent == parent)
}

/// The calls of `kind`. What has none is refused before anything is called.
pub fn calls_of(kind: &Facts) -> &'static Calls {
    row_of(kind).calls.as_ref().expect("what can't be applied is refused before")
}

/// The row that `kind` comes from.
pub fn row_of(kind: &Facts) -> &'static Row {
    let row = KINDS.iter().find(|row| row.facts.type_name == kind.type_name);
    row.expect("facts come from a row")
}
