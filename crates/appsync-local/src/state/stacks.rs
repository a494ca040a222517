//! The state of CloudFormation in a Region: stacks with their resources, events and change sets. Only data.
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::state::changes::ResourceChange;
use crate::state::delta::{Entity, tables};
use crate::state::drift::{ResourceDrift, StackDrift};
use crate::state::table::Table;
use crate::state::tags::Tags;

/// A stack, from its first change set to its deletion and beyond.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Stack {
    /// Its ARN.
    pub id: String,
    pub name: String,
    pub created_epoch_s: f64,
    pub updated_epoch_s: Option<f64>,
    pub deleted_epoch_s: Option<f64>,
    pub status: StackStatus,
    pub status_reason: Option<String>,
    /// What the last operation deployed or deploys.
    pub deployment: Deployment,
    /// What a rollback of the current update restores.
    pub stable: Option<Deployment>,
    pub outputs: Vec<StackOutput>,
    pub disable_rollback: bool,
    pub termination_protection: bool,
    pub timeout_min: Option<u32>,
    /// The change set that the last operation executed.
    pub change_set_id: Option<String>,
    /// A stack policy, as it was set.
    pub policy: Option<String>,
    /// The operation that the stack's status belongs to.
    pub operation: Option<StackOperation>,
    pub drift: StackDrift,
    pub resources: Table<StackResource>,
    /// Resources that the stack no longer has and that the cleanup phase deletes.
    pub cleanup: Table<CleanupResource>,
    /// By a number that grows.
    pub events: Table<StackEvent>,
    /// By ARN.
    pub change_sets: Table<ChangeSet>,
    /// The templates of the deployments, by their SHA-256.
    pub templates: Table<String>,
}

/// A template with everything that it is evaluated with.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deployment {
    /// The SHA-256 of the template, or nothing while the stack is in review.
    pub template: String,
    pub description: Option<String>,
    pub parameters: Vec<StackParameter>,
    pub tags: Tags,
    pub capabilities: Vec<String>,
    pub role_arn: Option<String>,
    pub notification_arns: Vec<String>,
    /// As DescribeStacks returns it.
    pub rollback_configuration: Value,
    /// The names of the exports that the template imports.
    #[serde(default)]
    pub imports: BTreeSet<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StackParameter {
    pub key: String,
    pub value: String,
    /// The value of the SSM parameter that `value` names.
    pub resolved_value: Option<String>,
    pub no_echo: bool,
    pub is_list: bool,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StackOutput {
    pub key: String,
    pub value: String,
    pub description: Option<String>,
    pub export_name: Option<String>,
}

/// An operation on a stack.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StackOperation {
    /// Its id, a UUID.
    pub id: String,
    pub kind: OperationType,
    /// `ClientRequestToken` of its request.
    pub token: Option<String>,
    pub on_failure: OnFailure,
    /// Whether what this operation created is deleted by its rollback despite its deletion policy.
    pub retain_except_on_create: bool,
    /// The logical ids that DeleteStack retains, or that ContinueUpdateRollback skips.
    pub excluded: Vec<String>,
    /// The identifiers of the resources to import, by logical id.
    pub imported: BTreeMap<String, BTreeMap<String, String>>,
    pub change_set_id: Option<String>,
    /// Whether CancelUpdateStack was called.
    pub is_cancelled: bool,
    /// The id of its rollback, once that began.
    pub rollback_id: Option<String>,
}

/// The operations, with AWS's names in `LastOperations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OperationType {
    CreateStack,
    UpdateStack,
    DeleteStack,
    ContinueRollback,
    Rollback,
    CreateChangeset,
}

/// What follows when an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OnFailure {
    Rollback,
    DoNothing,
    Delete,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StackResource {
    pub resource_type: String,
    /// Empty until the resource has one.
    pub physical_id: String,
    /// The identity that a creation in progress gives the resource: after a kill, the resource may exist with it.
    pub planned_id: Option<String>,
    pub status: ResourceStatus,
    pub reason: Option<String>,
    pub updated_epoch_s: f64,
    /// The id of the operation that last changed the resource.
    pub operation: String,
    /// Whether it is only a record, because of `--stub-types`.
    pub is_stub: bool,
    pub content: ResourceContent,
    /// What a rollback restores, if the resource changed since the stack was last stable.
    pub stable: Option<Box<StableResource>>,
    /// Whether it was created since the stack was last stable, so that a rollback deletes it.
    pub is_new: bool,
    pub drift: ResourceDrift,
}

/// What a resource has and returns.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceContent {
    /// Resolved.
    pub properties: Value,
    /// The value of `Ref`.
    pub reference: Value,
    /// The values of `Fn::GetAtt`.
    pub attributes: Map<String, Value>,
    pub metadata: Option<Value>,
    pub deletion_policy: DeletionPolicy,
    pub update_replace_policy: DeletionPolicy,
    /// The resources of the stack that it depends on.
    pub depends_on: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StableResource {
    pub physical_id: String,
    pub content: ResourceContent,
}

/// What happens to a resource that leaves the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeletionPolicy {
    #[default]
    Delete,
    Retain,
    RetainExceptOnCreate,
    Snapshot,
}

/// A resource that has left the stack.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CleanupResource {
    pub logical_id: String,
    pub resource_type: String,
    pub physical_id: String,
    pub content: ResourceContent,
    pub is_retained: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StackEvent {
    pub id: String,
    pub epoch_s: f64,
    /// `None` for the stack itself.
    pub logical_id: Option<String>,
    pub resource_type: String,
    pub physical_id: String,
    pub status: String,
    pub reason: Option<String>,
    /// JSON.
    pub properties: Option<String>,
    pub token: Option<String>,
    pub operation: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ChangeSet {
    /// Its ARN.
    pub id: String,
    pub name: String,
    /// The id of the operation that created it, a UUID.
    pub operation: String,
    pub change_set_type: ChangeSetType,
    pub created_epoch_s: f64,
    pub description: Option<String>,
    pub status: ChangeSetStatus,
    pub status_reason: Option<String>,
    pub execution_status: ExecutionStatus,
    pub deployment: Deployment,
    pub changes: Vec<ResourceChange>,
    /// The failed and the passed checks of early validation, as DescribeEvents returns them.
    pub validations: Vec<Value>,
    pub on_failure: Option<OnFailure>,
    pub include_nested_stacks: bool,
    pub import_existing_resources: bool,
    pub revert_drift: bool,
    /// The properties of the resources whose drift it reverts, by logical id; `None` if the resource does not exist.
    #[serde(default)]
    pub reverted: BTreeMap<String, Option<Value>>,
    pub imported: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ChangeSetType {
    Create,
    Update,
    Import,
}

tables!(Stack: resources, cleanup, events, change_sets, templates);
impl Entity for StackResource {}
impl Entity for CleanupResource {}
impl Entity for StackEvent {}
impl Entity for ChangeSet {}
impl Entity for String {}

/// Defines an enum of statuses with AWS's names.
macro_rules! statuses {
    ($(#[$doc:meta])* $name:ident: $($status:ident = $text:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name {
            $(#[serde(rename = $text)] $status),*
        }

        impl $name {
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$status => $text),*
                }
            }
        }
    };
}

statuses! {
    /// The status of a stack.
    StackStatus:
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateComplete = "CREATE_COMPLETE",
    CreateFailed = "CREATE_FAILED",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackComplete = "ROLLBACK_COMPLETE",
    RollbackFailed = "ROLLBACK_FAILED",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateFailed = "UPDATE_FAILED",
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
    ImportInProgress = "IMPORT_IN_PROGRESS",
    ImportComplete = "IMPORT_COMPLETE",
    ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
    ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
    ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteComplete = "DELETE_COMPLETE",
    DeleteFailed = "DELETE_FAILED",
}

statuses! {
    /// The status of a resource in a stack.
    ResourceStatus:
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateComplete = "CREATE_COMPLETE",
    CreateFailed = "CREATE_FAILED",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateFailed = "UPDATE_FAILED",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteComplete = "DELETE_COMPLETE",
    DeleteFailed = "DELETE_FAILED",
    DeleteSkipped = "DELETE_SKIPPED",
    ImportInProgress = "IMPORT_IN_PROGRESS",
    ImportComplete = "IMPORT_COMPLETE",
    ImportFailed = "IMPORT_FAILED",
    ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
    ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
    ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
}

statuses! {
    /// The status of a change set.
    ChangeSetStatus:
    CreatePending = "CREATE_PENDING",
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateComplete = "CREATE_COMPLETE",
    Failed = "FAILED",
}

statuses! {
    /// Whether a change set can be executed.
    ExecutionStatus:
    Unavailable = "UNAVAILABLE",
    Available = "AVAILABLE",
    ExecuteInProgress = "EXECUTE_IN_PROGRESS",
    ExecuteComplete = "EXECUTE_COMPLETE",
    ExecuteFailed = "EXECUTE_FAILED",
    Obsolete = "OBSOLETE",
}

impl StackStatus {
    /// Whether an operation is in progress, which a kill interrupts.
    pub fn is_in_progress(self) -> bool {
        self.text().ends_with("_IN_PROGRESS") && self != Self::ReviewInProgress
    }

    /// Whether UpdateStack and change sets for updates are accepted.
    pub fn is_updatable(self) -> bool {
        matches!(
            self,
            Self::CreateComplete
                | Self::UpdateComplete
                | Self::UpdateRollbackComplete
                | Self::ImportComplete
                | Self::ImportRollbackComplete
        )
    }
}

impl ChangeSet {
    /// Whether its name is free again and lists omit it: it was executed, and only its ARN finds it.
    pub fn is_hidden(&self) -> bool {
        matches!(
            self.execution_status,
            ExecutionStatus::ExecuteComplete | ExecutionStatus::ExecuteFailed
        )
    }
}

impl Stack {
    /// The text of a deployment's template.
    pub fn template_text(&self, deployment: &Deployment) -> &str {
        self.templates.get(&deployment.template).map_or("", String::as_str)
    }

    /// Removes the templates that no deployment of the stack has.
    pub fn drop_unused_templates(&mut self) {
        let stable = self.stable.as_ref().map(|stable| stable.template.clone());
        let mut used: Vec<String> = self
            .change_sets
            .values()
            .map(|change_set| change_set.deployment.template.clone())
            .collect();
        used.extend(stable);
        used.push(self.deployment.template.clone());
        self.templates.retain(|hash, _| used.iter().any(|used| used == hash));
    }

    /// Appends an event.
    pub fn push_event(&mut self, event: StackEvent) {
        let last = self.events.last().and_then(|(number, _)| number.parse::<u64>().ok());
        let number = last.map_or(1, |last| last + 1);
        self.events.insert(format!("{number:012}"), event);
    }
}
