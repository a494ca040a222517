//! What values of the new template refer to, and whether that changes.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cloudformation::template::{Cause, Scope};
use crate::state::changes::ChangeCause;
use crate::state::stacks::StackParameter;

/// What the update does with a resource, as far as others depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// `Ref` and all attributes remain.
    Kept,
    /// Attributes may change.
    Modified,
    /// `Ref` and attributes may change.
    MayBeReplaced,
    /// `Ref` and attributes are known after the update.
    New,
}

/// Parameters, and the resources that were visited so far.
pub struct References<'a> {
    pub scope: &'a Scope<'a>,
    changed_parameters: BTreeSet<String>,
    pub fates: BTreeMap<String, Fate>,
}

impl<'a> References<'a> {
    /// `before` are the parameters of the deployment that the update replaces.
    pub fn new(scope: &'a Scope<'a>, before: &[StackParameter]) -> Self {
        let is_changed = |key: &str, value: &str, resolved: Option<&String>| {
            let before = before.iter().find(|parameter| parameter.key == key);
            before.is_none_or(|before| {
                before.value != value || before.resolved_value.as_ref() != resolved
            })
        };
        let parameters = scope.parameters().iter();
        let changed = parameters
            .filter(|(key, value)| is_changed(key, &value.value, value.resolved.as_ref()))
            .map(|(key, _)| key.clone());
        Self { scope, changed_parameters: changed.collect(), fates: BTreeMap::new() }
    }

    /// What makes a value differ from the one before, other than its text.
    pub fn causes(&self, value: &Value) -> Vec<ChangeCause> {
        let causes = self.scope.causes(value).into_iter();
        let changed = causes.filter(|cause| match cause {
            Cause::Parameter(name) => self.changed_parameters.contains(name),
            resource => self.fate_of(resource).is_some_and(|fate| fate != Fate::Kept),
        });
        changed.map(change_cause).collect()
    }

    /// The resources that are modified in place and might give a value another result.
    pub fn possible_causes(&self, value: &Value) -> Vec<ChangeCause> {
        let causes = self.scope.causes(value).into_iter();
        let possible = causes.filter(|cause| match self.fate_of(cause) {
            Some(Fate::Modified) => matches!(cause, Cause::Attribute(..)),
            Some(Fate::MayBeReplaced) => true,
            Some(Fate::Kept | Fate::New) | None => false,
        });
        possible.map(change_cause).collect()
    }

    fn fate_of(&self, cause: &Cause) -> Option<Fate> {
        match cause {
            Cause::Parameter(_) => None,
            Cause::Reference(id) | Cause::Attribute(id, _) => self.fates.get(id).copied(),
        }
    }
}

fn change_cause(cause: Cause) -> ChangeCause {
    match cause {
        Cause::Parameter(name) => ChangeCause::Parameter(name),
        Cause::Reference(id) => ChangeCause::Resource(id),
        Cause::Attribute(id, attribute) => ChangeCause::Attribute(id, attribute),
    }
}
