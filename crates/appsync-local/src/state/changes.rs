//! The changes of a change set, as they are described. Only data.
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::drift::ResourceDriftStatus;

/// What a change set does with a resource.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceChange {
    pub action: ChangeAction,
    pub logical_id: String,
    pub resource_type: String,
    pub physical_id: Option<String>,
    /// Of a modification.
    pub replacement: Option<Replacement>,
    pub policy_action: Option<PolicyAction>,
    pub details: Vec<ChangeDetail>,
    /// Its declaration before, resolved.
    pub before: Option<Value>,
    /// Its declaration after, resolved as far as possible.
    pub after: Option<Value>,
    /// Of a change set that reverts drift: how the resource differs from its last deployment.
    pub drift: Option<ChangedDrift>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeAction {
    Add,
    Modify,
    Remove,
    Import,
    /// Only the record of the resource changes, to what it is already.
    SyncWithActual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Replacement {
    False,
    Conditional,
    True,
}

/// What happens to the physical resource that leaves the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PolicyAction {
    Delete,
    Retain,
    Snapshot,
    ReplaceAndDelete,
    ReplaceAndRetain,
    ReplaceAndSnapshot,
}

/// A part of a resource that changes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChangeDetail {
    pub attribute: ChangedAttribute,
    /// The JSON pointer in the declaration, such as `/Properties/Tags/0/Value`.
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub recreation: Recreation,
    pub causes: Vec<ChangeCause>,
    /// Whether the value changes for certain. If not, it depends on a resource that is modified in place.
    pub is_certain: bool,
    pub drift: Option<ValueDrift>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ChangedAttribute {
    Properties,
    Metadata,
    CreationPolicy,
    UpdatePolicy,
    DeletionPolicy,
    UpdateReplacePolicy,
    Tags,
}

/// Whether the change of a value replaces the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Recreation {
    Never,
    Conditionally,
    Always,
}

/// What makes a value change, other than its text in the template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeCause {
    Parameter(String),
    /// `Fn::GetAtt`: the logical id and the attribute.
    Attribute(String, String),
    /// `Ref`.
    Resource(String),
}

/// The drift of a resource that a change set reverts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChangedDrift {
    pub status: ResourceDriftStatus,
    /// Its declaration in the last deployment.
    pub previous: Value,
    /// The paths of properties that are not compared with the resource, because it never returns them.
    pub ignored_paths: Vec<String>,
}

/// The drift of a value.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ValueDrift {
    pub previous: Option<Value>,
    pub actual: Option<Value>,
    pub detected_epoch_s: f64,
}

impl ChangedAttribute {
    /// AWS's name.
    pub fn text(self) -> &'static str {
        match self {
            Self::Properties => "Properties",
            Self::Metadata => "Metadata",
            Self::CreationPolicy => "CreationPolicy",
            Self::UpdatePolicy => "UpdatePolicy",
            Self::DeletionPolicy => "DeletionPolicy",
            Self::UpdateReplacePolicy => "UpdateReplacePolicy",
            Self::Tags => "Tags",
        }
    }
}

impl ChangeDetail {
    /// A certain change without values.
    pub fn new(attribute: ChangedAttribute, path: String, recreation: Recreation) -> Self {
        Self {
            attribute,
            path,
            before: None,
            after: None,
            recreation,
            causes: Vec::new(),
            is_certain: true,
            drift: None,
        }
    }

    /// The name of the property that changes, as a part of a JSON pointer.
    pub fn property(&self) -> Option<&str> {
        self.path.strip_prefix("/Properties/")?.split('/').next()
    }

    /// Whether only the record of the value changes, to what the resource has already.
    pub fn is_sync(&self) -> bool {
        self.drift.is_some() && self.before == self.after
    }
}
