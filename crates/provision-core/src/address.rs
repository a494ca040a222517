//! Addresses: the names by which specs, plans, events, errors and marks speak of a resource.
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a resource stands in the spec: `apis/sample/namespaces/chat`.
///
/// Sections and names alternate; a section that holds one thing only ends the address without a name,
/// `apis/sample/waf`. Plans, events, errors and ownership marks all use it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// An address without a parent: `apis/sample`.
    pub fn top_level(section: &str, name: &str) -> Self {
        Self(format!("{section}/{name}"))
    }
    /// An address under this one: `apis/sample/namespaces/chat`.
    pub fn child(&self, section: &str, name: &str) -> Self {
        Self(format!("{}/{section}/{name}", self.0))
    }
    /// The address of the one thing in a section under this one: `apis/sample/waf`.
    pub fn singleton(&self, section: &str) -> Self {
        Self(format!("{}/{section}", self.0))
    }
    /// Where what is called `name` on AWS waits for its end while its successor has this address. No spec has
    /// such a key.
    pub fn temporary(&self, name: &str) -> Self {
        Self(format!("{}~{name}", self.0))
    }
    /// Reads an address back from its text; `None` if it isn't one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let sound = parts.len() >= 2 && parts.iter().all(|part| !part.is_empty());
        sound.then(|| Self(text.to_owned()))
    }
    /// The section it stands in: `namespaces`.
    pub fn section(&self) -> &str {
        let back = if self.is_singleton() { 0 } else { 1 };
        self.0.rsplit('/').nth(back).unwrap_or_default()
    }
    /// Whether it is the one thing in its section.
    pub fn is_singleton(&self) -> bool {
        self.0.matches('/').count().is_multiple_of(2)
    }
    /// Its name in that section: `chat`. The one thing in a section is called as the section.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
    /// What it hangs on: `apis/sample`. `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let parts = if self.is_singleton() { 2 } else { 3 };
        let above = self.0.rsplitn(parts, '/').nth(parts - 1)?;
        Some(Self(above.to_owned()))
    }
    /// The outermost address around it, itself if it is at the top.
    pub fn root(&self) -> Self {
        self.parent().map_or_else(|| self.clone(), |parent| parent.root())
    }
    /// Whether it hangs on `other`, at any depth.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('/'))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Sections and names, in turn.
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
    fn an_address_knows_its_parts() {
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
    fn the_one_thing_in_a_section_has_no_name_of_its_own() {
        let address = Address::top_level("apis", "sample").singleton("waf");
        assert_eq!(address.to_string(), "apis/sample/waf");
        assert_eq!((address.section(), address.name()), ("waf", "waf"));
        assert_eq!(address.parent(), Some(Address::top_level("apis", "sample")));
        assert!(address.is_within(&Address::top_level("apis", "sample")));
    }

    #[test]
    fn what_is_no_address_is_not_read_as_one() {
        for text in ["", "apis", "apis/", "/sample", "apis/a/", "apis//b/c"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(
            Address::parse("apis/a").map(|address| address.to_string()),
            Some("apis/a".into())
        );
    }
}
