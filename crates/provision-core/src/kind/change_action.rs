//! What becomes of a resource.
use schemars::JsonSchema;
use serde::Serialize;

/// What a change does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeAction {
    /// Make what is not there.
    Create,
    /// Change it in place.
    Update,
    /// Delete and create again: a property changed that AWS can't change in place.
    Replace,
    /// Delete what is ours and no longer declared.
    Delete,
}

impl ChangeAction {
    /// Whether what is there now goes.
    pub fn deletes_existing(self) -> bool {
        matches!(self, Self::Delete | Self::Replace)
    }
}
