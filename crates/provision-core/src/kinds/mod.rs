//! Every kind of resource we provision: one file each, one row here.
pub mod api;
pub mod api_key;
pub mod auth;
pub mod channel_namespace;
pub mod data_source;
pub mod domain_association;
pub mod domain_name;
pub mod handlers;
pub mod log_role;
pub mod provider;
pub mod web_acl_association;

pub mod arn;
mod logical_id;
mod period;
mod policy_document;

use crate::kind::Facts;

/// Schema, diff, render, import and the reference docs all read this table.
pub static KINDS: &[Facts] = &[
    Facts::of::<log_role::LogRole>(),
    Facts::of::<api::Api>(),
    Facts::of::<data_source::DataSource>(),
    Facts::of::<channel_namespace::ChannelNamespace>(),
    Facts::of::<api_key::ApiKey>(),
    Facts::of::<web_acl_association::WebAclAssociation>(),
    Facts::of::<domain_name::DomainName>(),
    Facts::of::<domain_association::DomainAssociation>(),
];

/// The kinds declared at the top of a spec, or in the declarations of `parent`.
pub fn under(parent: Option<&str>) -> impl Iterator<Item = &'static Facts> {
    KINDS.iter().filter(move |kind| kind.parent == parent)
}
