//! What a change does with a resource.
use schemars::JsonSchema;
use serde::Serialize;

/// What a change does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeAction {
    /// Create a resource that does not exist.
    Create,
    /// Change a resource in place.
    Update,
    /// Delete and create a resource again: a property changed that AWS cannot change in place.
    Replace,
    /// Delete a managed resource that the spec does not declare.
    Delete,
}

impl ChangeAction {
    /// Whether the change deletes the existing resource.
    pub fn deletes_existing(self) -> bool {
        matches!(self, Self::Delete | Self::Replace)
    }
}
