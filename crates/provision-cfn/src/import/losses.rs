//! Reports the parts of a template that the spec does not have: resources of other services,
//! attributes such as `DeletionPolicy`, orders, outputs.
use std::collections::{BTreeMap, BTreeSet};

use provision_core::address::Address;
use provision_core::diagnostic::{Diagnostic, DocumentPath, Location};
use provision_core::kinds::{EVENT_API, KINDS};
use provision_core::source::tree::{MapEntry, Node, NodeData};
use provision_core::text::{Placeholder, Text};

use crate::import::evaluate::Evaluator;
use crate::import::intrinsic::IntrinsicCall;
use crate::import::resources::{ImportedResource, ResourceSelection};
use crate::import::template::{TemplateResource, entries, member, scalar};
use crate::import::value::{
    PlaceholderTarget, REF, TemplateValue, resource_placeholder, target_of,
};

/// Attributes that a spec does not have: the value that changes nothing, and what to do about others.
const UNSUPPORTED_ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("DeletionPolicy", "Delete", "to keep the resource on destroy, remove it from the spec first"),
    ("UpdateReplacePolicy", "Delete", "`provision plan` shows which resources apply would replace"),
    ("CreationPolicy", "", "`provision` does not wait for signals"),
    ("UpdatePolicy", "", "`provision` does not wait for signals"),
];
/// Attributes that are imported, or reported elsewhere.
const KNOWN_ATTRIBUTES: &[&str] = &["Type", "Properties", "Condition", "DependsOn", "Metadata"];

/// Reports every resource that the spec does not declare.
pub fn report_ignored(selection: &ResourceSelection<'_>, evaluator: &mut Evaluator<'_>) {
    for resource in &selection.ignored {
        let names = referenced_names(resource);
        let is_referenced = |imported_resource: &&ImportedResource<'_>| {
            names.contains(imported_resource.resource.id)
        };
        let referenced: Vec<_> = selection.imported.iter().filter(is_referenced).collect();
        let location = Location::Key(resource.path.clone());
        let part = referenced.iter().find_map(|imported| {
            let parts = imported.kind.template.separate_parts?;
            parts.types.contains(&resource.type_name).then_some((imported, parts.member))
        });
        if let Some((imported, member)) = part {
            let message = format!("`{}` is not added to {}", resource.id, imported.address);
            let help = format!("write its contents under `{member}:` of {}", imported.address);
            evaluator.warn("PV528", location, message, &help);
            continue;
        }
        let message = format!("`{}` is not imported: {}", resource.id, resource.type_name);
        let note = Diagnostic::note("PV540", location, message);
        let addresses: Vec<String> =
            referenced.iter().map(|imported| imported.address.to_string()).collect();
        evaluator.diagnostics.push(match addresses.is_empty() {
            true => note,
            false => note.with_help(format!(
                "it refers to {}: pass it the values that `provision outputs` prints",
                addresses.join(", ")
            )),
        });
    }
}

/// The names to which the calls in a resource may refer.
fn referenced_names<'a>(resource: &TemplateResource<'a>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for attribute in resource.attributes {
        collect_names(&attribute.value, &mut names);
    }
    names
}

fn collect_names<'a>(node: &'a Node, names: &mut BTreeSet<&'a str>) {
    let node = node.follow_alias();
    if let Some(call) = IntrinsicCall::parse(node, &DocumentPath::default()) {
        // In the forms with several arguments, the first one is the logical id or the text.
        let argument = match call.data() {
            Some(NodeData::Scalar { text, .. }) => Some(text.as_str()),
            Some(NodeData::List(items)) => items.first().and_then(scalar),
            _ => None,
        };
        match call.function.as_str() {
            "Ref" | "Fn::GetAtt" => {
                names.extend(argument.and_then(|text| text.split('.').next()));
            }
            "Fn::Sub" => {
                let placeholders = argument.unwrap_or_default().split("${").skip(1);
                let name = |text: &'a str| text.split(['}', '.']).next().unwrap_or_default().trim();
                names.extend(placeholders.map(name));
            }
            _ => {}
        }
    }
    match &node.data {
        NodeData::List(items) => items.iter().for_each(|item| collect_names(item, names)),
        NodeData::Map(entries) => {
            entries.iter().for_each(|entry| collect_names(&entry.value, names));
        }
        _ => {}
    }
}

/// Reports the attributes of imported resources that the spec does not have.
pub fn report_lost_attributes(selection: &ResourceSelection<'_>, evaluator: &mut Evaluator<'_>) {
    let mut with_metadata = Vec::new();
    for imported in &selection.imported {
        for MapEntry { key: name, value, .. } in imported.resource.attributes {
            let path = imported.resource.path.clone().key(name);
            let unsupported = UNSUPPORTED_ATTRIBUTES.iter().find(|(other, ..)| other == name);
            match unsupported {
                Some((_, default, _)) if scalar(value) == Some(default) => {}
                // `protect: true` has the same effect.
                Some((_, "Delete", _))
                    if scalar(value) == Some("Retain") && imported.is_protected() => {}
                Some((name, _, help)) => {
                    let message = format!("a spec does not support `{name}`; it is omitted");
                    evaluator.warn("PV521", Location::Key(path), message, help);
                }
                None if name == "Metadata" => with_metadata.push(path),
                None if KNOWN_ATTRIBUTES.contains(&name.as_str()) => {}
                None => {
                    let message =
                        format!("`{name}` is not an attribute of resources; it is omitted");
                    let help = "move it under `Properties` if it is a property";
                    evaluator.warn("PV521", Location::Key(path), message, help);
                }
            }
        }
        if let Some(depends_on) = imported.resource.attribute("DependsOn") {
            report_lost_order(imported, depends_on, selection, evaluator);
        }
    }
    if let Some(first) = with_metadata.first() {
        let message = match with_metadata.len() {
            1 => "the `Metadata` of this resource is omitted".to_owned(),
            n => format!("the `Metadata` of {n} resources is omitted; this is the first"),
        };
        let note = Diagnostic::note("PV541", Location::Key(first.clone()), message);
        evaluator.diagnostics.push(note.with_help("it does not change what is created"));
    }
}

/// Reports the dependencies that no reference implies.
fn report_lost_order(
    imported: &ImportedResource<'_>,
    depends_on: &Node,
    selection: &ResourceSelection<'_>,
    evaluator: &mut Evaluator<'_>,
) {
    let path = imported.resource.path.clone().key("DependsOn");
    let depends_on = depends_on.follow_alias();
    let dependencies: Vec<(&str, Location)> = match &depends_on.data {
        NodeData::List(items) => {
            let items = items.iter().enumerate();
            items
                .filter_map(|(n, item)| {
                    Some((scalar(item)?, Location::Value(path.clone().index(n))))
                })
                .collect()
        }
        _ => scalar(depends_on).map(|name| (name, Location::Value(path))).into_iter().collect(),
    };
    let implied = transitive_references(imported, selection);
    for (name, location) in dependencies {
        match selection.addresses.get(name) {
            Some(address) if implied.contains(&address.to_string()) => {}
            Some(address) => {
                let message = format!("the order after {address} is lost");
                let help = "in a spec, only references determine the order";
                evaluator.warn("PV522", location, message, help);
            }
            None => {
                let message = format!("the order after `{name}` is lost");
                let help = format!("deploy `{name}` before you apply the spec");
                evaluator.warn("PV522", location, message, &help);
            }
        }
    }
}

/// The addresses of all resources to which a resource refers, directly or not.
fn transitive_references(
    imported: &ImportedResource<'_>,
    selection: &ResourceSelection<'_>,
) -> BTreeSet<String> {
    let mut addresses = BTreeSet::new();
    let mut remaining = vec![imported];
    while let Some(imported) = remaining.pop() {
        imported.properties.for_each_text(&mut |text, _| {
            for placeholder in text.placeholders() {
                let Placeholder::Attribute { address, .. } = placeholder else { continue };
                if addresses.insert(address.to_string()) {
                    let mut imported = selection.imported.iter();
                    remaining.extend(imported.find(|imported| imported.address == *address));
                }
            }
        });
    }
    addresses
}

/// Reports the outputs of the template that a template rendered from the spec does not have, and which of its
/// outputs has the same value.
pub fn report_lost_outputs(selection: &ResourceSelection<'_>, evaluator: &mut Evaluator<'_>) {
    let rendered = rendered_outputs(selection);
    for output in evaluator.template.outputs {
        report_lost_output(output, &rendered, selection, evaluator);
    }
}

fn report_lost_output<'a>(
    output: &'a MapEntry,
    rendered: &BTreeMap<String, RenderedOutput>,
    selection: &ResourceSelection<'_>,
    evaluator: &mut Evaluator<'a>,
) {
    let MapEntry { key: name, value: attributes, .. } = output;
    let attributes = entries(attributes);
    let Some(value) = member(attributes, "Value") else { return };
    let path = DocumentPath::default().key("Outputs").key(name);
    // Errors in outputs do not matter: the spec has none of them.
    let (reported, computed) = (evaluator.diagnostics.len(), evaluator.computed.len());
    let value = evaluator.evaluate(value, &path.clone().key("Value"));
    evaluator.diagnostics.truncate(reported);
    evaluator.computed.truncate(computed);
    let text = value.as_ref().and_then(TemplateValue::as_text).cloned().unwrap_or_default();
    let text = with_attributes_for_ref(&text, selection);
    let is_exported = member(attributes, "Export").is_some();
    let same_value = rendered.iter().filter(|(_, output)| output.value == text);
    let same_value = same_value.min_by_key(|(other, output)| (*other != name, output.is_secret));
    if same_value.is_some_and(|(other, output)| other == name && !output.is_secret) && !is_exported
    {
        return;
    }
    let is_imported = |placeholder: &Placeholder| {
        matches!(target_of(placeholder), PlaceholderTarget::Resource { id, .. }
            if selection.addresses.contains_key(id))
    };
    // An output about other resources stays with them.
    if !is_exported && !text.placeholders().any(is_imported) {
        return;
    }
    let noun = if is_exported { "exported output" } else { "output" };
    let condition = member(attributes, "Condition").and_then(scalar);
    let condition = condition.map(|name| format!(" (condition `{name}`)")).unwrap_or_default();
    let message = format!("the {noun} `{name}`{condition} is omitted");
    let replacement = same_value.map(|(name, output)| match output.is_secret {
        true => format!("`provision render --export-keys` has the same value as `{name}`"),
        false => format!("a rendered template has the same value as `{name}`"),
    });
    let help = match (replacement, is_exported) {
        (Some(replacement), false) => replacement,
        (Some(replacement), true) => {
            format!("other stacks may import it; {replacement}, which is not exported")
        }
        (None, true) => "other stacks may import it: pass them the value by other means".to_owned(),
        (None, false) => "`provision outputs` prints the endpoints and ids of APIs".to_owned(),
    };
    evaluator.warn("PV525", Location::Key(path), message, &help);
}

/// Replaces `Ref` of imported resources by the attribute that it returns.
fn with_attributes_for_ref(text: &Text, selection: &ResourceSelection<'_>) -> Text {
    text.map_placeholders(&mut |placeholder| match target_of(placeholder) {
        PlaceholderTarget::Resource { id, attribute: REF } => {
            let section = selection.addresses.get(id).map(Address::section);
            let kind = KINDS.iter().find(|kind| Some(kind.section) == section);
            let attribute = kind.and_then(|kind| kind.template.ref_attribute);
            resource_placeholder(id, attribute.unwrap_or(REF))
        }
        _ => Text::placeholder(placeholder.clone()),
    })
}

/// An output of a rendered template.
struct RenderedOutput {
    value: Text,
    /// Whether only `--export-keys` adds it.
    is_secret: bool,
}

/// The outputs of a rendered template by name, with the logical ids of this one.
fn rendered_outputs(selection: &ResourceSelection<'_>) -> BTreeMap<String, RenderedOutput> {
    let is_api = |imported: &&ImportedResource<'_>| imported.kind == EVENT_API;
    let has_one_api = selection.imported.iter().filter(is_api).count() == 1;
    let mut outputs = BTreeMap::new();
    for imported in &selection.imported {
        let id = imported.resource.id;
        let prefix = if has_one_api && is_api(&imported) { "" } else { id };
        let kind = imported.kind;
        for (texts, is_secret) in [(kind.outputs, false), (kind.secret_outputs, true)] {
            for (name, text) in texts {
                let value = Text::from_sub(&text.replace("${", &format!("${{Resources/{id}.")));
                outputs.insert(format!("{prefix}{name}"), RenderedOutput { value, is_secret });
            }
        }
    }
    outputs
}
