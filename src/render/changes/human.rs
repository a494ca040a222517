//! Formats a plan for people: a block per change, who gains and loses access, and a summary.
use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::TextDiff;

use provision_core::access::{AccessChange, AccessOperation, Direction};
use provision_core::diff::{Change, ChangeAction, ChangeCause};

use crate::render::changes::leaves::{ValueChange, line, value_changes};
use crate::render::changes::view::{PlanView, partial, sign, summary, unmanaged_line, verb_name};

/// Formats a plan for people.
pub fn text(plan: &PlanView<'_>) -> String {
    let mut text = String::new();
    for change in plan.changes {
        text.push_str(&format_change(change, plan));
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

/// Formats who gains and loses access, one line per operation; a new or deleted API or namespace takes one line.
pub fn access_lines(changes: &[AccessChange]) -> Vec<String> {
    let apis = changes.iter().map(|change| change.address.root());
    let has_several = apis.collect::<std::collections::BTreeSet<_>>().len() > 1;
    let mut places: BTreeMap<_, Vec<&AccessChange>> = BTreeMap::new();
    for change in changes {
        places.entry((&change.address, &change.channels)).or_default().push(change);
    }
    let lines = places.into_iter().flat_map(|((address, channels), changes)| {
        let place = match (channels, has_several) {
            (Some(channels), false) => channels.clone(),
            (Some(channels), true) => format!("{} {channels}", address.root()),
            (None, _) => address.to_string(),
        };
        match changes.first() {
            Some(AccessChange { whole: true, change: Direction::Lost, .. }) => {
                vec![format!("{place} (deleted)")]
            }
            Some(AccessChange { whole: true, .. }) => {
                vec![format!("{place} (new): {}", format_gained(&changes))]
            }
            _ => format_differences(&place, &changes),
        }
    });
    lines.collect()
}

/// Returns the auth modes that gain or lose an operation.
fn modes_with<'a>(
    changes: &[&'a AccessChange],
    operation: AccessOperation,
    direction: Direction,
) -> Vec<&'a str> {
    let selected = changes.iter().filter(|access_change| {
        access_change.operation == operation && access_change.change == direction
    });
    selected.map(|change| change.mode.as_str()).collect()
}

const OPERATIONS: [AccessOperation; 3] =
    [AccessOperation::Connect, AccessOperation::Publish, AccessOperation::Subscribe];

fn format_gained(changes: &[&AccessChange]) -> String {
    let parts = OPERATIONS.into_iter().filter_map(|operation| {
        let modes = modes_with(changes, operation, Direction::Gained);
        (!modes.is_empty()).then(|| format!("{} by {}", operation.label(), modes.join(", ")))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn format_differences(place: &str, changes: &[&AccessChange]) -> Vec<String> {
    let directions = OPERATIONS.into_iter().flat_map(|operation| {
        [(operation, Direction::Lost, "lost"), (operation, Direction::Gained, "gained")].into_iter()
    });
    let lines = directions.filter_map(|(operation, direction, word)| {
        let modes = modes_with(changes, operation, direction);
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

/// Returns the text of a cause; `None` for a change of the spec, the usual cause.
pub fn cause_text(change: &Change) -> Option<&'static str> {
    match change.cause {
        ChangeCause::Spec => None,
        ChangeCause::Drift => Some("drift: changed outside this spec"),
        ChangeCause::Renewal => Some("renewal: it is about to expire"),
    }
}

fn format_change(change: &Change, plan: &PlanView<'_>) -> String {
    let (sign, style) = (sign(change.verb), style(change.verb));
    let (noun, address, word) = (change.kind.noun, &change.address, verb_name(change.verb));
    let because = cause_text(change).map(|cause| format!("  ({cause})")).unwrap_or_default();
    let mut block =
        format!("  {style}{sign}{style:#} {address}  {style}{word} {noun}{style:#}{because}\n");
    let immutable: Vec<&str> = change.immutable_changes().collect();
    if !immutable.is_empty() {
        block.push_str(&format!("      AWS cannot change {} in place\n", immutable.join(", ")));
    }
    for pair in value_changes(change) {
        match change.verb {
            ChangeAction::Create => block.push_str(&format_new_value(&pair)),
            ChangeAction::Update | ChangeAction::Replace => {
                block.push_str(&format_value_difference(change, &pair, plan));
            }
            ChangeAction::Delete => {}
        }
    }
    for effect in &change.effects {
        block.push_str(&format!("      {style}!{style:#} {effect}\n"));
    }
    block
}

/// Formats a value of a new resource.
fn format_new_value(pair: &ValueChange) -> String {
    let path = &pair.path;
    match pair.after.as_ref().and_then(Value::as_str) {
        Some(code) if code.contains('\n') => {
            format!("      {path}\n{}", indent(&indent(code)))
        }
        _ => format!("      {path}  {}\n", format_after(pair)),
    }
}

/// Formats a value that differs: before, after, and its line in the spec.
fn format_value_difference(change: &Change, pair: &ValueChange, plan: &PlanView<'_>) -> String {
    let path = &pair.path;
    let line = (plan.find_spec_line)(&change.address, change.kind, path);
    let location = line.map(|(file, line)| format!("  {file}:{line}")).unwrap_or_default();
    match text_diff(pair) {
        Some(lines) => format!("      {path}{location}\n{}", indent(&lines)),
        None => {
            format!("      {path}  {} → {}{location}\n", format_before(pair), format_after(pair))
        }
    }
}

/// Returns the diff of a text of several lines; `None` for other values.
pub fn text_diff(pair: &ValueChange) -> Option<String> {
    let text = |value: &Option<Value>| -> String {
        value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (before, after) = (text(&pair.before), text(&pair.after));
    let has_lines = before.contains('\n') || after.contains('\n');
    has_lines.then(|| TextDiff::from_lines(&before, &after).unified_diff().to_string())
}

pub fn format_before(pair: &ValueChange) -> String {
    pair.before.as_ref().map_or_else(|| "(none)".to_owned(), line)
}

pub fn format_after(pair: &ValueChange) -> String {
    let text = pair.after.as_ref().map_or_else(|| "(none)".to_owned(), line);
    if pair.is_unresolved { format!("{text} (known after apply)") } else { text }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("      {line}").trim_end().to_owned() + "\n").collect()
}
