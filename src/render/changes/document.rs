//! A plan for programs, in words that readers of other tools' plans know.
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

/// What apply would do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDocument<'a> {
    /// The version of this document: 2. Members may be added; none changes its meaning.
    pub version: u32,
    pub stack: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub outcome: PlanOutcome,
    /// Whether this is all that the spec asks for: not with `--target`.
    pub complete: bool,
    /// What would be changed, by address.
    pub changes: Vec<ChangeDocument<'a>>,
    /// What comes true later, without a change now.
    pub notes: &'a [ChangeNote],
    /// Which ways to connect, publish and subscribe are opened and closed.
    pub access: &'a [AccessChange],
    /// What is not this stack's and hangs on its APIs, or has a name that it wants.
    pub unmanaged: &'a [UnmanagedResource],
    /// What a safety rule forbids.
    pub refused: &'a [PolicyViolation],
    pub summary: Summary,
}

/// What a plan comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlanOutcome {
    /// There is something to do.
    Changes,
    /// AWS has what the spec says.
    NoChanges,
    /// A safety rule forbids it.
    Refused,
}

/// How many changes there are of each sort, and how many objects that are not this stack's.
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
    /// CloudFormation's name of its type.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// What is done with it, in order: what is replaced is deleted and created.
    pub actions: &'static [Action],
    pub because: ChangeCause,
    /// The properties that AWS can't change in place, for which it is replaced.
    pub replace_paths: Vec<&'a str>,
    pub fields: Vec<FieldDocument>,
    /// What those who use it notice, as far as it is known.
    pub effects: &'a [String],
}

/// What is done.
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
    /// Left out: there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Left out: there will be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Whether something in `after` is known only after apply: each `${…}` in it. Left out: all of it
    /// is known, and `${…}` is text.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unknown: bool,
    /// Where the spec says it. Left out: nowhere.
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

/// The plan as a document.
pub fn document<'a>(plan: &'a PlanView<'a>) -> PlanDocument<'a> {
    PlanDocument {
        version: 2,
        stack: plan.stack,
        account: plan.account,
        region: plan.region,
        outcome: match (plan.refused, plan.changes) {
            ([], []) => PlanOutcome::NoChanges,
            ([], _) => PlanOutcome::Changes,
            _ => PlanOutcome::Refused,
        },
        complete: plan.targets.is_empty(),
        changes: plan.changes.iter().map(|item| change(item, plan)).collect(),
        notes: plan.notes,
        access: plan.access,
        unmanaged: plan.unmanaged,
        refused: plan.refused,
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
    let field = |ValueChange { path, before, after, is_open }| {
        let written =
            after.as_ref().or(before.as_ref().filter(|_| change.verb != ChangeAction::Delete));
        let at = written.and_then(|_| (plan.written)(&change.address, change.kind, &path));
        let at = at.map(|(file, line)| Line { file, line });
        FieldDocument { path, before, after, unknown: is_open, at }
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
