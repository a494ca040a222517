//! The calls of every kind of resource: one file each, one row here.
pub mod appsync_tags;

mod api;
mod api_key;
mod channel_namespace;
mod data_source;
mod domain_association;
mod domain_name;
mod log_role;
mod sdk;
mod web_acl_association;

use provision_core::kind::{Facts, Kind};
use provision_core::kinds;

use crate::calls::{Calls, Remote};

static CALLS: &[(&str, Calls)] = &[
    row::<kinds::log_role::LogRole>(),
    row::<kinds::api::Api>(),
    row::<kinds::data_source::DataSource>(),
    row::<kinds::channel_namespace::ChannelNamespace>(),
    row::<kinds::api_key::ApiKey>(),
    row::<kinds::web_acl_association::WebAclAssociation>(),
    row::<kinds::domain_name::DomainName>(),
    row::<kinds::domain_association::DomainAssociation>(),
];

const fn row<K: Remote + Kind>() -> (&'static str, Calls) {
    (K::TYPE, Calls::of::<K>())
}

/// The calls of `kind`.
pub fn calls_of(kind: &Facts) -> &'static Calls {
    let row = CALLS.iter().find(|(type_name, _)| *type_name == kind.type_name);
    &row.expect("every kind has calls").1
}
