//! What is left alone: resources of other services, and what of ours they refer to.
use std::collections::BTreeSet;

use crate::import::call::Call;
use crate::import::evaluate::Evaluator;
use crate::import::ours::Chosen;
use crate::import::sections::Resource;
use provision_core::diagnostic::{At, Diagnostic};
use provision_core::source::tree::{Data, Node};

/// A note for each resource that the spec does not declare.
pub fn alone(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
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
