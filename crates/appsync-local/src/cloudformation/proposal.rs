//! What a request wants to deploy: a template with parameters, tags and options, checked as far as CloudFormation
//! checks them before it accepts the request.
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cloudformation::evaluation::{
    Evaluation, Inputs, StackIdentity, parameter_values, type_error_text,
};
use crate::cloudformation::request::{Members, validation_error};
use crate::cloudformation::resource_types::{self, StubTypes, TypeError};
use crate::cloudformation::ssm_parameters;
use crate::cloudformation::template::{
    GivenParameter, ParameterValues, Template, TemplateError, bind_parameters, check_supported,
};
use crate::cloudformation::template_source;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::Tags;
use crate::state::stacks::{ChangeSet, Deployment, Stack, StackParameter};
use crate::store::Store;

/// The capability that transforms require.
const CAPABILITY_AUTO_EXPAND: &str = "CAPABILITY_AUTO_EXPAND";
const TAGS_MAX: usize = 50;

/// A deployment that was requested, with what its template is evaluated with.
pub struct Proposal {
    /// The template as it was sent.
    pub text: String,
    pub inputs: Inputs,
    pub deployment: Deployment,
}

impl Proposal {
    /// Reads a request for a stack. `current` is the stack as it is, if it has a deployment already.
    pub fn parse(
        store: &Arc<Store>,
        caller: &Caller,
        members: &Members<'_>,
        identity: &StackIdentity,
        current: Option<&Stack>,
    ) -> Result<Self, AwsError> {
        let uses_previous = members.flag("UsePreviousTemplate")?.unwrap_or_default();
        let text = match (uses_previous, current) {
            (true, Some(stack)) => {
                template_source::reject_both(members)?;
                stack.template_text(&stack.deployment).to_owned()
            }
            _ => template_source::template_text(store, caller, members)?,
        };
        let template = Template::parse(&text).map_err(template_error)?;
        check_supported(template.transforms()).map_err(template_error)?;
        check_types(store, members, &template)?;
        if let Some(stack) = current {
            check_same_types(stack, &template)?;
        }
        let former = current.map(|stack| &stack.deployment);
        let parameters = bind(store, caller, members, &template, former)?;
        let list = |name: &str, former: Option<Vec<String>>| {
            let given = members.texts(name);
            let given = given.map(|texts| texts.into_iter().map(str::to_owned).collect::<Vec<_>>());
            given.or(former).unwrap_or_default()
        };
        let notification_arns =
            list("NotificationARNs", former.map(|former| former.notification_arns.clone()));
        let deployment = Deployment {
            template: hash(&text),
            description: template.description().map(str::to_owned),
            parameters: stack_parameters(&parameters),
            tags: tags(members)?
                .or_else(|| former.map(|former| former.tags.clone()))
                .unwrap_or_default(),
            capabilities: list("Capabilities", None),
            role_arn: role_arn(members)?.or_else(|| former?.role_arn.clone()),
            notification_arns: notification_arns.clone(),
            rollback_configuration: rollback_configuration(members)
                .or_else(|| former.map(|former| former.rollback_configuration.clone()))
                .unwrap_or_else(|| serde_json::json!({})),
            imports: Default::default(),
        };
        let inputs = Inputs::new(store, caller, identity, template, parameters, notification_arns);
        let proposal = Self { text, inputs, deployment };
        proposal.evaluate()?.check_properties().map_err(validation_error)?;
        Ok(proposal)
    }

    /// The deployment of a change set.
    pub fn of_change_set(
        store: &Arc<Store>,
        caller: &Caller,
        stack: &Stack,
        change_set: &ChangeSet,
    ) -> Result<Self, AwsError> {
        let identity = StackIdentity { id: stack.id.clone(), name: stack.name.clone() };
        let deployment = change_set.deployment.clone();
        let text = stack.template_text(&deployment).to_owned();
        let inputs = Inputs::of_deployment(store, caller, &identity, &text, &deployment);
        Ok(Self { text, inputs: inputs.map_err(template_error)?, deployment })
    }

    pub fn evaluate(&self) -> Result<Evaluation<'_>, AwsError> {
        self.inputs.evaluate().map_err(template_error)
    }

    /// Rejects the request unless it acknowledges what the template can do. Change sets ask when they are executed,
    /// and never for transforms (docs/reference/cloudformation.md#capabilities).
    pub fn check_capabilities(&self, asks_for_transforms: bool) -> Result<(), AwsError> {
        let given = &self.deployment.capabilities;
        let has = |capability: &str| given.iter().any(|given| given == capability);
        let template = self.inputs.template();
        // The greater capability includes the lesser one.
        let is_given = |required: &str| {
            has(required) || required == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM")
        };
        let required = template.required_capabilities();
        let missing = required.into_iter().find(|required| !is_given(required));
        let expands = asks_for_transforms && !template.transforms().is_empty();
        let missing = missing.or_else(|| {
            (expands && !has(CAPABILITY_AUTO_EXPAND)).then_some(CAPABILITY_AUTO_EXPAND)
        });
        match missing {
            Some(missing) => Err(AwsError::new(
                400,
                "InsufficientCapabilitiesException",
                format!("Requires capabilities : [{missing}]"),
            )),
            None => Ok(()),
        }
    }

    /// Makes it what the stack deploys.
    pub fn put_into(&self, stack: &mut Stack) {
        stack.deployment = self.deployment.clone();
        stack.templates.insert(self.deployment.template.clone(), self.text.clone());
    }
}

/// The error of a template, as most operations return it.
pub fn template_error(error: TemplateError) -> AwsError {
    validation_error(error.0)
}

/// Parses a template for operations that deploy nothing.
pub fn parse_template(text: &str) -> Result<Template, AwsError> {
    Template::parse(text).map_err(template_error)
}

/// Rejects types that cannot be created, all at once.
fn check_types(store: &Store, members: &Members<'_>, template: &Template) -> Result<(), AwsError> {
    let stub_types =
        StubTypes::parse(&store.stack_settings().stub_types).map_err(validation_error)?;
    let types = template.resource_types();
    if let Some(allowed) = members.texts("ResourceTypes") {
        let fits = |name: &str| {
            allowed.iter().any(|allowed| match allowed.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => *allowed == name,
            })
        };
        if let Some(name) = types.iter().find(|name| !fits(name)) {
            let list = allowed.join(", ");
            let message =
                format!("Resource type {name} is not allowed by parameter ResourceTypes [{list}]");
            return Err(validation_error(message));
        }
    }
    let (mut unknown, mut unsupported) = (Vec::new(), Vec::new());
    for name in &types {
        match resource_types::find(name, &stub_types) {
            Ok(_) => {}
            Err(TypeError::Unknown) => unknown.push(name.as_str()),
            Err(error) => unsupported.push(type_error_text(name, error)),
        }
    }
    if !unknown.is_empty() {
        let list = unknown.join(", ");
        let message = format!("Template format error: Unrecognized resource types: [{list}]");
        return Err(validation_error(message));
    }
    match unsupported.is_empty() {
        true => Ok(()),
        false => Err(validation_error(unsupported.join("; "))),
    }
}

/// A resource keeps its type: another one needs another logical id.
fn check_same_types(stack: &Stack, template: &Template) -> Result<(), AwsError> {
    let changed: Vec<&str> = template
        .resources()
        .iter()
        .filter(|declared| {
            let existing = stack.resources.get(&declared.logical_id);
            existing.is_some_and(|existing| existing.resource_type != declared.resource_type)
        })
        .map(|declared| declared.logical_id.as_str())
        .collect();
    match changed.as_slice() {
        [] => Ok(()),
        changed => Err(validation_error(format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
            changed.join(", ")
        ))),
    }
}

fn bind(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
    template: &Template,
    former: Option<&Deployment>,
) -> Result<ParameterValues, AwsError> {
    let mut given = Vec::new();
    for parameter in members.structures("Parameters").unwrap_or_default() {
        given.push(GivenParameter {
            key: parameter.require("ParameterKey")?.to_owned(),
            value: parameter.any_text("ParameterValue").map(str::to_owned),
            use_previous: parameter.flag("UsePreviousValue")?.unwrap_or_default(),
        });
    }
    let previous = former.map(|former| parameter_values(&former.parameters)).unwrap_or_default();
    let ssm = |name: &str| ssm_parameters::value(store, caller, name);
    bind_parameters(template, &given, &previous, &ssm).map_err(template_error)
}

fn stack_parameters(values: &ParameterValues) -> Vec<StackParameter> {
    let parameter = |(key, value): (&String, &crate::cloudformation::template::ParameterValue)| {
        StackParameter {
            key: key.clone(),
            value: value.value.clone(),
            resolved_value: value.resolved.clone(),
            no_echo: value.no_echo,
            is_list: value.is_list,
        }
    };
    values.iter().map(parameter).collect()
}

/// The tags of a request; `None` if the member is missing. An empty list removes all tags.
fn tags(members: &Members<'_>) -> Result<Option<Tags>, AwsError> {
    let Some(given) = members.structures("Tags") else { return Ok(None) };
    let mut tags = Tags::new();
    for tag in given {
        let key = tag.require("Key")?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            let message = format!(
                "Tag keys beginning with 'aws:' are reserved for AWS use; the key `{key}` is not allowed"
            );
            return Err(validation_error(message));
        }
        let value = tag.any_text("Value").unwrap_or_default();
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(validation_error(format!("Duplicate tag key: {key}")));
        }
    }
    if tags.len() > TAGS_MAX {
        let constraint = format!("Member must have length less than or equal to {TAGS_MAX}");
        return Err(validation_error(format!(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: {constraint}"
        )));
    }
    Ok(Some(tags))
}

fn role_arn(members: &Members<'_>) -> Result<Option<String>, AwsError> {
    let arn = members.text("RoleARN");
    let is_role = |arn: &str| arn.starts_with("arn:") && arn.contains(":role/");
    match arn {
        Some(arn) if !is_role(arn) => {
            Err(validation_error(format!("Role {arn} is invalid or cannot be assumed")))
        }
        arn => Ok(arn.map(str::to_owned)),
    }
}

fn rollback_configuration(members: &Members<'_>) -> Option<serde_json::Value> {
    let configuration = members.structure("RollbackConfiguration")?;
    let triggers = configuration.structures("RollbackTriggers").unwrap_or_default();
    let trigger = |trigger: Members<'_>| serde_json::json!({ "Arn": trigger.text("Arn"), "Type": trigger.text("Type") });
    let minutes = configuration.text("MonitoringTimeInMinutes");
    Some(serde_json::json!({
        "RollbackTriggers": triggers.into_iter().map(trigger).collect::<Vec<_>>(),
        "MonitoringTimeInMinutes": minutes,
    }))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
