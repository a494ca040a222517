//! The documentation page of each diagnostic, from `docs/diagnostics`: what it means, why, and how to fix it.
//!
//! Splits pages into prose and examples; it never renders them.

/// The files of pages, one for each hundred codes.
const FILES: &[&str] = &[
    include_str!("../../../docs/diagnostics/PV0.md"),
    include_str!("../../../docs/diagnostics/PV1.md"),
    include_str!("../../../docs/diagnostics/PV2.md"),
    include_str!("../../../docs/diagnostics/PV3.md"),
    include_str!("../../../docs/diagnostics/PV4.md"),
    include_str!("../../../docs/diagnostics/PV5.md"),
    include_str!("../../../docs/diagnostics/PV6.md"),
];

/// The documentation of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code, such as `PV103`.
    pub code: &'static str,
    /// A few words, such as `wrong type`.
    pub title: &'static str,
    /// The Markdown after the heading.
    pub markdown: &'static str,
}

/// An example of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// `yaml` or `js`.
    pub language: &'static str,
    /// Whether the example causes the diagnostic.
    pub kind: ExampleKind,
    /// The spec, template or handler code.
    pub text: &'static str,
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleKind {
    /// A spec or handler code that causes the diagnostic.
    Wrong,
    /// A spec or handler code that is fixed.
    Right,
    /// A template whose import causes the diagnostic.
    Template,
}

/// A part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagePart {
    /// Paragraphs, as Markdown.
    Prose(&'static str),
    /// A code block.
    Example(Example),
}

/// Returns all pages, sorted by code.
pub fn pages() -> impl Iterator<Item = Page> {
    FILES.iter().flat_map(|file| {
        file.split("\n## ").skip(1).filter_map(|section| {
            let (heading, markdown) = section.split_once('\n')?;
            let (code, title) = heading.split_once(": ")?;
            Some(Page { code, title, markdown: markdown.trim_matches('\n') })
        })
    })
}

/// Returns the page of a code; case does not matter.
pub fn page(code: &str) -> Option<Page> {
    pages().find(|page| page.code.eq_ignore_ascii_case(code))
}

impl Page {
    /// Returns the prose and the examples of the page, in order.
    pub fn parts(&self) -> Vec<PagePart> {
        let mut parts = Vec::new();
        let mut rest = self.markdown;
        while let Some((prose, fenced)) = rest.split_once("```") {
            parts.push(PagePart::Prose(prose.trim_matches('\n')));
            let (opening, fenced) = fenced.split_once('\n').unwrap_or((fenced, ""));
            let (text, after) = fenced.split_once("```").unwrap_or((fenced, ""));
            let (language, label) = opening.split_once(' ').unwrap_or((opening, ""));
            let kind = match label {
                "wrong" => ExampleKind::Wrong,
                "template" => ExampleKind::Template,
                _ => ExampleKind::Right,
            };
            parts.push(PagePart::Example(Example { language, kind, text }));
            rest = after;
        }
        parts.push(PagePart::Prose(rest.trim_matches('\n')));
        parts.retain(|part| *part != PagePart::Prose(""));
        parts
    }

    /// Returns the first paragraph as one line.
    pub fn summary(&self) -> String {
        let paragraph = self.markdown.split("\n\n").next().unwrap_or_default();
        paragraph.replace('\n', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_prose_and_examples() {
        let page = page("pv103").unwrap();
        assert_eq!((page.code, page.title), ("PV103", "wrong type"));
        assert!(page.summary().starts_with("The value has the wrong type: "));
        let parts = page.parts();
        let example = |n: usize| match parts[n] {
            PagePart::Example(example) => (example.language, example.kind),
            PagePart::Prose(prose) => panic!("{prose}"),
        };
        assert_eq!(
            (example(1), example(2)),
            (("yaml", ExampleKind::Wrong), ("yaml", ExampleKind::Right))
        );
        assert!(matches!(parts[3], PagePart::Prose(prose) if prose.starts_with("Source: ")));
        assert_eq!(parts.len(), 4);
    }

    #[test]
    fn an_unknown_code_has_no_page() {
        assert_eq!(page("PV999"), None);
        assert_eq!(page(""), None);
    }
}
