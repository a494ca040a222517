//! The data of a plan that all formats show, and the texts that they share.
use std::fmt;

use provision_core::access::AccessChange;
use provision_core::address::Address;
use provision_core::diff::{Change, ChangeAction, ChangeNote};
use provision_core::kind::{Kind, UnmanagedResource};
use provision_core::policy::PolicyViolation;

/// A plan to format.
#[derive(Clone, Copy)]
pub struct PlanView<'a> {
    pub stack: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    /// The addresses of `--target`; if empty, the plan is complete.
    pub targets: &'a [Address],
    /// The changes, by address.
    pub changes: &'a [Change],
    /// Whether the whole stack is to be deleted.
    pub destroys: bool,
    /// Effects of the spec that take place later, without a change now.
    pub notes: &'a [ChangeNote],
    /// The auth modes that gain or lose access.
    pub access: &'a [AccessChange],
    /// Unmanaged resources that are attached to the stack's APIs, or whose names conflict with the spec.
    pub unmanaged: &'a [UnmanagedResource],
    /// Violations of the safety policy.
    pub violations: &'a [PolicyViolation],
    /// Finds where the spec declares a property.
    pub find_spec_line: FindSpecLine<'a>,
}

/// Finds the file and line in which the spec declares the property at a path.
pub type FindSpecLine<'a> =
    &'a dyn Fn(&Address, &'static dyn Kind, &str) -> Option<(String, usize)>;

/// Finds no line: for plans without a spec.
pub fn no_spec_line(_: &Address, _: &'static dyn Kind, _: &str) -> Option<(String, usize)> {
    None
}

impl fmt::Debug for PlanView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("stack", &self.stack).field("changes", &self.changes).finish()
    }
}

/// `Plan: 4 to create, 1 to update.`
pub fn summary(plan: &PlanView<'_>) -> String {
    let verbs =
        [ChangeAction::Create, ChangeAction::Update, ChangeAction::Replace, ChangeAction::Delete];
    let counts = verbs.into_iter().map(|verb| (verb, count(plan, verb)));
    let parts: Vec<String> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(verb, count)| format!("{count} to {}", verb_name(verb)))
        .collect();
    let unmanaged = match plan.unmanaged.len() {
        0 => String::new(),
        1 => " 1 unmanaged resource.".to_owned(),
        count => format!(" {count} unmanaged resources."),
    };
    match (parts.as_slice(), plan.targets) {
        ([], []) if plan.destroys => format!("The stack has no resources on AWS.{unmanaged}"),
        ([], []) if !plan.notes.is_empty() => {
            format!("No changes now; some settings take effect later.{unmanaged}")
        }
        ([], []) => format!("No changes: AWS matches the spec.{unmanaged}"),
        ([], _) => format!("No changes to the resources of --target.{unmanaged}"),
        (parts, _) => format!("Plan: {}.{unmanaged}", parts.join(", ")),
    }
}

/// Returns the note on resources that a plan with `--target` omits.
pub fn partial(plan: &PlanView<'_>) -> Option<String> {
    let targets: Vec<&str> = plan.targets.iter().map(Address::as_str).collect();
    (!targets.is_empty()).then(|| {
        format!(
            "Limited to {} and its dependencies. Resources outside --target are not changed.",
            targets.join(", ")
        )
    })
}

pub fn count(plan: &PlanView<'_>, verb: ChangeAction) -> usize {
    plan.changes.iter().filter(|change| change.verb == verb).count()
}

pub fn sign(verb: ChangeAction) -> &'static str {
    match verb {
        ChangeAction::Create => "+",
        ChangeAction::Update => "~",
        ChangeAction::Replace => "±",
        ChangeAction::Delete => "-",
    }
}

pub fn verb_name(verb: ChangeAction) -> &'static str {
    match verb {
        ChangeAction::Create => "create",
        ChangeAction::Update => "update",
        ChangeAction::Replace => "replace",
        ChangeAction::Delete => "delete",
    }
}

/// Formats an unmanaged resource, its owner, and the consequence of the plan for it.
pub fn unmanaged_line(resource: &UnmanagedResource, changes: &[Change]) -> String {
    let parent = resource.parent.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    format!("{parent}{resource}: {}, {}", resource.owner, consequence(resource, changes))
}

fn consequence(resource: &UnmanagedResource, changes: &[Change]) -> &'static str {
    let deletes_parent = |change: &Change| {
        change.verb.deletes_existing() && resource.parent.as_ref() == Some(&change.address)
    };
    match (&resource.parent, changes.iter().any(deletes_parent)) {
        (None, _) => "already has this name",
        (_, true) => "would be deleted with its API",
        (_, false) => "not modified",
    }
}
