//! Tags: a spec has the same on everything that takes tags.
use std::collections::BTreeMap;

use schemars::SchemaGenerator;

use crate::import::evaluate::Evaluator;
use crate::import::ours::{Chosen, Ours};
use crate::import::value::Part;
use provision_core::diagnostic::{At, Path};
use provision_core::mark::PROTECT_TAG;
use provision_core::text::Text;

/// The tags that everything has which takes tags. All others are findings.
pub fn common(chosen: &Chosen<'_>, evaluator: &mut Evaluator<'_>) -> BTreeMap<String, Text> {
    let each: Vec<(&Ours<'_>, Vec<Tag>)> = chosen
        .ours
        .iter()
        .filter(|it| takes_tags(it))
        .map(|it| (it, tags(it, evaluator)))
        .map(|(it, tags)| {
            // That one is said by `protect: true`.
            let said = |tag: &Tag| tag.key == PROTECT_TAG && it.row.section == "apis";
            (it, tags.into_iter().filter(|tag| !said(tag)).collect())
        })
        .collect();
    let mut common: Option<BTreeMap<String, Text>> = None;
    for (_, tags) in &each {
        let own: BTreeMap<String, Text> =
            tags.iter().map(|it| (it.key.clone(), it.value.clone())).collect();
        common = Some(match common {
            None => own,
            Some(mut common) => {
                common.retain(|key, value| own.get(key) == Some(value));
                common
            }
        });
    }
    let common = common.unwrap_or_default();
    for Tag { key, value, at } in each.iter().flat_map(|(_, tags)| tags) {
        if common.get(key) != Some(value) {
            let message =
                format!("the tag `{key}` is not on everything that takes tags, so it is lost");
            let help = "a spec's tags are on all of it: give it to all of them, under `tags:`";
            evaluator.warn("PV523", At::Value(at.clone()), message, help);
        }
    }
    common
}

struct Tag {
    key: String,
    value: Text,
    at: Path,
}

fn takes_tags(ours: &Ours<'_>) -> bool {
    let schema = (ours.row.properties)(&mut SchemaGenerator::default());
    schema.get("properties").is_some_and(|it| it.get("Tags").is_some())
}

fn tags(ours: &Ours<'_>, evaluator: &mut Evaluator<'_>) -> Vec<Tag> {
    let Some(tags) = ours.properties.get("Tags") else { return Vec::new() };
    let mut read = Vec::new();
    for part in tags.as_list().unwrap_or(std::slice::from_ref(tags)) {
        let key = part.get("Key").and_then(Part::as_text);
        let key = key.and_then(|it| evaluator.values.fill(it).text.as_plain().map(str::to_owned));
        let value = part.get("Value").and_then(Part::as_text).cloned();
        match key {
            Some(key) if part.entries().iter().all(|(it, _)| it == "Key" || it == "Value") => {
                read.push(Tag { key, value: value.unwrap_or_default(), at: part.at.clone() });
            }
            _ => {
                let message = "this is no tag of AppSync's or IAM's".to_owned();
                let help = "it is left out; write `- { Key: team, Value: realtime }`";
                evaluator.warn("PV510", At::Value(part.at.clone()), message, help);
            }
        }
    }
    read
}
