//! Renders a spec as CloudFormation templates: one for the whole spec, or one for each API.
//!
//! The same spec gives the same bytes. A template has no ownership tags, because CloudFormation owns what it
//! creates, and it resolves nothing: references become `Fn::GetAtt`, parameters stay parameters.
pub mod limits;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use provision_core::address::Address;
use provision_core::kind::{DesiredResource, DesiredState};
use provision_core::kinds::EVENT_API;
use provision_core::model::Properties;
use provision_core::ownership::PROTECT_TAG;
use provision_core::spec::{Parameter, Parameters, Spec, logical_id};
use provision_core::text::{Placeholder, Text};

/// A template that was rendered from a spec.
#[derive(Clone, Debug)]
pub struct RenderedTemplate {
    /// The key of the API for which it was rendered. `None`: it has all resources, or those that no API needs.
    pub api: Option<String>,
    /// The addresses of its resources.
    pub resources: BTreeSet<Address>,
    /// The template.
    pub document: Value,
}

/// Renders the whole spec as one template. With `export_keys`, its outputs contain the API keys.
pub fn render_template(spec: &Spec, export_keys: bool) -> RenderedTemplate {
    render(spec, None, &spec.desired, &spec.parameters, export_keys)
}

/// Renders a template for each API with everything that the API needs, and one for the resources that no
/// API needs, if there are any.
///
/// A role that several APIs log with is in the template of each, so every stack creates its own.
pub fn render_per_api(spec: &Spec, export_keys: bool) -> Vec<RenderedTemplate> {
    let apis = spec.desired.keys().filter(|address| address.section() == EVENT_API.section);
    let mut parts: Vec<(Option<String>, DesiredState)> =
        apis.map(|api| (Some(api.name().to_owned()), needed_by(api, &spec.desired))).collect();
    let mut rest = spec.desired.clone();
    rest.retain(|address, _| parts.iter().all(|(_, part)| !part.contains_key(address)));
    if !rest.is_empty() {
        parts.push((None, rest));
    }
    let render = |(api, part): (Option<String>, DesiredState)| {
        let used = used_parameters(&part);
        let mut parameters = spec.parameters.clone();
        parameters.retain(|name, _| used.contains(name));
        render(spec, api, &part, &parameters, export_keys)
    };
    parts.into_iter().map(render).collect()
}

/// The API, its child resources, what is attached to it, and everything to which these refer.
fn needed_by(api: &Address, desired: &DesiredState) -> DesiredState {
    let is_part = |address: &&Address| *address == api || address.is_within(api);
    let mut needed: BTreeSet<&Address> = desired.keys().filter(is_part).collect();
    for (address, resource) in desired {
        // A domain's association is a child of the domain and refers to the API.
        if address.is_singleton() && resource.properties.references().any(|target| target == *api) {
            needed.insert(address);
        }
    }
    // References have no cycles, so this ends.
    loop {
        let targets = |address: &&Address| desired[*address].properties.references();
        let targets: BTreeSet<Address> = needed.iter().flat_map(targets).collect();
        let before = needed.len();
        needed.extend(desired.keys().filter(|address| targets.contains(*address)));
        if needed.len() == before {
            break;
        }
    }
    needed.into_iter().map(|address| (address.clone(), desired[address].clone())).collect()
}

fn used_parameters(desired: &DesiredState) -> BTreeSet<String> {
    let placeholders = desired.values().flat_map(|resource| resource.properties.placeholders());
    let name = |placeholder| match placeholder {
        Placeholder::Parameter(name) => Some(name),
        _ => None,
    };
    placeholders.filter_map(name).collect()
}

fn render(
    spec: &Spec,
    api: Option<String>,
    desired: &DesiredState,
    parameters: &Parameters,
    export_keys: bool,
) -> RenderedTemplate {
    let mut document = Map::new();
    document.insert("AWSTemplateFormatVersion".into(), json!("2010-09-09"));
    if let Some(description) = spec.description.as_ref().and_then(Text::as_literal) {
        document.insert("Description".into(), json!(description));
    }
    if !parameters.is_empty() {
        let parameters = parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter_document(parameter)));
        document.insert("Parameters".into(), parameters.collect());
    }
    // Every reference to a resource needs its id again.
    let ids = desired.iter();
    let ids: HashMap<&Address, String> =
        ids.map(|(address, resource)| (address, logical_id(address, Some(resource)))).collect();
    let id_of = |address: &Address| match ids.get(address) {
        Some(id) => id.clone(),
        None => logical_id(address, spec.desired.get(address)),
    };
    let resource_document = |(address, resource): (&Address, &DesiredResource)| {
        let properties = resource.properties.map_texts(&|text| text.to_intrinsic(&id_of));
        let mut document = json!({ "Type": resource.kind.type_name });
        if is_protected(&resource.properties) {
            document["DeletionPolicy"] = json!("Retain");
            document["UpdateReplacePolicy"] = json!("Retain");
        }
        document["Properties"] = json!(properties);
        (id_of(address), document)
    };
    document.insert("Resources".into(), desired.iter().map(resource_document).collect());
    let outputs = outputs(desired, &id_of, export_keys);
    if !outputs.is_empty() {
        document.insert("Outputs".into(), Value::Object(outputs));
    }
    let resources = desired.keys().cloned().collect();
    RenderedTemplate { api, resources, document: Value::Object(document) }
}

/// Whether `provision` refuses to delete the resource, so CloudFormation must retain it.
fn is_protected(properties: &Properties) -> bool {
    let tags = properties.get("Tags").and_then(Value::as_array);
    tags.into_iter().flatten().any(|tag| tag["Key"] == PROTECT_TAG)
}

fn parameter_document(parameter: &Parameter) -> Value {
    let Parameter { default, allowed, pattern, description } = parameter;
    let members = [
        ("Type", Some(json!("String"))),
        ("Description", description.as_ref().map(|text| json!(text))),
        ("Default", default.as_ref().map(|text| json!(text))),
        ("AllowedValues", allowed.as_ref().map(|values| json!(values))),
        ("AllowedPattern", pattern.as_ref().map(|text| json!(text))),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The outputs of each resource. Their names have its logical id as a prefix, except for those of the
/// only API of a template.
fn outputs(
    desired: &DesiredState,
    id_of: &dyn Fn(&Address) -> String,
    export_keys: bool,
) -> Map<String, Value> {
    let is_api = |resource: &DesiredResource| resource.kind == EVENT_API;
    let has_one_api = desired.values().filter(|resource| is_api(resource)).count() == 1;
    let mut outputs = Map::new();
    for (address, resource) in desired {
        let prefix = match has_one_api && is_api(resource) {
            true => String::new(),
            false => id_of(address),
        };
        let secrets = if export_keys { resource.kind.secret_outputs } else { &[] };
        for (name, text) in resource.kind.outputs.iter().chain(secrets) {
            let text = Text::from_sub(&text.replace("${", &format!("${{{address}.")));
            let value = json!({ "Value": text.to_intrinsic(id_of) });
            outputs.insert(format!("{prefix}{name}"), value);
        }
    }
    outputs
}
