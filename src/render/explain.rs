//! The page of a diagnostic, for a terminal and as Markdown.
use crate::explain::{Example, Page, Part};

/// A page as a person reads it in a terminal: the heading bold, examples set in.
pub fn text(page: &Page) -> String {
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}{}: {}{bold:#}\n", page.code, page.title);
    for part in page.parts() {
        text.push('\n');
        match part {
            Part::Prose(prose) => text.push_str(&format!("{prose}\n")),
            Part::Example(Example { right, text: example, .. }) => {
                let verdict = if right { "Right" } else { "Wrong" };
                text.push_str(&format!("{bold}{verdict}{bold:#}\n\n"));
                for line in example.lines() {
                    text.push_str(format!("    {line}").trim_end());
                    text.push('\n');
                }
            }
        }
    }
    text
}

/// A page as it is written.
pub fn markdown(page: &Page) -> String {
    format!("## {}: {}\n\n{}\n", page.code, page.title, page.markdown)
}

/// A line for each page.
pub fn list(pages: impl Iterator<Item = Page>) -> String {
    pages.map(|page| format!("{}  {}\n", page.code, page.title)).collect()
}
