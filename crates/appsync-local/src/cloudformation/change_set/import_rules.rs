//! The rules of a change set that imports resources (docs/reference/cloudformation.md#import). All errors are found
//! before the change set exists.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::cloudformation::change_set::describe::Description;
use crate::cloudformation::evaluation::Evaluation;
use crate::cloudformation::request::{Members, validation_error};
use crate::cloudformation::resource_types::ResourceType;
use crate::protocol::response::AwsError;
use crate::state::changes::ChangeAction;
use crate::state::stacks::{Deployment, Stack};

/// The identifier of each resource to import, by its logical id.
pub type Identifiers = BTreeMap<String, BTreeMap<String, String>>;

/// An entry of `ResourcesToImport`.
struct Entry<'a> {
    resource_type: &'a str,
    logical_id: &'a str,
    identifier: BTreeMap<String, String>,
}

/// Reads `ResourcesToImport` of a request whose template is `evaluation`, and checks each entry.
pub fn parse_identifiers(
    members: &Members<'_>,
    stack: &Stack,
    evaluation: &Evaluation<'_>,
) -> Result<Identifiers, AwsError> {
    let mut entries = Vec::new();
    let given = members.structures("ResourcesToImport").unwrap_or_default();
    for (index, entry) in given.iter().enumerate() {
        let identifier = entry.map("ResourceIdentifier");
        if identifier.is_empty() {
            let number = index + 1;
            return Err(validation_error(format!(
                "1 validation error detected: Value null at 'resourcesToImport.{number}.member.resourceIdentifier' failed to satisfy constraint: Member must not be null"
            )));
        }
        let (resource_type, logical_id) =
            (entry.require("ResourceType")?, entry.require("LogicalResourceId")?);
        entries.push(Entry { resource_type, logical_id, identifier });
    }
    if entries.is_empty() {
        return Err(validation_error("Must Provide at least one resource to import"));
    }
    let is_repeated = |(index, entry): (usize, &Entry<'_>)| {
        entries[..index].iter().any(|other| other.logical_id == entry.logical_id)
    };
    if entries.iter().enumerate().any(is_repeated) {
        return Err(validation_error(
            "Every resource to import must have unique LogicalResourceId",
        ));
    }
    check_entries(&entries, stack, evaluation)?;
    let identifier = |entry: Entry<'_>| (entry.logical_id.to_owned(), entry.identifier);
    Ok(entries.into_iter().map(identifier).collect())
}

/// Rejects a template that does anything but import what `imported` has.
pub fn check_only_imports(
    stack: &Stack,
    deployment: &Deployment,
    description: &Description,
    imported: &Identifiers,
) -> Result<(), AwsError> {
    let with_action = |is_action: fn(ChangeAction) -> bool| {
        let changes = description.changes.iter().filter(|change| is_action(change.action));
        changes.map(|change| change.logical_id.as_str()).collect::<Vec<_>>()
    };
    let failed = description.failures.iter().map(|(id, _)| id.as_str());
    let failed: Vec<&str> = failed.filter(|id| !imported.contains_key(*id)).collect();
    let added = with_action(|action| action == ChangeAction::Add);
    if !added.is_empty() {
        let ids = added.join(", ");
        let message = format!("Resources [{ids}] is missing from ResourceToImport list");
        return Err(validation_error(message));
    }
    let mut modified = with_action(|action| action != ChangeAction::Import);
    modified.extend(failed);
    if !modified.is_empty() {
        let ids = modified.join(", ");
        return Err(validation_error(format!(
            "You have modified resources [{ids}] in your template that are not being imported. Update, create or delete operations cannot be executed during import operations."
        )));
    }
    let mut changed = Vec::new();
    if !description.outputs.as_ref().is_ok_and(|outputs| *outputs == stack.outputs) {
        changed.push("Outputs");
    }
    // A stack in review has nothing that an import could change.
    if !stack.deployment.template.is_empty() {
        if deployment.role_arn != stack.deployment.role_arn {
            changed.push("RoleArn");
        }
        if deployment.tags != stack.deployment.tags {
            changed.push("Tags");
        }
    }
    match changed.is_empty() {
        true => Ok(()),
        false => Err(validation_error(format!(
            "As part of the import operation, you cannot modify or add [{}]",
            changed.join(", ")
        ))),
    }
}

fn check_entries(
    entries: &[Entry<'_>],
    stack: &Stack,
    evaluation: &Evaluation<'_>,
) -> Result<(), AwsError> {
    let template = evaluation.scope.template();
    let ids_of = |is_listed: &dyn Fn(&Entry<'_>) -> bool| {
        let listed = entries.iter().filter(|entry| is_listed(entry));
        listed.map(|entry| entry.logical_id).collect::<Vec<_>>().join(", ")
    };
    let missing = ids_of(&|entry| template.resource(entry.logical_id).is_none());
    if !missing.is_empty() {
        return Err(validation_error(format!(
            "The logical resource ids [{missing}] provided in ResourceToImport do not exist in the template."
        )));
    }
    let is_known = |id: &str| stack.resources.contains_key(id);
    let known = ids_of(&|entry| is_known(entry.logical_id));
    if !known.is_empty() {
        let mut active = evaluation.scope.active_resources().into_iter();
        let message = match active.any(|resource| !is_known(&resource.logical_id)) {
            false => "The template should contain at least one new resource to import.".to_owned(),
            true => format!(
                "Resources [{known}] passed in ResourceToImport are already in a stack and cannot be imported."
            ),
        };
        return Err(validation_error(message));
    }
    for entry in entries {
        let Some(declaration) = template.resource(entry.logical_id) else { continue };
        let declared = &declaration.resource_type;
        if declared != entry.resource_type {
            let (id, listed) = (entry.logical_id, entry.resource_type);
            return Err(validation_error(format!(
                "Resource type of [{id}] passed in ResourceToImport does not match with resource type defined in the template. Resource type in ResourceToImport: {listed}; Resource type in Template: {declared}."
            )));
        }
    }
    let unsupported = entries.iter().filter(|entry| {
        let declaration = template.resource(entry.logical_id);
        let resource_type =
            declaration.and_then(|declaration| evaluation.resource_type(declaration).ok());
        !resource_type.is_some_and(|resource_type| resource_type.is_importable())
    });
    let mut unsupported: Vec<&str> = unsupported.map(|entry| entry.resource_type).collect();
    unsupported.dedup();
    if !unsupported.is_empty() {
        let types = unsupported.join(", ");
        let message = format!("ResourceTypes [{types}] are not supported for Import");
        return Err(validation_error(message));
    }
    for entry in entries {
        let Some(declaration) = template.resource(entry.logical_id) else { continue };
        let resource_type = evaluation.resource_type(declaration).map_err(validation_error)?;
        check_identifier(entry, &resource_type, &declaration.properties)?;
    }
    let without_policy = ids_of(&|entry| {
        template.resource(entry.logical_id).is_some_and(|resource| !resource.has_deletion_policy)
    });
    if !without_policy.is_empty() {
        return Err(validation_error(format!(
            "The following resources to import [{without_policy}] must have DeletionPolicy attribute specified in the template."
        )));
    }
    Ok(())
}

/// Checks the names of an identifier, and its values where the template has texts for them.
fn check_identifier(
    entry: &Entry<'_>,
    resource_type: &ResourceType,
    properties: &Value,
) -> Result<(), AwsError> {
    let expected = resource_type.primary_identifier();
    let has_all = expected.iter().all(|name| entry.identifier.contains_key(name));
    if !has_all || expected.len() != entry.identifier.len() {
        let (name, expected) = (resource_type.name(), expected.join(", "));
        return Err(validation_error(format!(
            "Invalid resource identifier for resource type {name}. Expected [{expected}]"
        )));
    }
    for (name, value) in &entry.identifier {
        if properties.get(name).and_then(Value::as_str).is_some_and(|declared| declared != value) {
            let id = entry.logical_id;
            return Err(validation_error(format!(
                "The Identifier [{value}] for resource [{id}] does not match the identifier value for the resource in the template"
            )));
        }
    }
    Ok(())
}
