//! A plan, for people and for programs.
mod shown;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use crate::diff::{Change, Field, Verb};
use crate::kind::{Facts, Stranger};
use crate::policy::Refusal;

use shown::{leaves, line, shown};

/// What a plan is about.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan<'a> {
    /// The version of this document: 1.
    pub version: u32,
    pub stack: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    /// What would be changed, by address.
    pub changes: &'a [Change],
    /// What hangs on this stack's APIs and is not this stack's.
    #[schemars(with = "Vec<Value>")]
    pub strangers: &'a [Stranger],
    /// What a safety rule forbids.
    #[schemars(with = "Vec<Value>")]
    pub refused: &'a [Refusal],
}

/// A plan for people: a block for each change, and a line that sums up.
pub fn text(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    for change in plan.changes {
        text.push_str(&block(change));
    }
    for stranger in plan.strangers {
        let parent = stranger.parent.as_ref().map(|it| format!("{it}: ")).unwrap_or_default();
        let gone = |it: &&Change| {
            matches!(it.verb, Verb::Delete | Verb::Replace)
                && stranger.parent.as_ref() == Some(&it.address)
        };
        let fate = match plan.changes.iter().find(gone) {
            Some(_) => "would go with what it hangs on",
            None => "not touched",
        };
        text.push_str(&format!("  ? {parent}{stranger}: {}, {fate}\n", stranger.owner));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&summary(plan.changes));
    text.push('\n');
    text
}

/// `Plan: 4 to create, 1 to update.`
pub fn summary(changes: &[Change]) -> String {
    let count = |verb| changes.iter().filter(|change| change.verb == verb).count();
    let verbs = [Verb::Create, Verb::Update, Verb::Replace, Verb::Delete];
    let parts: Vec<String> = verbs
        .into_iter()
        .filter(|verb| count(*verb) > 0)
        .map(|verb| format!("{} to {}", count(verb), look(verb).word))
        .collect();
    match parts.as_slice() {
        [] => "No changes: AWS has what the spec says.".to_owned(),
        parts => format!("Plan: {}.", parts.join(", ")),
    }
}

struct Look {
    sign: &'static str,
    word: &'static str,
    style: Style,
}

fn look(verb: Verb) -> Look {
    let (sign, word, color) = match verb {
        Verb::Create => ("+", "create", AnsiColor::Green),
        Verb::Update => ("~", "update", AnsiColor::Yellow),
        Verb::Replace => ("±", "replace", AnsiColor::Magenta),
        Verb::Delete => ("-", "delete", AnsiColor::Red),
    };
    Look { sign, word, style: color.on_default() }
}

fn block(change: &Change) -> String {
    let Look { sign, word, style } = look(change.verb);
    let (noun, address) = (change.kind.noun, &change.address);
    let mut block = format!("  {style}{sign}{style:#} {address}  {style}{word} {noun}{style:#}\n");
    match change.verb {
        Verb::Create => block.push_str(&created(change)),
        Verb::Delete => {}
        Verb::Update => block.push_str(&changed(change)),
        Verb::Replace => {
            let stuck =
                change.fields.iter().filter(|it| change.kind.immutable.contains(&&*it.name));
            let stuck: Vec<&str> = stuck.map(|it| it.name.as_str()).collect();
            block.push_str(&format!("      AWS can't change {} in place\n", stuck.join(", ")));
            block.push_str(&changed(change));
        }
    }
    block
}

/// All of what is made, leaf by leaf.
fn created(change: &Change) -> String {
    let mut text = String::new();
    for field in change.fields.iter().filter(|it| !is_link(change.kind, it)) {
        let Some(value) = &field.after else { continue };
        for (path, value) in leaves(&field.name, &shown(change.kind, &field.name, value)) {
            text.push_str(&match value.as_str() {
                Some(code) if code.contains('\n') => {
                    format!("      {path}\n{}", indented(&indented(code)))
                }
                _ => format!("      {path}  {}\n", line(&value)),
            });
        }
    }
    text
}

/// What only says on which API it hangs; the address says so already.
fn is_link(kind: &Facts, field: &Field) -> bool {
    kind.parent.is_some() && field.name == "ApiId"
}

/// What differs, leaf by leaf, before and after.
fn changed(change: &Change) -> String {
    let mut text = String::new();
    for field in &change.fields {
        for (path, before, after) in pairs(change.kind, field) {
            text.push_str(&pair(&path, before.as_ref(), after.as_ref()));
        }
    }
    text
}

type Pair = (String, Option<Value>, Option<Value>);

fn pairs(kind: &Facts, field: &Field) -> Vec<Pair> {
    let side = |value: &Option<Value>| {
        value
            .as_ref()
            .map(|it| leaves(&field.name, &shown(kind, &field.name, it)))
            .unwrap_or_default()
    };
    let (before, after) = (side(&field.before), side(&field.after));
    let of = |side: &[(String, Value)], path: &str| {
        side.iter().find(|(it, _)| it == path).map(|(_, value)| value.clone())
    };
    let gone = before.iter().filter(|(path, _)| of(&after, path).is_none());
    let paths = gone.chain(&after).map(|(path, _)| path.clone());
    let pair = |path: String| (path.clone(), of(&before, &path), of(&after, &path));
    paths.map(pair).filter(|(_, before, after)| before != after).collect()
}

fn pair(path: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let many =
        |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|it| it.contains('\n'));
    if many(before) || many(after) {
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let (before, after) = (text(before), text(after));
        let diff = TextDiff::from_lines(&before, &after);
        return format!("      {path}\n{}", indented(&diff.unified_diff().to_string()));
    }
    let side = |value: Option<&Value>| value.map_or_else(|| "(none)".to_owned(), line);
    format!("      {path}  {} → {}\n", side(before), side(after))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}").trim_end().to_owned() + "\n").collect()
}
