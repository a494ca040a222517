//! Tags, as every kind of resource has them.
use std::collections::BTreeMap;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;
