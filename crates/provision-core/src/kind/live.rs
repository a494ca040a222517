//! Resources as they should be and as AWS has them, and whose they are.
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
use crate::text::Hole;

/// A resource as it should be.
#[derive(Clone, Debug)]
pub struct DesiredResource {
    pub kind: &'static dyn Kind,
    pub properties: Properties,
    /// What the user wrote: terms that are no property, as how long a key lives.
    pub declared: Value,
}

impl DesiredResource {
    /// A few letters that change with the declaration and not with the time.
    pub fn digest(&self) -> String {
        let lasting =
            |(name, _): &(&String, &Value)| !self.kind.timestamps.contains(&name.as_str());
        let properties: BTreeMap<&String, &Value> =
            self.properties.iter().filter(lasting).collect();
        let text = serde_json::json!([properties, self.declared]).to_string();
        Sha256::digest(text.as_bytes()).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A resource as AWS has it.
#[derive(Clone, Debug)]
pub struct LiveResource {
    pub kind: &'static dyn Kind,
    pub properties: Properties,
    pub attributes: Attributes,
    /// The digest of the declaration that was applied last, if its mark says so.
    pub digest: Option<String>,
}

pub type DesiredState = BTreeMap<Address, DesiredResource>;

/// What AWS has: ours by address, and what nobody here declared.
#[derive(Clone, Debug, Default)]
pub struct LiveState {
    pub managed: BTreeMap<Address, LiveResource>,
    pub unmanaged: Vec<UnmanagedResource>,
    /// What stands at the top and is not ours: it matters only where it has a name that we want.
    pub unrelated: Vec<UnmanagedResource>,
    /// The sections of the kinds that this AWS can't list, and how it says so.
    pub unlisted: BTreeMap<&'static str, String>,
    /// Runs that say on something of ours that they are changing the stack, dead ones among them.
    pub active_runs: BTreeMap<Address, BTreeSet<String>>,
}

/// Something beside ours that does not carry our mark: shown, never compared, never touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnmanagedResource {
    /// What of ours it hangs on.
    #[schemars(with = "Option<String>")]
    pub parent: Option<Address>,
    /// What a person calls it.
    pub noun: &'static str,
    /// Its name where that is no secret.
    pub name: Option<String>,
    pub owner: Owner,
}

impl LiveState {
    /// What fills `hole`, as far as AWS or the site knows.
    pub fn resolve(&self, hole: &Hole, site: &Site) -> Option<String> {
        match hole {
            Hole::Pseudo(name) => site.pseudo(name),
            // Applying puts a value in the place of every parameter before it looks at AWS.
            Hole::Parameter(_) => None,
            Hole::Attribute { address, name } => {
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
