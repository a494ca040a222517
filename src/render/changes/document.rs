//! A plan as a JSON document, with the terms of other tools' plans.
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use provision_core::access::AccessChange;
use provision_core::address::Address;
use provision_core::diff::{Change, ChangeAction, ChangeCause, ChangeNote};
use provision_core::kind::UnmanagedResource;
use provision_core::policy::PolicyViolation;

use crate::render::changes::leaves::{ValueChange, value_changes};
use crate::render::changes::view::{PlanView, count};

/// The changes that `apply` would make.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDocument<'a> {
    /// The version of this document: 2. Members may be added; none changes its meaning.
    pub version: u32,
    pub stack: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub outcome: PlanOutcome,
    /// Whether the plan has all changes that the spec requires: false with `--target`.
    pub complete: bool,
    /// The changes, by address.
    pub changes: Vec<ChangeDocument<'a>>,
    /// Effects of the spec that take place later, without a change now.
    pub notes: &'a [ChangeNote],
    /// The auth modes that gain or lose access.
    pub access: &'a [AccessChange],
    /// Unmanaged resources that are attached to the stack's APIs, or whose names conflict with the spec.
    pub unmanaged: &'a [UnmanagedResource],
    /// Violations of the safety policy.
    pub refused: &'a [PolicyViolation],
    pub summary: Summary,
}

/// The outcome of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlanOutcome {
    /// There are changes.
    Changes,
    /// AWS matches the spec.
    NoChanges,
    /// Blocked by a safety check.
    #[serde(rename = "refused")]
    Blocked,
}

/// The number of changes of each kind, and of unmanaged resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    pub unmanaged: usize,
}

/// One change.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDocument<'a> {
    #[schemars(with = "String")]
    pub address: &'a Address,
    /// The resource type in CloudFormation.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// The actions, in order: a replacement deletes and creates.
    pub actions: &'static [Action],
    pub because: ChangeCause,
    /// The properties that AWS cannot change in place, which cause the replacement.
    pub replace_paths: Vec<&'a str>,
    pub fields: Vec<FieldDocument>,
    /// The known effects on users of the resource.
    pub effects: &'a [String],
}

/// An action of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    Update,
    Delete,
}

/// One property, or part of one, that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldDocument {
    /// Its path among the properties: `EventConfig.ConnectionAuthModes`.
    pub path: String,
    /// Omitted if there was no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Omitted if there will be no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Whether a part of `after`, each `${…}`, is known only after apply. Omitted if all of it is known; then `${…}` is
    /// text.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unknown: bool,
    /// Where the spec declares it. Omitted if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Line>,
}

/// A line of a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// Returns the document of a plan.
pub fn document<'a>(plan: &'a PlanView<'a>) -> PlanDocument<'a> {
    PlanDocument {
        version: 2,
        stack: plan.stack,
        account: plan.account,
        region: plan.region,
        outcome: match (plan.violations, plan.changes) {
            ([], []) => PlanOutcome::NoChanges,
            ([], _) => PlanOutcome::Changes,
            _ => PlanOutcome::Blocked,
        },
        complete: plan.targets.is_empty(),
        changes: plan.changes.iter().map(|item| change(item, plan)).collect(),
        notes: plan.notes,
        access: plan.access,
        unmanaged: plan.unmanaged,
        refused: plan.violations,
        summary: Summary {
            create: count(plan, ChangeAction::Create),
            update: count(plan, ChangeAction::Update),
            replace: count(plan, ChangeAction::Replace),
            delete: count(plan, ChangeAction::Delete),
            unmanaged: plan.unmanaged.len(),
        },
    }
}

fn change<'a>(change: &'a Change, plan: &PlanView<'_>) -> ChangeDocument<'a> {
    let field = |ValueChange { path, before, after, is_unresolved }| {
        let value =
            after.as_ref().or(before.as_ref().filter(|_| change.verb != ChangeAction::Delete));
        let at = value.and_then(|_| (plan.find_spec_line)(&change.address, change.kind, &path));
        let at = at.map(|(file, line)| Line { file, line });
        FieldDocument { path, before, after, unknown: is_unresolved, at }
    };
    ChangeDocument {
        address: &change.address,
        type_name: change.kind.type_name,
        actions: match change.verb {
            ChangeAction::Create => &[Action::Create],
            ChangeAction::Update => &[Action::Update],
            ChangeAction::Replace => &[Action::Delete, Action::Create],
            ChangeAction::Delete => &[Action::Delete],
        },
        because: change.cause,
        replace_paths: change.immutable_changes().collect(),
        fields: value_changes(change).into_iter().map(field).collect(),
        effects: &change.effects,
    }
}
