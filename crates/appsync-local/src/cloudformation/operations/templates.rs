//! GetTemplate, GetTemplateSummary and ValidateTemplate.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::lookup;
use crate::cloudformation::proposal::parse_template;
use crate::cloudformation::request::{CHANGE_SET_NAME, Members, STACK_NAME, validation_error};
use crate::cloudformation::resource_types::{StubTypes, TypeError, find};
use crate::cloudformation::template::{ParameterDeclaration, Template};
use crate::cloudformation::template_source::template_text;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::stacks::StackStatus;
use crate::store::Store;

const STACK_NAME_LENGTH_MAX: usize = 2_048;
const CHANGE_SET_NAME_LENGTH_MAX: usize = 1_600;

pub fn get_template(
    store: &Store,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    // The emulator's transforms are evaluated with the template; both stages have its text.
    members.one_of("TemplateStage", &["Original", "Processed"])?;
    let stack_name = members.checked_text("StackName", STACK_NAME_LENGTH_MAX, Some(STACK_NAME))?;
    let change_set_name =
        members.checked_text("ChangeSetName", CHANGE_SET_NAME_LENGTH_MAX, Some(CHANGE_SET_NAME))?;
    let text = store.read(|state| match (stack_name, change_set_name) {
        (stack_name, Some(name)) => {
            if stack_name.is_none() && !name.starts_with("arn:") {
                return Err(validation_error("StackName is a required parameter."));
            }
            let (stack_id, id) = lookup::change_set_ids(state, caller, stack_name, name)?;
            let stack = lookup::require_stack(state, caller, &stack_id)?;
            let change_set = stack.change_sets.get(&id);
            let change_set = change_set.ok_or_else(|| lookup::missing_change_set(name))?;
            Ok(stack.template_text(&change_set.deployment).to_owned())
        }
        (Some(name), None) => {
            let stack = lookup::require_stack(state, caller, name)?;
            Ok(stack.template_text(&stack.deployment).to_owned())
        }
        (None, None) => {
            Err(validation_error("StackName is required if ChangeSetName is not specified."))
        }
    })?;
    Ok(json!({ "TemplateBody": text, "StagesAvailable": ["Original", "Processed"] }))
}

pub fn get_template_summary(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let stack_name = members.checked_text("StackName", STACK_NAME_LENGTH_MAX, Some(STACK_NAME))?;
    if members.text("StackSetName").is_some() {
        return Err(AwsError::unsupported("stack sets"));
    }
    let text = match stack_name {
        None => template_text(store, caller, members)?,
        Some(name) => store.read(|state| {
            let stack = lookup::require_stack(state, caller, name)?;
            if stack.status == StackStatus::ReviewInProgress {
                let message = "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.";
                return Err(validation_error(message));
            }
            Ok(stack.template_text(&stack.deployment).to_owned())
        })?,
    };
    let config = members.structure("TemplateSummaryConfig");
    let tolerates_unknown_types = match config {
        Some(config) => config.flag("TreatUnrecognizedResourceTypesAsWarnings")?.unwrap_or(false),
        None => false,
    };
    let template = parse_template(&text)?;
    let types = template.resource_types();
    let stub_types =
        StubTypes::parse(&store.stack_settings().stub_types).map_err(validation_error)?;
    let is_unknown = |name: &&String| matches!(find(name, &stub_types), Err(TypeError::Unknown));
    let unknown: Vec<&String> = types.iter().filter(is_unknown).collect();
    if !unknown.is_empty() && !tolerates_unknown_types {
        let names: Vec<&str> = unknown.iter().map(|name| name.as_str()).collect();
        let names = names.join(", ");
        let message = format!("Template format error: Unrecognized resource types: [{names}]");
        return Err(validation_error(message));
    }
    let mut summary = template_json(&template, declared_parameter_json);
    summary["ResourceTypes"] = json!(types);
    summary["Version"] = json!(template.format_version());
    summary["Metadata"] = json!(template.metadata().map(Value::to_string));
    summary["ResourceIdentifierSummaries"] = identifiers_json(&template, &stub_types);
    if tolerates_unknown_types {
        summary["Warnings"] = json!({ "UnrecognizedResourceTypes": unknown });
    }
    Ok(summary)
}

pub fn validate_template(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let template = parse_template(&template_text(store, caller, members)?)?;
    Ok(template_json(&template, parameter_json))
}

/// What both operations return. Clients read the parameters of a template without any.
fn template_json(template: &Template, write: fn(&ParameterDeclaration) -> Value) -> Value {
    let parameters: Vec<Value> = template.parameters().iter().map(write).collect();
    let capabilities = template.required_capabilities();
    let transforms = template.transforms();
    json!({
        "Parameters": parameters,
        "Description": template.description(),
        "Capabilities": Some(capabilities).filter(|capabilities| !capabilities.is_empty()),
        "CapabilitiesReason": template.capabilities_reason(),
        "DeclaredTransforms": Some(transforms).filter(|transforms| !transforms.is_empty()),
    })
}

fn parameter_json(parameter: &ParameterDeclaration) -> Value {
    json!({
        "ParameterKey": parameter.name,
        "DefaultValue": parameter.default,
        "NoEcho": parameter.no_echo,
        "Description": parameter.description,
    })
}

fn declared_parameter_json(parameter: &ParameterDeclaration) -> Value {
    let mut json = parameter_json(parameter);
    let values = &parameter.allowed_values;
    json["ParameterType"] = json!(parameter.type_name);
    json["ParameterConstraints"] =
        json!({ "AllowedValues": Some(values).filter(|values| !values.is_empty()) });
    json
}

/// For each type, its resources and the properties that identify them in an import.
fn identifiers_json(template: &Template, stub_types: &StubTypes) -> Value {
    let mut by_type: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in template.resources() {
        by_type.entry(&resource.resource_type).or_default().push(&resource.logical_id);
    }
    let summaries = by_type.into_iter().filter_map(|(name, ids)| {
        let resource_type = find(name, stub_types).ok()?;
        Some(json!({
            "ResourceType": name,
            "LogicalResourceIds": ids,
            "ResourceIdentifiers": resource_type.primary_identifier(),
        }))
    });
    summaries.collect()
}
