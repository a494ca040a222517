//! What is left alone and what is lost: resources of other services, what stands beside a resource's
//! properties, outputs.
use std::collections::{BTreeMap, BTreeSet};

use crate::import::evaluate::Evaluator;
use crate::import::intrinsic::Call;
use crate::import::resources::{Chosen, Ours};
use crate::import::template::{Resource, map, word};
use crate::import::value::{Part, REF, Stands, of_resource, stands_for};
use provision_core::address::Address;
use provision_core::diagnostic::{At, Diagnostic, Path};
use provision_core::source::tree::{Data, Entry, Node};
use provision_core::text::{Hole, Text};

/// A note for each resource that the spec does not declare.
pub fn ignored(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
    for resource in &chosen.left {
        let used = uses(resource, chosen);
        let roles = |id: &&str| chosen.addresses[*id].section() == "logRoles";
        if let Some(role) = used.iter().copied().find(roles).filter(|_| is_policy(resource)) {
            let message =
                format!("what `{}` lets {} do is lost", resource.id, chosen.addresses[role]);
            let at = At::Key(resource.at.clone());
            let help = "write its document under the role's `policies:`";
            evaluator.warn("PV528", at, message, help);
            continue;
        }
        let message = format!("`{}` is left alone: {}", resource.id, resource.type_name);
        let note = Diagnostic::note("PV540", At::Key(resource.at.clone()), message);
        evaluator.findings.push(match used.is_empty() {
            true => note,
            false => {
                let used: Vec<String> =
                    used.iter().map(|id| chosen.addresses[*id].to_string()).collect();
                note.with_help(format!(
                    "it refers to {}: give it what `provision outputs` tells",
                    used.join(", ")
                ))
            }
        });
    }
}

fn is_policy(resource: &Resource<'_>) -> bool {
    matches!(
        resource.type_name,
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::RolePolicy"
    )
}

/// The logical ids of ours that a resource refers to.
fn uses<'c>(resource: &Resource<'_>, chosen: &'c Chosen<'_>) -> BTreeSet<&'c str> {
    let mut named = BTreeSet::new();
    for member in resource.members {
        names(&member.value, &mut named);
    }
    chosen.addresses.keys().copied().filter(|id| named.contains(*id)).collect()
}

/// Whatever a node's calls may name.
fn names<'a>(node: &'a Node, found: &mut BTreeSet<&'a str>) {
    let node = node.resolve();
    if let Some(call) = Call::of(node, &Default::default()) {
        match (call.function.as_str(), call.data()) {
            ("Ref" | "Fn::GetAtt", Some(Data::Scalar { text, .. })) => {
                found.insert(text.split('.').next().unwrap_or_default());
            }
            ("Fn::GetAtt", Some(Data::List(items))) => {
                if let Some(Data::Scalar { text, .. }) = items.first().map(|it| &it.data) {
                    found.insert(text);
                }
            }
            ("Fn::Sub", Some(Data::Scalar { text, .. })) => in_text(text, found),
            ("Fn::Sub", Some(Data::List(items))) => {
                if let Some(Data::Scalar { text, .. }) = items.first().map(|it| &it.data) {
                    in_text(text, found);
                }
            }
            _ => {}
        }
    }
    match &node.data {
        Data::List(items) => items.iter().for_each(|it| names(it, found)),
        Data::Map(entries) => entries.iter().for_each(|it| names(&it.value, found)),
        _ => {}
    }
}

fn in_text<'a>(text: &'a str, found: &mut BTreeSet<&'a str>) {
    for part in text.split("${").skip(1) {
        let inside = part.split('}').next().unwrap_or_default();
        found.insert(inside.split('.').next().unwrap_or_default().trim());
    }
}

/// Members that a spec can't say, with what to do. What AWS does by itself is no loss.
const UNSAYABLE: &[(&str, &str, &str)] = &[
    ("DeletionPolicy", "Delete", "a destroy deletes everything; take it out of the spec before"),
    ("UpdateReplacePolicy", "Delete", "a plan shows what is replaced before it is"),
    ("CreationPolicy", "", "nothing waits for signals"),
    ("UpdatePolicy", "", "nothing waits for signals"),
];
const KNOWN: &[&str] = &["Type", "Properties", "Condition", "DependsOn", "Metadata"];

/// Says what is lost of the members of ours.
pub fn lost_attributes(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
    let mut with_metadata = Vec::new();
    for ours in &chosen.ours {
        for member in ours.resource.members {
            let at = ours.resource.at.clone().key(&member.key);
            let known = UNSAYABLE.iter().find(|(name, ..)| *name == member.key);
            match known {
                Some((_, by_itself, _)) if word(&member.value) == Some(by_itself) => {}
                // That is what `protect: true` says.
                Some((_, "Delete", _))
                    if word(&member.value) == Some("Retain") && ours.is_protected() => {}
                Some((name, _, help)) => {
                    let message = format!("a spec can't say `{name}`, so it is lost");
                    evaluator.warn("PV521", At::Key(at), message, help);
                }
                None if member.key == "Metadata" => with_metadata.push(at),
                None if KNOWN.contains(&member.key.as_str()) => {}
                None => {
                    let message = format!("a resource has no `{}`, so it is left out", member.key);
                    let help = "properties stand under `Properties`";
                    evaluator.warn("PV521", At::Key(at), message, help);
                }
            }
        }
        if let Some(depends) = ours.resource.member("DependsOn") {
            order(ours, depends, chosen, evaluator);
        }
    }
    if let Some(first) = with_metadata.first() {
        let message = match with_metadata.len() {
            1 => "this resource's `Metadata` is left out".to_owned(),
            n => format!("the `Metadata` of {n} resources is left out; this is the first"),
        };
        let note = Diagnostic::note("PV541", At::Key(first.clone()), message);
        evaluator.findings.push(note.with_help("it changes nothing that is made"));
    }
}

/// Says of an order that no reference says already that it is lost.
fn order(ours: &Ours<'_>, depends: &Node, chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
    let at = ours.resource.at.clone().key("DependsOn");
    let depends = depends.resolve();
    let names: Vec<(&str, At)> = match &depends.data {
        Data::List(items) => items
            .iter()
            .enumerate()
            .filter_map(|(n, it)| Some((word(it)?, At::Value(at.clone().index(n)))))
            .collect(),
        _ => word(depends).map(|it| (it, At::Value(at.clone()))).into_iter().collect(),
    };
    let after = comes_after(ours, chosen);
    for (name, at) in names {
        let known = chosen.addresses.get(name);
        if known.is_some_and(|it| after.contains(&it.to_string())) {
            continue;
        }
        let message = match known {
            Some(address) => format!("that this comes after {address} is lost"),
            None => format!("that this comes after `{name}` is lost"),
        };
        let help = match known {
            Some(_) => {
                "what refers to something comes after it; nothing else of a spec's must wait"
            }
            None => "deploy what makes that before you apply the spec",
        };
        evaluator.warn("PV522", at, message, help);
    }
}

/// The addresses of everything that the references of `ours` wait for.
fn comes_after(ours: &Ours<'_>, chosen: &Chosen<'_>) -> BTreeSet<String> {
    let mut after = BTreeSet::new();
    let mut next = vec![ours];
    while let Some(ours) = next.pop() {
        let mut properties = ours.properties.clone();
        properties.each_text(&mut |text, _| {
            for hole in text.holes() {
                let Hole::Attribute { address, .. } = hole else { continue };
                if after.insert(address.to_string()) {
                    next.extend(chosen.ours.iter().find(|it| it.address == *address));
                }
            }
        });
    }
    after
}

/// Says which outputs are lost, and what a rendered template has in their place.
pub fn lost_outputs(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
    let made = made(chosen);
    for entry in evaluator.template.outputs {
        output(entry, &made, chosen, evaluator);
    }
}

fn output<'a>(
    entry: &'a Entry,
    made: &BTreeMap<String, Made>,
    chosen: &Chosen<'_>,
    evaluator: &mut Evaluator<'a>,
) {
    let at = Path::default().key("Outputs").key(&entry.key);
    let members = map(&entry.value);
    let Some(value) = members.iter().find(|it| it.key == "Value") else { return };
    // What is wrong with an output says nothing of what is made.
    let (findings, computed) = (evaluator.findings.len(), evaluator.computed.len());
    let part = evaluator.evaluate(&value.value, &at.clone().key("Value"));
    evaluator.findings.truncate(findings);
    evaluator.computed.truncate(computed);
    let text = part.as_ref().and_then(Part::as_text).cloned().unwrap_or_default();
    let text = usual(&text, chosen);
    let exported = members.iter().any(|it| it.key == "Export");
    let same = made.iter().filter(|(_, it)| it.value == text);
    let same = same.min_by_key(|(name, it)| (**name != entry.key, it.secret));
    if same.is_some_and(|(name, it)| *name == entry.key && !it.secret) && !exported {
        return;
    }
    let refers = |hole: &Hole| matches!(stands_for(hole), Stands::Resource { id, .. } if chosen.addresses.contains_key(id));
    // What says nothing of ours stays with what it is about.
    if !exported && !text.holes().any(refers) {
        return;
    }
    let condition = members.iter().find(|it| it.key == "Condition").and_then(|it| word(&it.value));
    let kind = if exported { "exported output" } else { "output" };
    let message = match condition {
        Some(condition) => {
            format!("the {kind} `{}`, under the condition `{condition}`, is lost", entry.key)
        }
        None => format!("the {kind} `{}` is lost", entry.key),
    };
    let instead = same.map(|(name, it)| match it.secret {
        true => format!("`provision render --export-keys` has `{name}` for it"),
        false => format!("a template that is rendered from the spec has `{name}` for it"),
    });
    let help = match (instead, exported) {
        (Some(instead), false) => instead,
        (Some(instead), true) => format!("other stacks may import it; {instead}, not exported"),
        (None, true) => "other stacks may import it: give them the value by other means".to_owned(),
        (None, false) => "`provision outputs` tells what can be had of the spec's APIs".to_owned(),
    };
    evaluator.warn("PV525", At::Key(at), message, &help);
}

/// `Ref` in the words of `Fn::GetAtt`.
fn usual(text: &Text, chosen: &Chosen<'_>) -> Text {
    text.replaced(&mut |hole| match stands_for(hole) {
        Stands::Resource { id, attribute: REF } => {
            let attribute = match chosen.addresses.get(id).map(Address::section) {
                Some("apis") => "ApiArn",
                Some("domains") => "DomainName",
                _ => REF,
            };
            of_resource(id, attribute)
        }
        _ => Text::open(hole.clone()),
    })
}

/// An output of a rendered template.
struct Made {
    value: Text,
    /// Whether it is there only with `--export-keys`.
    secret: bool,
}

/// The outputs of a rendered template, in the words of this one.
fn made(chosen: &Chosen<'_>) -> BTreeMap<String, Made> {
    let is_api = |it: &&Ours<'_>| it.row.section == "apis";
    let alone = chosen.ours.iter().filter(is_api).count() == 1;
    let mut made = BTreeMap::new();
    for ours in &chosen.ours {
        let prefix = if alone && is_api(&ours) { "" } else { ours.id };
        let facts = ours.row;
        for (list, secret) in [(facts.outputs, false), (facts.secret_outputs, true)] {
            for (name, text) in list {
                let own = format!("${{Resources/{}.", ours.id);
                let value = Text::from_sub(&text.replace("${", &own));
                made.insert(format!("{prefix}{name}"), Made { value, secret });
            }
        }
    }
    made
}
