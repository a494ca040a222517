//! Addresses, which identify a resource in specs, plans, events, errors and ownership markers.
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The path of a resource in the spec: `apis/sample/namespaces/chat`.
///
/// Sections and names alternate. The address of a singleton, the only resource in its section, ends with the section:
/// `apis/sample/waf`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Returns an address without a parent: `apis/sample`.
    pub fn top_level(section: &str, name: &str) -> Self {
        Self(format!("{section}/{name}"))
    }
    /// Returns the address of a child: `apis/sample/namespaces/chat`.
    pub fn child(&self, section: &str, name: &str) -> Self {
        Self(format!("{}/{section}/{name}", self.0))
    }
    /// Returns the address of a child that is a singleton: `apis/sample/waf`.
    pub fn singleton(&self, section: &str) -> Self {
        Self(format!("{}/{section}", self.0))
    }
    /// Returns the address of a resource that is deleted after its replacement got this address. `name` is its name on
    /// AWS. `~` is not valid in the keys of a spec, so no other resource has the address.
    pub fn temporary(&self, name: &str) -> Self {
        Self(format!("{}~{name}", self.0))
    }
    /// Parses an address; `None` if `text` is not a valid one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_valid = parts.len() >= 2 && parts.iter().all(|part| !part.is_empty());
        is_valid.then(|| Self(text.to_owned()))
    }
    /// Returns the section of the resource: `namespaces`.
    pub fn section(&self) -> &str {
        let back = if self.is_singleton() { 0 } else { 1 };
        self.0.rsplit('/').nth(back).unwrap_or_default()
    }
    /// Whether the resource is the only one in its section.
    pub fn is_singleton(&self) -> bool {
        self.0.matches('/').count().is_multiple_of(2)
    }
    /// Returns the name in the section: `chat`. The name of a singleton is its section.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
    /// Returns the address of the parent: `apis/sample`. `None` at the top level.
    pub fn parent(&self) -> Option<Self> {
        let parts = if self.is_singleton() { 2 } else { 3 };
        let parent = self.0.rsplitn(parts, '/').nth(parts - 1)?;
        Some(Self(parent.to_owned()))
    }
    /// Returns the top-level ancestor, or the address itself at the top level.
    pub fn root(&self) -> Self {
        self.parent().map_or_else(|| self.clone(), |parent| parent.root())
    }
    /// Whether the resource is a descendant of `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('/'))
    }
    /// Returns the address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Returns the sections and names, in order.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected an address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_section_a_name_and_a_parent() {
        let address = Address::top_level("apis", "sample").child("namespaces", "chat");
        assert_eq!(address.to_string(), "apis/sample/namespaces/chat");
        assert_eq!((address.section(), address.name()), ("namespaces", "chat"));
        assert_eq!(address.parent(), Some(Address::top_level("apis", "sample")));
        assert_eq!(address.root(), Address::top_level("apis", "sample"));
        assert!(address.is_within(&Address::top_level("apis", "sample")));
        assert!(
            !Address::top_level("apis", "sampler").is_within(&Address::top_level("apis", "sample"))
        );
        assert_eq!(Address::top_level("apis", "sample").parent(), None);
    }

    #[test]
    fn the_name_of_a_singleton_is_its_section() {
        let address = Address::top_level("apis", "sample").singleton("waf");
        assert_eq!(address.to_string(), "apis/sample/waf");
        assert_eq!((address.section(), address.name()), ("waf", "waf"));
        assert_eq!(address.parent(), Some(Address::top_level("apis", "sample")));
        assert!(address.is_within(&Address::top_level("apis", "sample")));
    }

    #[test]
    fn an_invalid_address_is_not_parsed() {
        for text in ["", "apis", "apis/", "/sample", "apis/a/", "apis//b/c"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(
            Address::parse("apis/a").map(|address| address.to_string()),
            Some("apis/a".into())
        );
    }
}
