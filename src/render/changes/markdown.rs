//! A plan for a pull request: bounded in size, and no text in it gets out of its place.
use provision_core::diff::{Change, ChangeAction};

use crate::render::changes::human::{access_lines, after, before, cause, difference};
use crate::render::changes::leaves::value_changes;
use crate::render::changes::view::{PlanView, partial, sign, summary, unmanaged_line, verb_name};

/// GitHub takes 65,536 characters in a comment; the rest is for the note of what was left out, and for
/// what a pipeline puts around it.
const BYTES_MAX: usize = 60_000;
/// A code file that is new in one namespace must not push out all other changes.
const DETAIL_MAX: usize = 12_000;

/// A plan as a comment. Its first line is the same for each plan of a stack, so that a pipeline finds
/// the comment that it wrote before.
pub fn markdown(plan: &PlanView<'_>) -> String {
    let mut page = LimitedPage::default();
    let stack = plan.stack.replace(['<', '>'], "");
    page.push(&format!(
        "<!-- provision plan {stack} -->\n### Plan of stack {}\n\n",
        code(plan.stack)
    ));
    let site = format!("account {}, region {}", code(plan.account), code(plan.region));
    page.push(&format!("{site}\n\n**{}**\n", escaped(&summary(plan))));
    if let Some(partial) = partial(plan) {
        page.push(&format!("\n{}\n", code(&cut(&partial, 2_000))));
    }
    page.list(
        "Refused",
        plan.refused.iter().map(|violation| {
            let address = violation
                .address
                .as_ref()
                .map(|address| format!("{address}: "))
                .unwrap_or_default();
            format!("{address}{}; {}", violation.reason, violation.help)
        }),
    );
    if !plan.changes.is_empty() {
        page.push("\n| | address | what | because |\n|---|---|---|---|\n");
        page.push_while_fits(plan.changes.iter().map(row));
    }
    page.list("Later", plan.notes.iter().map(|note| format!("{}: {}", note.address, note.text)));
    page.list("Access", access_lines(plan.access).into_iter());
    page.list(
        "Not this stack's",
        plan.unmanaged.iter().map(|resource| unmanaged_line(resource, plan.changes)),
    );
    page.push("\n");
    page.push_while_fits(plan.changes.iter().map(|change| detail(change, plan)));
    page.finish()
}

#[derive(Default)]
struct LimitedPage {
    text: String,
    left_out: usize,
}

impl LimitedPage {
    /// What is short and must be there.
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// As many as there is room for.
    fn push_while_fits(&mut self, parts: impl Iterator<Item = String>) {
        for part in parts {
            match self.text.len() + part.len() <= BYTES_MAX {
                true => self.text.push_str(&part),
                false => self.left_out += 1,
            }
        }
    }
    fn list(&mut self, title: &str, items: impl Iterator<Item = String>) {
        let items: Vec<String> =
            items.map(|item| format!("- {}\n", code(&cut(&item, 2_000)))).collect();
        if !items.is_empty() {
            self.push(&format!("\n#### {title}\n\n"));
            self.push_while_fits(items.into_iter());
        }
    }
    fn finish(self) -> String {
        let Self { mut text, left_out } = self;
        if left_out > 0 {
            text.push_str(&format!(
                "\n_{left_out} parts did not fit in here; `provision plan` shows all of it._\n"
            ));
        }
        text
    }
}

fn row(change: &Change) -> String {
    let (address, noun) = (code(change.address.as_str()), change.kind.noun);
    let because = cause(change).unwrap_or("the spec");
    let cell = |text: &str| text.replace('|', "\\|");
    format!(
        "| {} | {} | {} {noun} | {because} |\n",
        code(sign(change.verb)),
        cell(&address),
        verb_name(change.verb)
    )
}

fn detail(change: &Change, plan: &PlanView<'_>) -> String {
    let mut lines = String::new();
    for pair in value_changes(change) {
        let path = &pair.path;
        let written = (plan.written)(&change.address, change.kind, path)
            .map(|(file, line)| format!("  {file}:{line}"))
            .filter(|_| matches!(change.verb, ChangeAction::Update | ChangeAction::Replace))
            .unwrap_or_default();
        if let Some(difference) = difference(&pair) {
            lines.push_str(&format!("@@ {path}{written} @@\n"));
            let body = difference.lines().skip(if difference.starts_with("---") { 2 } else { 0 });
            body.for_each(|body| lines.push_str(&format!("{body}\n")));
            continue;
        }
        if pair.before.is_some() {
            lines.push_str(&format!("- {path}  {}\n", before(&pair)));
        }
        if pair.after.is_some() {
            lines.push_str(&format!("+ {path}  {}{written}\n", after(&pair)));
        }
    }
    for effect in &change.effects {
        lines.push_str(&format!("! {effect}\n"));
    }
    if lines.is_empty() {
        return String::new();
    }
    let mut shown = cut(&lines, DETAIL_MAX);
    if !shown.ends_with('\n') {
        shown.push('\n');
    }
    let fence = "`".repeat(longest_run(&shown).max(2) + 1);
    let title =
        html(&format!("{}: {} {}", change.address, verb_name(change.verb), change.kind.noun));
    format!("<details><summary>{title}</summary>\n\n{fence}diff\n{shown}{fence}\n\n</details>\n")
}

/// As much of `text` as is shown.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most);
    format!("{}… ({} more bytes)", &text[..end], text.len() - end)
}

/// Text as code in a line: nothing in it is read as Markdown, a mention or HTML.
fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let ticks = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "&#64;")
}

/// Our own words, whose apostrophes and dashes are no Markdown.
fn escaped(text: &str) -> String {
    text.replace(['*', '_', '<', '>', '`'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_whatever_is_in_it() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a\nb"), "`a b`");
    }
}
