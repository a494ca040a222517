//! Every kind of resource that `provision` manages: one module and one row of the table each. The other modules are
//! types that several kinds use, such as [`auth`] and [`arn`].
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
mod duration;
mod logical_id;
mod policy_document;

use crate::kind::{Kind, kind};

/// Schema, diff, render, import and the reference docs all read this table.
pub static KINDS: &[&dyn Kind] = &[
    kind::<log_role::LogRole>(),
    kind::<api::Api>(),
    kind::<data_source::DataSource>(),
    kind::<channel_namespace::ChannelNamespace>(),
    kind::<api_key::ApiKey>(),
    kind::<web_acl_association::WebAclAssociation>(),
    kind::<domain_name::DomainName>(),
    kind::<domain_association::DomainAssociation>(),
];

/// The kind that a stack is about: an import needs one of these resources, and a template can be rendered for
/// each.
pub static EVENT_API: &dyn Kind = kind::<api::Api>();

/// The kinds declared at the top of a spec, or in the declarations of `parent`.
pub fn children_of(parent: Option<&str>) -> impl Iterator<Item = &'static dyn Kind> {
    KINDS.iter().copied().filter(move |kind| kind.parent == parent)
}
