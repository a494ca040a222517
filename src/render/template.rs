//! The same resources as a CloudFormation template.
use serde_json::{Map, Value, json};

use crate::address::Address;
use crate::kind::{Desired, Resource};
use crate::spec::{Parameter, Spec, logical_id};
use crate::text::Text;

/// The template that says what `spec` says, in the order of addresses.
pub fn template(spec: &Spec) -> Value {
    let mut template = Map::new();
    template.insert("AWSTemplateFormatVersion".into(), json!("2010-09-09"));
    if let Some(description) = spec.description.as_ref().and_then(Text::as_plain) {
        template.insert("Description".into(), json!(description));
    }
    if !spec.parameters.is_empty() {
        let parameter = |(name, it): (&String, &Parameter)| (name.clone(), parameter(it));
        template.insert("Parameters".into(), spec.parameters.iter().map(parameter).collect());
    }
    let name = |address: &Address| logical_id(address, spec.desired.get(address));
    let body = |(address, resource): (&Address, &Resource)| {
        let properties = resource.properties.rewritten(&|text| text.to_intrinsic(&name));
        (name(address), json!({ "Type": resource.kind.type_name, "Properties": properties }))
    };
    template.insert("Resources".into(), spec.desired.iter().map(body).collect());
    let outputs = outputs(&spec.desired, &name);
    if !outputs.is_empty() {
        template.insert("Outputs".into(), Value::Object(outputs));
    }
    Value::Object(template)
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
/// and of every other kind, each has its own in front.
fn outputs(desired: &Desired, name: &dyn Fn(&Address) -> String) -> Map<String, Value> {
    let with_outputs = || desired.iter().filter(|(_, it)| !it.kind.outputs.is_empty());
    let alone = with_outputs().count() == 1;
    let output = |(address, resource): (&Address, &'static [(&'static str, &'static str)])| {
        let prefix = if alone { String::new() } else { name(address) };
        let own = format!("${{{address}.");
        resource
            .iter()
            .map(move |(output, text)| {
                let text = Text::from_sub(&text.replace("${", &own));
                (format!("{prefix}{output}"), text)
            })
            .collect::<Vec<_>>()
    };
    with_outputs()
        .map(|(address, resource)| (address, resource.kind.outputs))
        .flat_map(output)
        .map(|(output, text)| (output, json!({ "Value": text.to_intrinsic(name) })))
        .collect()
}
