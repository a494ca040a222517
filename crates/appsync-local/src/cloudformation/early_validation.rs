//! Early validation: what CloudFormation finds before it deploys anything
//! (docs/reference/cloudformation.md#early-validation).
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::evaluation::Evaluation;
use crate::cloudformation::import_lookup::owner;
use crate::cloudformation::resource_types::{ResourceRequest, ResourceType};
use crate::cloudformation::response::time_text;
use crate::cloudformation::template::DeletionPolicy;
use crate::ids;
use crate::protocol::caller::Caller;
use crate::state::Tags;
use crate::store::Store;

/// A resource that an operation creates or changes.
pub struct ValidatedResource<'a> {
    pub logical_id: &'a str,
    /// Resolved as far as possible.
    pub properties: &'a Value,
    pub is_created: bool,
}

/// What is wrong with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationFailure {
    pub logical_id: String,
    pub resource_type: String,
    pub check: Check,
    pub reason: String,
    /// In the template, such as `/Resources/Api/Properties/Name`.
    pub path: String,
}

/// The checks, with AWS's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    Property,
    NameConflict,
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Self::Property => "PROPERTY_VALIDATION",
            Self::NameConflict => "NAME_CONFLICT_VALIDATION",
        }
    }

    fn hook(self) -> &'static str {
        match self {
            Self::Property => "AWS::EarlyValidation::PropertyValidation",
            Self::NameConflict => "AWS::EarlyValidation::ResourceExistenceCheck",
        }
    }
}

/// Checks properties by the schemas, and whether a resource with the name of a new one exists.
pub async fn validate(
    store: &Arc<Store>,
    caller: &Caller,
    evaluation: &Evaluation<'_>,
    resources: &[ValidatedResource<'_>],
) -> Vec<ValidationFailure> {
    let mut failures = Vec::new();
    for resource in resources {
        let declaration = evaluation.scope.template().resource(resource.logical_id);
        let resource_type =
            declaration.and_then(|declaration| evaluation.resource_type(declaration).ok());
        let Some(resource_type) = resource_type else { continue };
        let failure = |check: Check, reason: String, path: &str| ValidationFailure {
            logical_id: resource.logical_id.to_owned(),
            resource_type: resource_type.name().to_owned(),
            check,
            reason,
            path: format!("/Resources/{}/Properties{path}", resource.logical_id),
        };
        if let Err(message) =
            resource_type.check_properties(resource.logical_id, resource.properties)
        {
            let violations = violations(&message);
            failures.extend(violations.into_iter().map(|violation| {
                failure(Check::Property, violation.to_owned(), path_of(violation))
            }));
        } else if let Some(name) = existing_name(store, caller, &resource_type, resource).await {
            let reason = format!(
                "Resource of type '{}' with identifier '{name}' already exists.",
                resource_type.name()
            );
            failures.push(failure(Check::NameConflict, reason, ""));
        }
    }
    failures
}

/// Removes the conflicts of names that an import resolves, and returns the identifiers of the resources to import: a
/// resource with a name in the template, and with a policy that retains it (docs/reference/cloudformation.md#import).
pub fn adoptable(
    failures: &mut Vec<ValidationFailure>,
    evaluation: &Evaluation<'_>,
    properties: &BTreeMap<String, Value>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut adopted = BTreeMap::new();
    failures.retain(|failure| {
        let declaration = evaluation.scope.template().resource(&failure.logical_id);
        let is_retained = declaration.is_some_and(|declaration| {
            matches!(
                declaration.deletion_policy,
                DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate
            )
        });
        let resource_type =
            declaration.and_then(|declaration| evaluation.resource_type(declaration).ok());
        match (failure.check, resource_type, properties.get(&failure.logical_id)) {
            (Check::NameConflict, Some(resource_type), Some(properties)) if is_retained => {
                let identifier = identifier(&resource_type, properties);
                adopted.insert(failure.logical_id.clone(), identifier);
                false
            }
            _ => true,
        }
    });
    adopted
}

/// The reason of a change set or an operation that failed early validation.
pub fn failure_reason(failures: &[ValidationFailure]) -> String {
    let mut checks: Vec<Check> = failures.iter().map(|failure| failure.check).collect();
    checks.sort();
    checks.dedup();
    let hooks: Vec<&str> = checks.into_iter().map(Check::hook).collect();
    format!(
        "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
        hooks.join(", ")
    )
}

/// The event of a failure, as DescribeEvents returns it.
pub fn event_json(
    failure: &ValidationFailure,
    stack_id: &str,
    operation_id: &str,
    epoch_s: f64,
) -> Value {
    json!({
        "EventId": ids::request_id(),
        "StackId": stack_id,
        "OperationId": operation_id,
        "OperationType": "CREATE_CHANGESET",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": failure.logical_id,
        "PhysicalResourceId": "",
        "ResourceType": failure.resource_type,
        "Timestamp": time_text(epoch_s),
        "ValidationFailureMode": "FAIL",
        "ValidationName": failure.check.name(),
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": failure.reason,
        "ValidationPath": failure.path,
    })
}

/// The name that the template gives to a new resource, if another resource has it.
async fn existing_name(
    store: &Arc<Store>,
    caller: &Caller,
    resource_type: &ResourceType,
    resource: &ValidatedResource<'_>,
) -> Option<String> {
    if !resource.is_created || !resource_type.is_importable() {
        return None;
    }
    let name = resource_type.custom_name(resource.properties)?;
    if resource_type.is_record() {
        return owner(store, caller, resource_type.name(), &name).map(|_| name);
    }
    let identifier = identifier(resource_type, resource.properties);
    let request = ResourceRequest {
        store,
        caller,
        stack_name: "",
        stack_id: "",
        logical_id: resource.logical_id,
        properties: resource.properties,
        stack_tags: &Tags::new(),
    };
    let found = resource_type.find_by_identifier(&request, &identifier).await;
    found.is_ok().then_some(name)
}

/// The primary identifier in properties.
fn identifier(resource_type: &ResourceType, properties: &Value) -> BTreeMap<String, String> {
    let values = resource_type.primary_identifier().iter().map(|name| {
        let value = properties.get(name).and_then(Value::as_str).unwrap_or_default();
        (name.clone(), value.to_owned())
    });
    values.collect()
}

/// The single faults in the message of a failed check of properties: each begins with its place, such as `#/Name: `.
fn violations(message: &str) -> Vec<&str> {
    let faults = message.split_once("with message:\n").map_or(message, |(_, faults)| faults);
    match faults.strip_prefix('[').and_then(|faults| faults.strip_suffix(']')) {
        None => faults.lines().collect(),
        Some(list) => {
            let mut starts: Vec<usize> =
                list.match_indices(", #").map(|(index, _)| index).collect();
            starts.push(list.len());
            let mut from = 0;
            let fault = |end: usize| {
                let fault = &list[from..end];
                from = (end + 2).min(list.len());
                fault
            };
            starts.into_iter().map(fault).collect()
        }
    }
}

/// `/A/0` of `#/A/0: required key [B] not found`.
fn path_of(violation: &str) -> &str {
    let place = violation.split(':').next().unwrap_or_default();
    place.strip_prefix('#').unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_resource_has_its_place() {
        let check = |message: &str, expected: &[(&str, &str)]| {
            let found: Vec<(&str, &str)> = violations(message)
                .into_iter()
                .map(|violation| (path_of(violation), violation))
                .collect();
            assert_eq!(found, expected);
        };
        check(
            "Properties validation failed for resource A with message:\n#: required key [Name] not found\n#/B/0: array items are not unique",
            &[
                ("", "#: required key [Name] not found"),
                ("/B/0", "#/B/0: array items are not unique"),
            ],
        );
        check(
            "Properties validation failed for resource A with message:\n[#/A: expected type: String, found: JSONArray, #/B: expected type: Integer, found: String]",
            &[
                ("/A", "#/A: expected type: String, found: JSONArray"),
                ("/B", "#/B: expected type: Integer, found: String"),
            ],
        );
    }

    #[test]
    fn the_reason_names_each_failed_check_once() {
        let failure = |check: Check| ValidationFailure {
            logical_id: "L".into(),
            resource_type: "T".into(),
            check,
            reason: String::new(),
            path: String::new(),
        };
        let reason = failure_reason(&[failure(Check::NameConflict), failure(Check::NameConflict)]);
        assert_eq!(
            reason,
            "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
        );
    }
}
