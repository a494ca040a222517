//! A template's outputs: a spec has none of its own, and a rendered template has the ones of its kinds.
use std::collections::BTreeMap;

use crate::import::evaluate::Evaluator;
use crate::import::ours::{Chosen, Ours};
use crate::import::sections::{map, word};
use crate::import::value::{Part, REF, Stands, of_resource, stands_for};
use provision_core::address::Address;
use provision_core::diagnostic::{At, Path};
use provision_core::source::tree::Entry;
use provision_core::text::{Hole, Text};

/// Says which outputs are lost, and what a rendered template has in their place.
pub fn lost(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) {
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
        for (list, secret) in [(facts.outputs, false), (facts.secrets, true)] {
            for (name, text) in list {
                let own = format!("${{Resources/{}.", ours.id);
                let value = Text::from_sub(&text.replace("${", &own));
                made.insert(format!("{prefix}{name}"), Made { value, secret });
            }
        }
    }
    made
}
