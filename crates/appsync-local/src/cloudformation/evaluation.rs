//! A deployment's template, evaluated for one stack: with its parameters, the exports and SSM parameters of its
//! Region, and the resources as they are.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use crate::cloudformation::exports::exports;
use crate::cloudformation::resource_types::{self, ResourceType, StubTypes, TypeError};
use crate::cloudformation::ssm_parameters;
use crate::cloudformation::template::{
    DynamicReference, ParameterValue, ParameterValues, PseudoParameters, ResourceDeclaration,
    ResourceValue, ResourceValues, Scope, Template, TemplateError,
};
use crate::lock::lock;
use crate::protocol::caller::Caller;
use crate::state::stacks::{
    DeletionPolicy, Deployment, ResourceContent, Stack, StackOutput, StackParameter, StackResource,
};
use crate::store::Store;

type Imports = dyn Fn(&str) -> Option<String> + Send + Sync;
type DynamicReferences = dyn Fn(&DynamicReference) -> Result<String, String> + Send + Sync;

/// What a template is evaluated with.
pub struct Inputs {
    template: Template,
    parameters: ParameterValues,
    pseudo: PseudoParameters,
    imports: Box<Imports>,
    dynamic_references: Box<DynamicReferences>,
    /// The exports that values contained so far.
    imported: Arc<Mutex<BTreeSet<String>>>,
    stub_types: StubTypes,
}

/// The name and the ARN of a stack, which may not exist yet.
#[derive(Clone, Debug)]
pub struct StackIdentity {
    pub id: String,
    pub name: String,
}

impl Inputs {
    /// Takes the exports and SSM parameters as they are now.
    pub fn new(
        store: &Arc<Store>,
        caller: &Caller,
        identity: &StackIdentity,
        template: Template,
        parameters: ParameterValues,
        notification_arns: Vec<String>,
    ) -> Self {
        let StackIdentity { id, name } = identity;
        let (account, region) = (&caller.account, &caller.region);
        let pseudo = PseudoParameters::new(account, region, name, id, notification_arns);
        let imported = Arc::new(Mutex::new(BTreeSet::new()));
        let exports = store.read(|state| exports(state, caller));
        let noted = Arc::clone(&imported);
        let imports = move |name: &str| {
            lock(&noted).insert(name.to_owned());
            exports.get(name).map(|export| export.value.clone())
        };
        let (shared, owner) = (Arc::clone(store), caller.clone());
        let dynamic_references = move |reference: &DynamicReference| {
            ssm_parameters::dynamic_value(&shared, &owner, reference)
        };
        // The command line has checked the patterns.
        let stub_types = StubTypes::parse(&store.stack_settings().stub_types).unwrap_or_default();
        Self {
            template,
            parameters,
            pseudo,
            imports: Box::new(imports),
            dynamic_references: Box::new(dynamic_references),
            imported,
            stub_types,
        }
    }

    /// What a stack's deployment is evaluated with.
    pub fn of_deployment(
        store: &Arc<Store>,
        caller: &Caller,
        identity: &StackIdentity,
        template_text: &str,
        deployment: &Deployment,
    ) -> Result<Self, TemplateError> {
        let template = Template::parse(template_text)?;
        let parameters = parameter_values(&deployment.parameters);
        let notification_arns = deployment.notification_arns.clone();
        Ok(Self::new(store, caller, identity, template, parameters, notification_arns))
    }

    pub fn evaluate(&self) -> Result<Evaluation<'_>, TemplateError> {
        let Self { template, parameters, pseudo, imports, dynamic_references, .. } = self;
        let scope = Scope::new(template, parameters, pseudo, &**imports, &**dynamic_references)?;
        Ok(Evaluation { inputs: self, scope })
    }

    pub fn template(&self) -> &Template {
        &self.template
    }

    #[cfg(test)]
    pub fn parameters(&self) -> &ParameterValues {
        &self.parameters
    }

    /// The exports that values contained so far.
    pub fn imported(&self) -> BTreeSet<String> {
        lock(&self.imported).clone()
    }
}

/// A template whose conditions and rules are evaluated.
pub struct Evaluation<'a> {
    pub inputs: &'a Inputs,
    pub scope: Scope<'a>,
}

impl Evaluation<'_> {
    /// Finds errors of the template itself in properties, which AWS reports before it changes anything. What depends on
    /// AWS, such as an export that does not exist, fails later.
    pub fn check_properties(&self) -> Result<(), String> {
        for declaration in self.scope.active_resources() {
            let resolved = self.scope.resolve_properties(declaration, &UnknownResources);
            if let Err(error) = resolved
                && error.message.starts_with("Template error: ")
            {
                return Err(error.message);
            }
        }
        Ok(())
    }

    /// What each resource waits for.
    pub fn graph(&self) -> BTreeMap<String, BTreeSet<String>> {
        let graph = self.scope.dependencies();
        let dependencies_of = |id: &str| graph.dependencies_of(id).map(str::to_owned).collect();
        graph.names().map(|id| (id.to_owned(), dependencies_of(id))).collect()
    }

    /// The declared type of a resource.
    pub fn type_name(&self, logical_id: &str) -> Option<&str> {
        let declaration = self.scope.template().resource(logical_id)?;
        Some(&declaration.resource_type)
    }

    /// The names of the resources that a resource depends on.
    pub fn dependencies_of(&self, logical_id: &str) -> Vec<String> {
        self.scope.dependencies().dependencies_of(logical_id).map(str::to_owned).collect()
    }

    /// A resource's type and its content, which what it depends on determines. The error is a resource's reason.
    pub fn resource(
        &self,
        logical_id: &str,
        values: &dyn ResourceValues,
    ) -> Result<(ResourceType, ResourceContent), String> {
        let declaration = self.scope.template().resource(logical_id);
        let declaration = declaration.ok_or("the template does not declare the resource")?;
        let resource_type = self.resource_type(declaration)?;
        let properties = self.scope.resolve_properties(declaration, values);
        let properties = properties.map_err(|error| error.message)?;
        let content = ResourceContent {
            properties,
            reference: Value::Null,
            attributes: Map::new(),
            metadata: declaration.metadata.clone(),
            deletion_policy: deletion_policy(declaration.deletion_policy),
            update_replace_policy: deletion_policy(declaration.update_replace_policy),
            depends_on: self.dependencies_of(logical_id),
        };
        Ok((resource_type, content))
    }

    pub fn resource_type(&self, declaration: &ResourceDeclaration) -> Result<ResourceType, String> {
        let name = &declaration.resource_type;
        resource_types::find(name, &self.inputs.stub_types)
            .map_err(|error| type_error_text(name, error))
    }

    /// The outputs. The error is a stack's reason, without a final period.
    pub fn outputs(&self, values: &dyn ResourceValues) -> Result<Vec<StackOutput>, String> {
        let active = self.scope.active_outputs().into_iter();
        let resolved = active.map(|output| {
            let resolved = self.scope.resolve_output(output, values).map_err(|error| {
                let message = error.message.trim_end_matches('.');
                format!("[Error] {}: {message}", error.pointer)
            })?;
            Ok(StackOutput {
                key: output.logical_id.clone(),
                value: resolved.value,
                description: output.description.clone(),
                export_name: resolved.export_name,
            })
        });
        resolved.collect()
    }
}

/// Resources of which nothing is known yet.
struct UnknownResources;

impl ResourceValues for UnknownResources {
    fn reference(&self, _: &str) -> ResourceValue {
        ResourceValue::KnownAfterApply
    }

    fn attribute(&self, _: &str, _: &str) -> ResourceValue {
        ResourceValue::KnownAfterApply
    }
}

/// The resources of a stack as they are, for the values that refer to them.
#[derive(Default)]
pub struct DeployedResources(BTreeMap<String, DeployedResource>);

struct DeployedResource {
    type_name: String,
    reference: Value,
    attributes: Map<String, Value>,
}

impl DeployedResources {
    /// All of them.
    pub fn all(stack: &Stack) -> Self {
        Self(stack.resources.iter().filter_map(Self::entry).collect())
    }

    /// Those with these logical ids.
    pub fn some(stack: &Stack, logical_ids: &[String]) -> Self {
        let resources =
            logical_ids.iter().filter_map(|id| Some((id.as_str(), stack.resources.get(id)?)));
        Self(resources.filter_map(Self::entry).collect())
    }

    fn entry((id, resource): (&str, &StackResource)) -> Option<(String, DeployedResource)> {
        let deployed = DeployedResource {
            type_name: resource.resource_type.clone(),
            reference: resource.content.reference.clone(),
            attributes: resource.content.attributes.clone(),
        };
        (!resource.physical_id.is_empty()).then(|| (id.to_owned(), deployed))
    }
}

impl ResourceValues for DeployedResources {
    fn reference(&self, logical_id: &str) -> ResourceValue {
        match self.0.get(logical_id) {
            Some(resource) => ResourceValue::Known(resource.reference.clone()),
            None => ResourceValue::Error(format!("Unable to find the resource {logical_id}")),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> ResourceValue {
        let Some(resource) = self.0.get(logical_id) else { return self.reference(logical_id) };
        match resource.attributes.get(attribute) {
            Some(value) => ResourceValue::Known(value.clone()),
            None => ResourceValue::Error(format!(
                "Resource type {} does not support attribute {{{attribute}}}.",
                resource.type_name
            )),
        }
    }
}

/// A deployment's parameters as the template language has them.
pub fn parameter_values(parameters: &[StackParameter]) -> ParameterValues {
    let value = |parameter: &StackParameter| ParameterValue {
        value: parameter.value.clone(),
        resolved: parameter.resolved_value.clone(),
        no_echo: parameter.no_echo,
        is_list: parameter.is_list,
    };
    parameters.iter().map(|parameter| (parameter.key.clone(), value(parameter))).collect()
}

/// A policy of the template as the stack stores it.
pub fn deletion_policy(
    declared: crate::cloudformation::template::DeletionPolicy,
) -> DeletionPolicy {
    use crate::cloudformation::template::DeletionPolicy as Declared;
    match declared {
        Declared::Delete => DeletionPolicy::Delete,
        Declared::Retain => DeletionPolicy::Retain,
        Declared::RetainExceptOnCreate => DeletionPolicy::RetainExceptOnCreate,
        Declared::Snapshot => DeletionPolicy::Snapshot,
    }
}

/// The type of a resource that exists. A stub remains one without the option that made it.
pub fn existing_type(name: &str) -> Result<ResourceType, String> {
    let stub_types = StubTypes::parse(&[name.to_owned()]).unwrap_or_default();
    resource_types::find(name, &stub_types).map_err(|error| type_error_text(name, error))
}

pub fn type_error_text(name: &str, error: TypeError) -> String {
    match error {
        TypeError::Unknown => {
            format!("Template format error: Unrecognized resource types: [{name}]")
        }
        TypeError::Unsupported(text) | TypeError::Refused(text) => text,
    }
}
