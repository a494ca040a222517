//! Fingerprints of live resources: they show whether a resource changed, but not its contents.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::kind::LiveResource;

/// A digest of each property of a resource, and one of its attributes.
pub type Fingerprint = BTreeMap<String, String>;

/// Represents all attributes together: an id is among them, and the id of an API key is the key.
const ATTRIBUTES: &str = "its identity on AWS";

/// Returns the fingerprint of one resource.
pub fn fingerprint(resource: &LiveResource) -> Fingerprint {
    let property = |(name, value): (&String, &Value)| (name.clone(), sha256(&json!([name, value])));
    let mut fingerprint: Fingerprint = resource.properties.iter().map(property).collect();
    let attributes: BTreeMap<&str, &str> = resource.attributes.iter().collect();
    fingerprint.insert(ATTRIBUTES.to_owned(), sha256(&json!(attributes)));
    fingerprint
}

/// Returns how a resource changed. `None`: it did not.
pub fn difference(before: Option<&Fingerprint>, after: Option<&Fingerprint>) -> Option<String> {
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => Some("exists now".to_owned()),
        (Some(_), None) => Some("is gone".to_owned()),
        (Some(before), Some(after)) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
            let differ: Vec<&str> = differ.map(String::as_str).collect();
            (!differ.is_empty()).then(|| format!("was changed ({})", differ.join(", ")))
        }
    }
}

pub(crate) fn sha256(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes())
        .iter()
        .map(|digest| format!("{digest:02x}"))
        .collect()
}
