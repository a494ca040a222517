//! Formats the page of a diagnostic, for a terminal and as Markdown.
use provision_core::explain::{Example, ExampleKind, Page, PagePart};

/// The width of lines in a terminal.
const WIDTH: usize = 100;

/// Formats a page for a terminal, with a bold heading and indented examples.
pub fn text(page: &Page) -> String {
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}{}: {}{bold:#}\n", page.code, page.title);
    for part in page.parts() {
        text.push('\n');
        match part {
            PagePart::Prose(prose) => {
                let prose = with_links(prose, |label, target| match repository_path(target) {
                    Some(path) => format!("{label} ({path})"),
                    None => format!("{label} <{target}>"),
                });
                let paragraphs: Vec<String> = prose.split("\n\n").map(wrap).collect();
                text.push_str(&paragraphs.join("\n"));
            }
            PagePart::Example(Example { kind: shows, text: example, .. }) => {
                let title = match shows {
                    ExampleKind::Wrong => "Wrong",
                    ExampleKind::Right => "Right",
                    ExampleKind::Template => "For example",
                };
                text.push_str(&format!("{bold}{title}{bold:#}\n\n"));
                for line in example.lines() {
                    text.push_str(format!("    {line}").trim_end());
                    text.push('\n');
                }
            }
        }
    }
    text
}

/// Wraps a paragraph; keeps the lines of a list or a table.
fn wrap(paragraph: &str) -> String {
    if paragraph.lines().any(|line| line.starts_with(['-', '|'])) {
        return format!("{paragraph}\n");
    }
    let (mut text, mut column) = (String::new(), 0);
    for word in paragraph.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text + "\n"
}

/// Formats a page as Markdown.
pub fn markdown(page: &Page) -> String {
    format!("## {}: {}\n\n{}\n", page.code, page.title, body(page))
}

/// Returns the body of a page as Markdown for readers outside the repository: links to its files become paths.
pub fn body(page: &Page) -> String {
    with_links(page.markdown, |label, target| match repository_path(target) {
        Some(path) => format!("{label} (`{path}`)"),
        None => format!("[{label}]({target})"),
    })
}

/// Replaces every link of Markdown by the result of `show` for its label and target.
fn with_links(markdown: &str, show: impl Fn(&str, &str) -> String) -> String {
    let (mut text, mut rest) = (String::new(), markdown);
    while let Some((before, link)) = rest.split_once("](") {
        let (Some((before, label)), Some((target, after))) =
            (before.rsplit_once('['), link.split_once(')'))
        else {
            break;
        };
        text.push_str(before);
        text.push_str(&show(label, target));
        rest = after;
    }
    text + rest
}

/// Returns the path from the root of the repository that a relative link refers to.
fn repository_path(target: &str) -> Option<String> {
    match target.strip_prefix("../") {
        _ if target.contains("://") => None,
        Some(in_docs) => Some(format!("docs/{in_docs}")),
        None => Some(format!("docs/diagnostics/{target}")),
    }
}

/// Lists the pages, one per line.
pub fn list(pages: impl Iterator<Item = Page>) -> String {
    pages.map(|page| format!("{}  {}\n", page.code, page.title)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use provision_core::explain::page;

    #[test]
    fn a_page_fits_a_terminal_and_its_examples_are_indented() {
        let text = anstream::adapter::strip_str(&text(&page("PV010").unwrap())).to_string();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("PV010: merge key"));
        assert!(lines.all(|line| line.chars().count() <= WIDTH));
        assert!(text.contains("\nWrong\n\n    version: 1\n    stack: chat\n"), "{text}");
    }

    #[test]
    fn links_show_their_target_and_do_not_depend_on_the_location_of_the_page() {
        let markdown =
            "See `a`.\n\nSource: [one\npage](https://example.com/a#b); [notes](../c.md#d).";
        let page = Page { code: "PV000", title: "a title", markdown };
        let shown = anstream::adapter::strip_str(&text(&page)).to_string();
        assert!(
            shown.ends_with("\nSource: one page <https://example.com/a#b>; notes (docs/c.md#d).\n"),
            "{shown}"
        );
        assert!(
            body(&page)
                .ends_with("Source: [one\npage](https://example.com/a#b); notes (`docs/c.md#d`)."),
            "{}",
            body(&page)
        );
        assert_eq!(repository_path("PV1.md#a").as_deref(), Some("docs/diagnostics/PV1.md#a"));
    }

    #[test]
    fn the_lines_of_a_list_are_kept() {
        assert_eq!(wrap("- a\n- b"), "- a\n- b\n");
        assert_eq!(wrap("a\nb"), "a b\n");
    }
}
