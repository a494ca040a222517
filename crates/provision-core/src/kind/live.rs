//! Desired and live resources of a stack.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::kind::Kind;
use crate::model::{Attributes, Properties, Site};
use crate::ownership::Owner;
use crate::text::Placeholder;

/// A resource that the spec declares.
#[derive(Clone, Debug)]
pub struct DesiredResource {
    /// The kind.
    pub kind: &'static dyn Kind,
    /// The desired properties, which may have placeholders.
    pub properties: Properties,
    /// The declaration as the user wrote it. Not everything in it is a property: the lifetime of a key is not.
    pub declared: Value,
}

impl DesiredResource {
    /// A short digest that changes with the declaration, but not with time.
    pub fn digest(&self) -> String {
        let lasting =
            |(name, _): &(&String, &Value)| !self.kind.timestamps.contains(&name.as_str());
        let properties: BTreeMap<&String, &Value> =
            self.properties.iter().filter(lasting).collect();
        let text = serde_json::json!([properties, self.declared]).to_string();
        Sha256::digest(text.as_bytes()).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A resource that exists on AWS.
#[derive(Clone, Debug)]
pub struct LiveResource {
    /// The kind.
    pub kind: &'static dyn Kind,
    /// The live properties.
    pub properties: Properties,
    /// What AWS assigned: ids, ARNs, endpoints.
    pub attributes: Attributes,
    /// The digest of the declaration that was applied last, if the ownership marker has one.
    pub digest: Option<String>,
}

/// The desired state: the resources of a spec by address.
pub type DesiredState = BTreeMap<Address, DesiredResource>;

/// The live state: the managed resources of the stack by address, and unmanaged resources.
#[derive(Clone, Debug, Default)]
pub struct LiveState {
    /// The resources with an ownership marker of this stack.
    pub managed: BTreeMap<Address, LiveResource>,
    /// Unmanaged resources that belong to managed ones.
    pub unmanaged: Vec<UnmanagedResource>,
    /// Unmanaged resources at the top level. They matter only if a desired resource needs their name.
    pub unrelated: Vec<UnmanagedResource>,
    /// The sections whose kinds this endpoint cannot list, each with the endpoint's error.
    pub unlisted: BTreeMap<&'static str, String>,
    /// The runs that have a run lock on a managed resource, including runs that were killed.
    pub active_runs: BTreeMap<Address, BTreeSet<String>>,
}

/// A resource without an ownership marker of this stack: listed, never compared, never modified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnmanagedResource {
    /// The managed resource that it belongs to.
    #[schemars(with = "Option<String>")]
    pub parent: Option<Address>,
    /// What a person calls a resource of this kind.
    pub noun: &'static str,
    /// Its name, unless the name is a secret.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: Owner,
}

impl LiveState {
    /// Returns the value of a placeholder, if the live state or the site determines it.
    pub fn resolve(&self, placeholder: &Placeholder, site: &Site) -> Option<String> {
        match placeholder {
            Placeholder::Pseudo(name) => site.pseudo_parameter(name),
            // `apply` resolves every parameter before it reads the live state.
            Placeholder::Parameter(_) => None,
            Placeholder::Attribute { address, name } => {
                Some(self.managed.get(address)?.attributes.get(name)?.to_owned())
            }
        }
    }
}

impl fmt::Display for UnmanagedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name}", self.noun),
            None => write!(f, "{} (its name is a secret)", self.noun),
        }
    }
}
