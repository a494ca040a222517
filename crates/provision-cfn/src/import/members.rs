//! What stands beside a resource's properties: policies of deletion, metadata, an order.
use std::collections::BTreeSet;

use crate::import::evaluate::Evaluator;
use crate::import::ours::{Chosen, Ours};
use crate::import::sections::word;
use provision_core::diagnostic::{At, Diagnostic};
use provision_core::source::tree::{Data, Node};
use provision_core::text::Hole;

/// Members that a spec can't say, with what to do. What AWS does by itself is no loss.
const UNSAYABLE: &[(&str, &str, &str)] = &[
    ("DeletionPolicy", "Delete", "a destroy deletes everything; take it out of the spec before"),
    ("UpdateReplacePolicy", "Delete", "a plan shows what is replaced before it is"),
    ("CreationPolicy", "", "nothing waits for signals"),
    ("UpdatePolicy", "", "nothing waits for signals"),
];
const KNOWN: &[&str] = &["Type", "Properties", "Condition", "DependsOn", "Metadata"];

/// Says what is lost of the members of ours.
pub fn lost(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
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
