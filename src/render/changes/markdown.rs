//! Formats a plan as a pull request comment: limited in size, with every text escaped.
use provision_core::diff::{Change, ChangeAction};

use crate::render::changes::human::{
    access_lines, cause_text, format_after, format_before, text_diff,
};
use crate::render::changes::leaves::value_changes;
use crate::render::changes::view::{PlanView, partial, sign, summary, unmanaged_line, verb_name};

/// GitHub allows 65,536 characters in a comment; the difference is for the note on omitted parts and for text that a
/// pipeline adds.
const BYTES_MAX: usize = 60_000;
/// The limit of one change, so that a new code file does not displace all other changes.
const DETAIL_MAX: usize = 12_000;

/// Formats a plan as a comment. The first line is the same for every plan of a stack, so that a pipeline can find and
/// replace its comment.
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
        "Blocked",
        plan.violations.iter().map(|violation| {
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
        "Unmanaged resources",
        plan.unmanaged.iter().map(|resource| unmanaged_line(resource, plan.changes)),
    );
    page.push("\n");
    page.push_while_fits(plan.changes.iter().map(|change| detail(change, plan)));
    page.finish()
}

#[derive(Default)]
struct LimitedPage {
    text: String,
    omitted: usize,
}

impl LimitedPage {
    /// Adds text that is short and required.
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// Adds as many parts as fit, and counts the others.
    fn push_while_fits(&mut self, parts: impl Iterator<Item = String>) {
        for part in parts {
            match self.text.len() + part.len() <= BYTES_MAX {
                true => self.text.push_str(&part),
                false => self.omitted += 1,
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
        let Self { mut text, omitted } = self;
        if omitted > 0 {
            text.push_str(&format!(
                "\n_{omitted} parts are omitted because of the size limit; `provision plan` shows the whole plan._\n"
            ));
        }
        text
    }
}

fn row(change: &Change) -> String {
    let (address, noun) = (code(change.address.as_str()), change.kind.noun);
    let because = cause_text(change).unwrap_or("the spec");
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
        let location = (plan.find_spec_line)(&change.address, change.kind, path)
            .map(|(file, line)| format!("  {file}:{line}"))
            .filter(|_| matches!(change.verb, ChangeAction::Update | ChangeAction::Replace))
            .unwrap_or_default();
        if let Some(difference) = text_diff(&pair) {
            lines.push_str(&format!("@@ {path}{location} @@\n"));
            let body = difference.lines().skip(if difference.starts_with("---") { 2 } else { 0 });
            body.for_each(|body| lines.push_str(&format!("{body}\n")));
            continue;
        }
        if pair.before.is_some() {
            lines.push_str(&format!("- {path}  {}\n", format_before(&pair)));
        }
        if pair.after.is_some() {
            lines.push_str(&format!("+ {path}  {}{location}\n", format_after(&pair)));
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

/// Truncates `text` to about `most` bytes.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most);
    format!("{}… ({} more bytes)", &text[..end], text.len() - end)
}

/// Formats text as a code span, so that nothing in it is interpreted as Markdown, a mention or HTML.
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

/// Removes Markdown's special characters from the program's own text.
fn escaped(text: &str) -> String {
    text.replace(['*', '_', '<', '>', '`'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_code_span() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a\nb"), "`a b`");
    }
}
