//! The calls of every kind of resource: one file and one row each.
//!
//! A kind converts between CloudFormation's shape, in which `provision-core` compares, and the SDK's. It never
//! decides what is changed.
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

use provision_core::kind::{Kind, TypedKind};
use provision_core::kinds;

use crate::calls::{Calls, Remote, calls};

/// The calls of each kind, by its CloudFormation type.
static CALLS: &[(&str, &dyn Calls)] = &[
    row::<kinds::log_role::LogRole>(),
    row::<kinds::api::Api>(),
    row::<kinds::data_source::DataSource>(),
    row::<kinds::channel_namespace::ChannelNamespace>(),
    row::<kinds::api_key::ApiKey>(),
    row::<kinds::web_acl_association::WebAclAssociation>(),
    row::<kinds::domain_name::DomainName>(),
    row::<kinds::domain_association::DomainAssociation>(),
];

const fn row<K: Remote>() -> (&'static str, &'static dyn Calls) {
    (<K as TypedKind>::FACTS.type_name, calls::<K>())
}

/// Returns the calls of `kind`.
pub fn calls_of(kind: &'static dyn Kind) -> &'static dyn Calls {
    let row = CALLS.iter().find(|(type_name, _)| *type_name == kind.type_name);
    row.expect("a test checks that every kind has a row").1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_calls() {
        for kind in kinds::KINDS.iter().copied() {
            calls_of(kind);
        }
        assert_eq!(CALLS.len(), kinds::KINDS.len());
    }
}
