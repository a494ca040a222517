//! The three-way comparison of a change set that reverts drift: a resource as it is, as it was deployed, and as the
//! template to come has it.
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cloudformation::drift::DriftComparison;
use crate::cloudformation::evaluation::Evaluation;
use crate::cloudformation::resource_types::{RequiresRecreation, ResourceType};
use crate::state::changes::{ChangeDetail, ChangedAttribute, ChangedDrift, Recreation, ValueDrift};
use crate::state::drift::ResourceDriftStatus;
use crate::state::stacks::Stack;

/// A resource as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ActualResource {
    /// With its deployment; `None` if the resource does not exist.
    pub comparison: Option<DriftComparison>,
    pub read_epoch_s: f64,
}

/// The resources whose drift an update reverts, with the properties that it starts from.
pub fn reverted_resources(
    stack: &Stack,
    evaluation: &Evaluation<'_>,
    actual: &BTreeMap<String, ActualResource>,
) -> BTreeMap<String, Option<Value>> {
    let reverted = actual.iter().filter_map(|(id, actual)| {
        let declaration = evaluation.scope.template().resource(id)?;
        let resource_type = evaluation.resource_type(declaration).ok()?;
        let previous = &stack.resources.get(id)?.content.properties;
        match &actual.comparison {
            Some(comparison) if comparison.differences.is_empty() => None,
            Some(comparison) => {
                let properties = properties_to_revert(&resource_type, previous, comparison);
                Some((id.clone(), Some(properties)))
            }
            None => Some((id.clone(), None)),
        }
    });
    reverted.collect()
}

/// Records the actual state of the resources whose drift an update is about to revert. The update then changes what
/// differs from the template, and its rollback restores what was there.
pub fn record_actual_state(stack: &mut Stack, reverted: &BTreeMap<String, Option<Value>>) {
    for (id, properties) in reverted {
        let Some(resource) = stack.resources.get_mut(id) else { continue };
        match properties {
            Some(properties) => resource.content.properties = properties.clone(),
            // A resource without a physical id is created.
            None => resource.physical_id.clear(),
        }
    }
}

/// What an update that reverts drift starts from: the actual properties where the resource has drifted, except for
/// properties that only a replacement can change.
fn properties_to_revert(
    resource_type: &ResourceType,
    previous: &Value,
    comparison: &DriftComparison,
) -> Value {
    let previous = previous.as_object().into_iter().flatten();
    let properties = previous.filter_map(|(name, previous)| {
        let pointer = format!("/{name}");
        let is_kept = comparison.expected.get(name).is_none()
            || resource_type.requires_recreation(&pointer) == RequiresRecreation::Always;
        let value = if is_kept { Some(previous) } else { comparison.actual.get(name) };
        Some((name.clone(), value?.clone()))
    });
    Value::Object(properties.collect::<Map<_, _>>())
}

/// The drift of a resource that does not exist; `previous` is its declaration in the last deployment.
pub fn drift_of_deleted(previous: Value) -> ChangedDrift {
    ChangedDrift { status: ResourceDriftStatus::Deleted, previous, ignored_paths: Vec::new() }
}

/// The properties of one resource in the comparison.
pub struct RevertedProperties<'a> {
    /// What the update starts from.
    pub before: Value,
    previous: &'a Value,
    after: &'a Value,
    comparison: &'a DriftComparison,
    read_epoch_s: f64,
}

impl<'a> RevertedProperties<'a> {
    pub fn new(
        resource_type: &ResourceType,
        previous: &'a Value,
        after: &'a Value,
        actual: &'a ActualResource,
    ) -> Option<Self> {
        let comparison = actual.comparison.as_ref()?;
        Some(Self {
            before: properties_to_revert(resource_type, previous, comparison),
            previous,
            after,
            comparison,
            read_epoch_s: actual.read_epoch_s,
        })
    }

    /// Adds the drift of each value, and a detail for each value that is already as the template has it.
    pub fn complete(&self, details: &mut Vec<ChangeDetail>) {
        let mut synchronized = Vec::new();
        for difference in &self.comparison.differences {
            let path = format!("/Properties{}", difference.path);
            let mut is_changed = false;
            for detail in details.iter_mut().filter(|detail| overlap(&detail.path, &path)) {
                let pointer = detail.path.strip_prefix("/Properties").unwrap_or_default();
                detail.drift = Some(self.value_drift(pointer));
                is_changed = true;
            }
            let is_reached = self.after.pointer(&difference.path) == difference.after.as_ref();
            if is_reached && !is_changed {
                synchronized.push(ChangeDetail {
                    before: difference.after.clone(),
                    after: difference.after.clone(),
                    drift: Some(self.value_drift(&difference.path)),
                    ..ChangeDetail::new(ChangedAttribute::Properties, path, Recreation::Never)
                });
            }
        }
        details.extend(synchronized);
    }

    /// The drift of the resource; `previous` is its declaration in the last deployment.
    pub fn drift(&self, previous: Value) -> ChangedDrift {
        let status = match self.comparison.differences.is_empty() {
            true => ResourceDriftStatus::InSync,
            false => ResourceDriftStatus::Modified,
        };
        ChangedDrift { status, previous, ignored_paths: self.comparison.ignored_paths.clone() }
    }

    fn value_drift(&self, pointer: &str) -> ValueDrift {
        ValueDrift {
            previous: self.previous.pointer(pointer).cloned(),
            actual: self.comparison.actual.pointer(pointer).cloned(),
            detected_epoch_s: self.read_epoch_s,
        }
    }
}

/// Whether one of two paths contains the other.
fn overlap(one: &str, other: &str) -> bool {
    let contains = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    contains(one, other) || contains(other, one)
}
