//! The same resources as CloudFormation templates: one for all, or one for each API.
pub mod limits;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use provision_core::address::Address;
use provision_core::kind::{DesiredResource, DesiredState};
use provision_core::model::Properties;
use provision_core::ownership::PROTECT_TAG;
use provision_core::spec::{Parameter, Parameters, Spec, logical_id};
use provision_core::text::{Hole, Text};

/// One template, and the resources that it has.
#[derive(Clone, Debug)]
pub struct RenderedTemplate {
    /// The API whose template it is. `None`: everything, or what belongs to no API.
    pub api: Option<String>,
    pub resources: BTreeSet<Address>,
    pub document: Value,
}

/// The one template that says what `spec` says, in the order of addresses.
pub fn render_template(spec: &Spec, export_keys: bool) -> RenderedTemplate {
    render(spec, None, &spec.desired, &spec.parameters, export_keys)
}

/// A template for each API with all that it needs, and one for what no API needs.
///
/// A role that several APIs log with is in the template of each: every stack makes its own.
pub fn render_per_api(spec: &Spec, export_keys: bool) -> Vec<RenderedTemplate> {
    let apis = spec.desired.keys().filter(|it| it.section() == "apis");
    let mut parts: Vec<(Option<String>, DesiredState)> =
        apis.map(|api| (Some(api.name().to_owned()), needed_by(api, &spec.desired))).collect();
    let placed = |address: &Address| parts.iter().any(|(_, part)| part.contains_key(address));
    let rest = spec.desired.iter().filter(|(address, _)| !placed(address));
    let rest: DesiredState = rest.map(|(address, it)| (address.clone(), it.clone())).collect();
    if !rest.is_empty() {
        parts.push((None, rest));
    }
    let render = |(api, part): (Option<String>, DesiredState)| {
        let used = used(&part);
        let parameters = spec.parameters.iter().filter(|(name, _)| used.contains(*name));
        let parameters = parameters.map(|(name, it)| (name.clone(), it.clone())).collect();
        render(spec, api, &part, &parameters, export_keys)
    };
    parts.into_iter().map(render).collect()
}

/// The API, what hangs on it, what leads to it, and whatever these refer to.
fn needed_by(api: &Address, desired: &DesiredState) -> DesiredState {
    let hangs = |it: &&Address| *it == api || it.is_within(api);
    let mut needed: BTreeSet<&Address> = desired.keys().filter(hangs).collect();
    for (address, resource) in desired {
        // What leads here hangs on something else, as a domain's association does.
        if address.is_only() && resource.properties.refers().any(|it| it == *api) {
            needed.insert(address);
        }
    }
    // References end: no resource refers to one that refers back to it.
    loop {
        let more = |it: &&Address| desired[*it].properties.refers();
        let more: BTreeSet<Address> = needed.iter().flat_map(more).collect();
        let before = needed.len();
        needed.extend(desired.keys().filter(|it| more.contains(*it)));
        if needed.len() == before {
            break;
        }
    }
    needed.into_iter().map(|it| (it.clone(), desired[it].clone())).collect()
}

/// The parameters that these resources name.
fn used(desired: &DesiredState) -> BTreeSet<String> {
    let holes = desired.values().flat_map(|it| it.properties.open());
    let name = |hole| match hole {
        Hole::Parameter(name) => Some(name),
        _ => None,
    };
    holes.filter_map(name).collect()
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
    if let Some(description) = spec.description.as_ref().and_then(Text::as_plain) {
        document.insert("Description".into(), json!(description));
    }
    if !parameters.is_empty() {
        let parameter = |(name, it): (&String, &Parameter)| (name.clone(), parameter(it));
        document.insert("Parameters".into(), parameters.iter().map(parameter).collect());
    }
    // An id is asked for again by everything that refers to its resource.
    let ids = desired.iter().map(|(address, it)| (address, logical_id(address, Some(it))));
    let ids: HashMap<&Address, String> = ids.collect();
    let other = |address: &Address| logical_id(address, spec.desired.get(address));
    let name = |address: &Address| ids.get(address).cloned().unwrap_or_else(|| other(address));
    let body = |(address, resource): (&Address, &DesiredResource)| {
        let properties = resource.properties.rewritten(&|text| text.to_intrinsic(&name));
        let mut body = json!({ "Type": resource.kind.type_name });
        if is_protected(&resource.properties) {
            body["DeletionPolicy"] = json!("Retain");
            body["UpdateReplacePolicy"] = json!("Retain");
        }
        body["Properties"] = json!(properties);
        (name(address), body)
    };
    document.insert("Resources".into(), desired.iter().map(body).collect());
    let outputs = outputs(desired, &name, export_keys);
    if !outputs.is_empty() {
        document.insert("Outputs".into(), Value::Object(outputs));
    }
    let resources = desired.keys().cloned().collect();
    RenderedTemplate { api, resources, document: Value::Object(document) }
}

/// What we refuse to delete, CloudFormation should keep.
fn is_protected(properties: &Properties) -> bool {
    let tags = properties.get("Tags").and_then(Value::as_array);
    tags.into_iter().flatten().any(|tag| tag["Key"] == PROTECT_TAG)
}

fn parameter(parameter: &Parameter) -> Value {
    let members = [
        ("Type", Some(json!("String"))),
        ("Description", parameter.description.as_ref().map(|it| json!(it))),
        ("Default", parameter.default.as_ref().map(|it| json!(it))),
        ("AllowedValues", parameter.allowed.as_ref().map(|it| json!(it))),
        ("AllowedPattern", parameter.pattern.as_ref().map(|it| json!(it))),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What other tools want to know. Where one API stands alone its outputs have plain names; of several,
/// and of every other kind, each has its logical id in front.
fn outputs(
    desired: &DesiredState,
    name: &dyn Fn(&Address) -> String,
    export_keys: bool,
) -> Map<String, Value> {
    let alone = desired.keys().filter(|it| it.section() == "apis").count() == 1;
    let mut outputs = Map::new();
    for (address, resource) in desired {
        let prefix = match alone && address.section() == "apis" {
            true => String::new(),
            false => name(address),
        };
        let secrets = if export_keys { resource.kind.secret_outputs } else { &[] };
        for (output, text) in resource.kind.outputs.iter().chain(secrets) {
            let text = Text::from_sub(&text.replace("${", &format!("${{{address}.")));
            outputs
                .insert(format!("{prefix}{output}"), json!({ "Value": text.to_intrinsic(name) }));
        }
    }
    outputs
}
