//! A plan for people: a block for each change, who gains and loses access, and a line that sums up.
use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::TextDiff;

use provision_core::access::{AccessChange, AccessOperation, Direction};
use provision_core::diff::{Change, ChangeAction, ChangeCause};

use crate::render::changes::leaves::{ValueChange, line, value_changes};
use crate::render::changes::view::{PlanView, partial, sign, summary, unmanaged_line, verb_name};

/// A plan for people.
pub fn text(plan: &PlanView<'_>) -> String {
    let mut text = String::new();
    for change in plan.changes {
        text.push_str(&block(change, plan));
    }
    for note in plan.notes {
        text.push_str(&format!("    {}: {}\n", note.address, note.text));
    }
    for resource in plan.unmanaged {
        text.push_str(&format!("  ? {}\n", unmanaged_line(resource, plan.changes)));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let access = access_lines(plan.access);
    if !access.is_empty() {
        let lines = access.iter().map(|access| format!("  {access}\n"));
        text.push_str(&format!("Access:\n{}\n", lines.collect::<String>()));
    }
    if let Some(partial) = partial(plan) {
        text.push_str(&format!("{partial}\n"));
    }
    text.push_str(&summary(plan));
    text.push('\n');
    text
}

/// Who gains and loses what, a line each; an API or a namespace that is new or gone takes one.
pub fn access_lines(changes: &[AccessChange]) -> Vec<String> {
    let apis = changes.iter().map(|change| change.address.root());
    let many = apis.collect::<std::collections::BTreeSet<_>>().len() > 1;
    let mut places: BTreeMap<_, Vec<&AccessChange>> = BTreeMap::new();
    for change in changes {
        places.entry((&change.address, &change.channels)).or_default().push(change);
    }
    let lines = places.into_iter().flat_map(|((address, channels), found)| {
        let place = match (channels, many) {
            (Some(channels), false) => channels.clone(),
            (Some(channels), true) => format!("{} {channels}", address.root()),
            (None, _) => address.to_string(),
        };
        match found.first() {
            Some(AccessChange { whole: true, change: Direction::Lost, .. }) => {
                vec![format!("{place}: gone")]
            }
            Some(AccessChange { whole: true, .. }) => {
                vec![format!("{place}: new: {}", granted(&found))]
            }
            _ => differences(&place, &found),
        }
    });
    lines.collect()
}

fn changes_of<'a>(
    found: &[&'a AccessChange],
    operation: AccessOperation,
    change: Direction,
) -> Vec<&'a str> {
    let these = found.iter().filter(|access_change| {
        access_change.operation == operation && access_change.change == change
    });
    these.map(|change| change.mode.as_str()).collect()
}

const OPERATIONS: [AccessOperation; 3] =
    [AccessOperation::Connect, AccessOperation::Publish, AccessOperation::Subscribe];

fn granted(found: &[&AccessChange]) -> String {
    let parts = OPERATIONS.into_iter().filter_map(|operation| {
        let modes = changes_of(found, operation, Direction::Gained);
        (!modes.is_empty()).then(|| format!("{} by {}", operation.label(), modes.join(", ")))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn differences(place: &str, found: &[&AccessChange]) -> Vec<String> {
    let ways = OPERATIONS.into_iter().flat_map(|operation| {
        [(operation, Direction::Lost, "lost"), (operation, Direction::Gained, "gained")].into_iter()
    });
    let lines = ways.filter_map(|(operation, change, word)| {
        let modes = changes_of(found, operation, change);
        let by = modes.join(", ");
        (!modes.is_empty()).then(|| format!("{place}: {} {word} by {by}", operation.label()))
    });
    lines.collect()
}

fn style(verb: ChangeAction) -> Style {
    let color = match verb {
        ChangeAction::Create => AnsiColor::Green,
        ChangeAction::Update => AnsiColor::Yellow,
        ChangeAction::Replace => AnsiColor::Magenta,
        ChangeAction::Delete => AnsiColor::Red,
    };
    color.on_default()
}

/// What to say of a cause; that the spec asks for it goes without saying.
pub fn cause(change: &Change) -> Option<&'static str> {
    match change.cause {
        ChangeCause::Spec => None,
        ChangeCause::Drift => Some("drift: changed outside this spec"),
        ChangeCause::Renewal => Some("renewal: its end is near"),
    }
}

fn block(change: &Change, plan: &PlanView<'_>) -> String {
    let (sign, style) = (sign(change.verb), style(change.verb));
    let (noun, address, word) = (change.kind.noun, &change.address, verb_name(change.verb));
    let because = cause(change).map(|cause| format!("  ({cause})")).unwrap_or_default();
    let mut block =
        format!("  {style}{sign}{style:#} {address}  {style}{word} {noun}{style:#}{because}\n");
    let stuck: Vec<&str> = change.immutable_changes().collect();
    if !stuck.is_empty() {
        block.push_str(&format!("      AWS can't change {} in place\n", stuck.join(", ")));
    }
    for pair in value_changes(change) {
        match change.verb {
            ChangeAction::Create => block.push_str(&created(&pair)),
            ChangeAction::Update | ChangeAction::Replace => {
                block.push_str(&changed(change, &pair, plan));
            }
            ChangeAction::Delete => {}
        }
    }
    for effect in &change.effects {
        block.push_str(&format!("      {style}!{style:#} {effect}\n"));
    }
    block
}

/// A leaf of what is made.
fn created(pair: &ValueChange) -> String {
    let path = &pair.path;
    match pair.after.as_ref().and_then(Value::as_str) {
        Some(code) if code.contains('\n') => {
            format!("      {path}\n{}", indented(&indented(code)))
        }
        _ => format!("      {path}  {}\n", after(pair)),
    }
}

/// A leaf that differs, before and after, and where the spec says so.
fn changed(change: &Change, pair: &ValueChange, plan: &PlanView<'_>) -> String {
    let path = &pair.path;
    let written = (plan.written)(&change.address, change.kind, path);
    let written = written.map(|(file, line)| format!("  {file}:{line}")).unwrap_or_default();
    match difference(pair) {
        Some(lines) => format!("      {path}{written}\n{}", indented(&lines)),
        None => format!("      {path}  {} → {}{written}\n", before(pair), after(pair)),
    }
}

/// What changed in a text of many lines, line by line; `None`: it is no such text.
pub fn difference(pair: &ValueChange) -> Option<String> {
    let text = |value: &Option<Value>| -> String {
        value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (before, after) = (text(&pair.before), text(&pair.after));
    let many = before.contains('\n') || after.contains('\n');
    many.then(|| TextDiff::from_lines(&before, &after).unified_diff().to_string())
}

pub fn before(pair: &ValueChange) -> String {
    pair.before.as_ref().map_or_else(|| "(none)".to_owned(), line)
}

pub fn after(pair: &ValueChange) -> String {
    let known = pair.after.as_ref().map_or_else(|| "(none)".to_owned(), line);
    if pair.is_open { format!("{known} (known after apply)") } else { known }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}").trim_end().to_owned() + "\n").collect()
}
