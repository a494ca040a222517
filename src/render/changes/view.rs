//! What every form of a plan is made of, and the words that they have in common.
use std::fmt;

use provision_core::access::AccessChange;
use provision_core::address::Address;
use provision_core::diff::{Change, ChangeAction, ChangeNote};
use provision_core::kind::{Kind, UnmanagedResource};
use provision_core::policy::PolicyViolation;

/// What a plan is about.
#[derive(Clone, Copy)]
pub struct PlanView<'a> {
    pub stack: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    /// The addresses that were asked for; none: all of it.
    pub targets: &'a [Address],
    /// What would be changed, by address.
    pub changes: &'a [Change],
    /// Whether all that the stack has is to be deleted.
    pub destroys: bool,
    /// What comes true later, without a change now.
    pub notes: &'a [ChangeNote],
    /// What that does to who may do what.
    pub access: &'a [AccessChange],
    /// What is not this stack's and hangs on its APIs, or has a name that it wants.
    pub unmanaged: &'a [UnmanagedResource],
    /// What a safety rule forbids.
    pub refused: &'a [PolicyViolation],
    /// Where the spec says what a property should be.
    pub written: FindSpecText<'a>,
}

/// Finds the file and line that says what the property at a path should be.
pub type FindSpecText<'a> =
    &'a dyn Fn(&Address, &'static dyn Kind, &str) -> Option<(String, usize)>;

/// Knows no place at all: for what comes from no spec.
pub fn no_spec_text(_: &Address, _: &'static dyn Kind, _: &str) -> Option<(String, usize)> {
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
    let counted = verbs.into_iter().map(|verb| (verb, count(plan, verb)));
    let parts: Vec<String> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(verb, count)| format!("{count} to {}", verb_name(verb)))
        .collect();
    let unmanaged = match plan.unmanaged.len() {
        0 => String::new(),
        1 => " Beside it, 1 that is not this stack's.".to_owned(),
        many => format!(" Beside it, {many} that are not this stack's."),
    };
    match (parts.as_slice(), plan.targets) {
        ([], []) if plan.destroys => format!("The stack has nothing on AWS.{unmanaged}"),
        ([], []) if !plan.notes.is_empty() => {
            format!("No changes now: the rest comes later by itself.{unmanaged}")
        }
        ([], []) => format!("No changes: AWS has what the spec says.{unmanaged}"),
        ([], _) => format!("No changes to what --target names.{unmanaged}"),
        (parts, _) => format!("Plan: {}.{unmanaged}", parts.join(", ")),
    }
}

/// What the plan leaves alone, if it is not all of it.
pub fn partial(plan: &PlanView<'_>) -> Option<String> {
    let targets: Vec<&str> = plan.targets.iter().map(Address::as_str).collect();
    (!targets.is_empty()).then(|| {
        format!(
            "Only {} and what that needs. Resources outside --target are left alone.",
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

/// A stranger, whose it is, and what becomes of it.
pub fn unmanaged_line(stranger: &UnmanagedResource, changes: &[Change]) -> String {
    let parent = stranger.parent.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    format!("{parent}{stranger}: {}, {}", stranger.owner, consequence(stranger, changes))
}

fn consequence(stranger: &UnmanagedResource, changes: &[Change]) -> &'static str {
    let goes = |change: &Change| {
        change.verb.deletes_existing() && stranger.parent.as_ref() == Some(&change.address)
    };
    match (&stranger.parent, changes.iter().any(goes)) {
        (None, _) => "has this name already",
        (_, true) => "would go with what it hangs on",
        (_, false) => "not touched",
    }
}
