//! Describes what an update would do with each resource, without doing it: visits the resources of the new template
//! in the order of their dependencies, as the engine does, with the values that are known before the update.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cloudformation::change_set::details;
use crate::cloudformation::change_set::drift_revert::{
    ActualResource, RevertedProperties, drift_of_deleted,
};
use crate::cloudformation::change_set::policy_action;
use crate::cloudformation::change_set::references::{Fate, References};
use crate::cloudformation::evaluation::{Evaluation, deletion_policy};
use crate::cloudformation::resource_types::ResourceType;
use crate::cloudformation::secrets::Secrets;
use crate::cloudformation::template::{ResourceDeclaration, ResourceValue, ResourceValues};
use crate::state::changes::{
    ChangeAction, ChangeDetail, ChangedAttribute, Recreation, Replacement, ResourceChange,
};
use crate::state::stacks::{ResourceStatus, Stack, StackOutput, StackResource};

/// What a description is made from.
#[derive(Clone, Copy)]
pub struct Update<'a> {
    /// The stack as it is.
    pub stack: &'a Stack,
    /// The template to come, with its values.
    pub evaluation: &'a Evaluation<'a>,
    /// The identifiers of the resources to import, by logical id.
    pub imported: &'a BTreeMap<String, BTreeMap<String, String>>,
    /// The resources as they are, if the change set reverts drift.
    pub actual: Option<&'a BTreeMap<String, ActualResource>>,
}

/// What an update would do.
pub struct Description {
    /// In the order of the logical ids.
    pub changes: Vec<ResourceChange>,
    /// The resolved properties of the template's resources, with secrets.
    pub properties: BTreeMap<String, Value>,
    /// The logical ids of resources whose properties cannot be evaluated, with the reasons.
    pub failures: Vec<(String, String)>,
    /// The outputs, with placeholders for what is known after the update, or why they cannot be evaluated.
    pub outputs: Result<Vec<StackOutput>, String>,
}

/// Describes an update, or the creation of a stack that has no resources yet.
pub fn describe(update: Update<'_>) -> Description {
    let Update { stack, evaluation, .. } = update;
    let parameters = &stack.deployment.parameters;
    let mut visitor = Visitor {
        update,
        references: References::new(&evaluation.scope, parameters),
        secrets: Secrets::of(parameters, evaluation.scope.parameters()),
        properties: BTreeMap::new(),
    };
    let (mut changes, mut failures) = (Vec::new(), Vec::new());
    // The scope has rejected circular dependencies.
    for logical_id in evaluation.scope.dependencies().order().unwrap_or_default() {
        let declaration = evaluation.scope.template().resource(logical_id);
        let Some(declaration) = declaration else { continue };
        match visitor.visit(declaration) {
            Ok(change) => changes.extend(change),
            Err(reason) => {
                changes.extend(visitor.visit_failed(declaration));
                failures.push((logical_id.to_owned(), reason));
            }
        }
    }
    let is_removed = |id: &str| !visitor.references.fates.contains_key(id);
    let removed =
        stack.resources.iter().filter(|(id, resource)| exists(resource) && is_removed(id));
    changes.extend(removed.map(|(id, resource)| visitor.removal(id, resource)));
    changes.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
    let outputs = evaluation.outputs(&visitor);
    Description { changes, properties: visitor.properties, failures, outputs }
}

/// Whether there is something that an update can change or a removal can delete.
fn exists(resource: &StackResource) -> bool {
    !resource.physical_id.is_empty() && resource.status != ResourceStatus::DeleteComplete
}

struct Visitor<'a> {
    update: Update<'a>,
    references: References<'a>,
    secrets: Secrets,
    /// Resolved so far.
    properties: BTreeMap<String, Value>,
}

impl Visitor<'_> {
    /// The change of a resource of the new template, if it changes.
    fn visit(
        &mut self,
        declaration: &ResourceDeclaration,
    ) -> Result<Option<ResourceChange>, String> {
        let id = &declaration.logical_id;
        let resource_type = self.update.evaluation.resource_type(declaration)?;
        let properties = self.update.evaluation.scope.resolve_properties(declaration, self);
        let properties = properties.map_err(|error| error.message)?;
        self.properties.insert(id.clone(), properties.clone());
        if let Some(identifier) = self.update.imported.get(id) {
            self.references.fates.insert(id.clone(), Fate::New);
            let values: Vec<&str> = identifier.values().map(String::as_str).collect();
            return Ok(Some(ResourceChange {
                physical_id: Some(values.join("|")),
                after: Some(self.context(&properties, &[])),
                ..new_change(ChangeAction::Import, id, &declaration.resource_type)
            }));
        }
        let known = self.update.stack.resources.get(id).filter(|resource| exists(resource));
        let actual = self.update.actual.and_then(|actual| actual.get(id));
        let is_deleted = actual.is_some_and(|actual| actual.comparison.is_none());
        match known {
            Some(known) if !is_deleted => {
                Ok(self.visit_known(declaration, &resource_type, known, &properties, actual))
            }
            known => {
                self.references.fates.insert(id.clone(), Fate::New);
                let drift = known
                    .map(|known| drift_of_deleted(self.context(&known.content.properties, &[])));
                Ok(Some(ResourceChange {
                    after: Some(self.context(&properties, &[])),
                    drift,
                    ..new_change(ChangeAction::Add, id, &declaration.resource_type)
                }))
            }
        }
    }

    /// The change of a resource whose properties cannot be evaluated: only an addition is certain.
    fn visit_failed(&mut self, declaration: &ResourceDeclaration) -> Option<ResourceChange> {
        let id = &declaration.logical_id;
        let is_known = self.update.stack.resources.get(id).is_some_and(exists);
        let fate = if is_known { Fate::Modified } else { Fate::New };
        self.references.fates.insert(id.clone(), fate);
        (!is_known).then(|| new_change(ChangeAction::Add, id, &declaration.resource_type))
    }

    fn visit_known(
        &mut self,
        declaration: &ResourceDeclaration,
        resource_type: &ResourceType,
        known: &StackResource,
        properties: &Value,
        actual: Option<&ActualResource>,
    ) -> Option<ResourceChange> {
        let (id, content) = (&declaration.logical_id, &known.content);
        let reverted = actual.and_then(|actual| {
            RevertedProperties::new(resource_type, &content.properties, properties, actual)
        });
        let before = reverted.as_ref().map_or(&content.properties, |reverted| &reverted.before);
        let mut details = details::of_properties(
            &self.references,
            declaration,
            resource_type,
            before,
            properties,
        );
        if let Some(reverted) = &reverted {
            reverted.complete(&mut details);
        }
        details.extend(details::of_attributes(declaration, content));
        details.extend(details::of_possible_changes(
            &self.references,
            declaration,
            resource_type,
            &details,
        ));
        details
            .sort_by(|one, other| (one.attribute, &one.path).cmp(&(other.attribute, &other.path)));
        let replacement = replacement(&details);
        self.references.fates.insert(id.clone(), fate(&details, replacement));
        if details.is_empty() {
            return None;
        }
        let is_replaced = replacement == Replacement::True;
        let policy = deletion_policy(declaration.update_replace_policy);
        let is_sync = details.iter().all(ChangeDetail::is_sync);
        let action = if is_sync { ChangeAction::SyncWithActual } else { ChangeAction::Modify };
        let drift = reverted
            .as_ref()
            .map(|reverted| reverted.drift(self.context(&content.properties, &[])));
        let (context_before, context_after) = (
            self.context(before, &values_before(&details)),
            self.context(properties, &values_after(&details)),
        );
        for detail in &mut details {
            detail
                .before
                .iter_mut()
                .chain(&mut detail.after)
                .for_each(|value| self.secrets.hide(value));
        }
        Some(ResourceChange {
            physical_id: Some(known.physical_id.clone()),
            replacement: Some(replacement),
            policy_action: is_replaced.then(|| policy_action::of_replacement(policy)),
            details,
            before: Some(context_before),
            after: Some(context_after),
            drift,
            ..new_change(action, id, &declaration.resource_type)
        })
    }

    fn removal(&self, id: &str, resource: &StackResource) -> ResourceChange {
        ResourceChange {
            physical_id: Some(resource.physical_id.clone()),
            policy_action: Some(policy_action::of_removal(resource.content.deletion_policy)),
            before: Some(self.context(&resource.content.properties, &[])),
            ..new_change(ChangeAction::Remove, id, &resource.resource_type)
        }
    }

    /// A declaration as change sets show it: its properties, and the attributes that change; without secrets.
    fn context(&self, properties: &Value, attributes: &[(ChangedAttribute, Value)]) -> Value {
        let mut context = Map::new();
        context.insert("Properties".to_owned(), properties.clone());
        let attributes = attributes.iter();
        context.extend(attributes.map(|(name, value)| (name.text().to_owned(), value.clone())));
        let mut context = json!(context);
        self.secrets.hide(&mut context);
        context
    }
}

/// The values of resources before the update, where it does not change them for certain.
impl ResourceValues for Visitor<'_> {
    fn reference(&self, logical_id: &str) -> ResourceValue {
        match self.kept_resource(logical_id) {
            Some(resource) => ResourceValue::Known(resource.content.reference.clone()),
            None => ResourceValue::KnownAfterApply,
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> ResourceValue {
        let evaluation = self.update.evaluation;
        if let Some(declaration) = evaluation.scope.template().resource(logical_id) {
            match evaluation.resource_type(declaration) {
                Ok(resource_type) if resource_type.has_attribute(attribute) => {}
                Ok(resource_type) => {
                    return ResourceValue::Error(resource_type.missing_attribute(attribute));
                }
                Err(reason) => return ResourceValue::Error(reason),
            }
        }
        let resource = self.kept_resource(logical_id);
        match resource.and_then(|resource| resource.content.attributes.get(attribute)) {
            Some(value) => ResourceValue::Known(value.clone()),
            None => ResourceValue::KnownAfterApply,
        }
    }
}

impl Visitor<'_> {
    /// A resource that exists and is not replaced.
    fn kept_resource(&self, logical_id: &str) -> Option<&StackResource> {
        let is_new = self.references.fates.get(logical_id) == Some(&Fate::New);
        let resource = self.update.stack.resources.get(logical_id)?;
        (!is_new && exists(resource)).then_some(resource)
    }
}

fn new_change(action: ChangeAction, logical_id: &str, resource_type: &str) -> ResourceChange {
    ResourceChange {
        action,
        logical_id: logical_id.to_owned(),
        resource_type: resource_type.to_owned(),
        physical_id: None,
        replacement: None,
        policy_action: None,
        details: Vec::new(),
        before: None,
        after: None,
        drift: None,
    }
}

/// The most intrusive verdict of the details that change for certain
/// (docs/reference/cloudformation.md#details-of-a-change).
fn replacement(details: &[ChangeDetail]) -> Replacement {
    let certain = details.iter().filter(|detail| detail.is_certain);
    let verdicts = certain.map(|detail| match detail.recreation {
        Recreation::Never => Replacement::False,
        Recreation::Conditionally => Replacement::Conditional,
        Recreation::Always => Replacement::True,
    });
    verdicts.max().unwrap_or(Replacement::False)
}

fn fate(details: &[ChangeDetail], replacement: Replacement) -> Fate {
    let may_replace = |detail: &ChangeDetail| detail.recreation != Recreation::Never;
    match replacement {
        Replacement::True => Fate::New,
        Replacement::Conditional => Fate::MayBeReplaced,
        Replacement::False if details.iter().any(may_replace) => Fate::MayBeReplaced,
        Replacement::False if details.iter().any(|detail| detail.property().is_some()) => {
            Fate::Modified
        }
        Replacement::False => Fate::Kept,
    }
}

fn values_before(details: &[ChangeDetail]) -> Vec<(ChangedAttribute, Value)> {
    let attributes = details.iter().filter(|detail| detail.property().is_none());
    attributes.filter_map(|detail| Some((detail.attribute, detail.before.clone()?))).collect()
}

fn values_after(details: &[ChangeDetail]) -> Vec<(ChangedAttribute, Value)> {
    let attributes = details.iter().filter(|detail| detail.property().is_none());
    attributes.filter_map(|detail| Some((detail.attribute, detail.after.clone()?))).collect()
}
