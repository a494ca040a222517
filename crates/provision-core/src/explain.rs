//! The page of each diagnostic: what it means, why, and how to mend it. `docs/diagnostics` is the
//! one place in which they are written. Pure.

/// The pages, a file for each hundred codes.
const FILES: &[&str] = &[
    include_str!("../../../docs/diagnostics/PV0.md"),
    include_str!("../../../docs/diagnostics/PV1.md"),
    include_str!("../../../docs/diagnostics/PV2.md"),
    include_str!("../../../docs/diagnostics/PV3.md"),
    include_str!("../../../docs/diagnostics/PV4.md"),
    include_str!("../../../docs/diagnostics/PV5.md"),
    include_str!("../../../docs/diagnostics/PV6.md"),
];

/// What there is to know of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// `PV103`.
    pub code: &'static str,
    /// A few words: `wrong type`.
    pub title: &'static str,
    /// What follows the heading, as Markdown.
    pub markdown: &'static str,
}

/// An example of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// `yaml` or `js`.
    pub language: &'static str,
    pub kind: ExampleKind,
    pub text: &'static str,
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleKind {
    /// What gets the page's finding.
    Wrong,
    /// How it should be.
    Right,
    /// A template whose import gets the page's finding.
    Template,
}

/// A part of a page, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagePart {
    /// Lines of prose.
    Prose(&'static str),
    Example(Example),
}

/// All pages, by code.
pub fn pages() -> impl Iterator<Item = Page> {
    FILES.iter().flat_map(|file| {
        file.split("\n## ").skip(1).filter_map(|section| {
            let (heading, markdown) = section.split_once('\n')?;
            let (code, title) = heading.split_once(": ")?;
            Some(Page { code, title, markdown: markdown.trim_matches('\n') })
        })
    })
}

/// The page of a code, however its letters are written.
pub fn page(code: &str) -> Option<Page> {
    pages().find(|page| page.code.eq_ignore_ascii_case(code))
}

impl Page {
    /// Prose and examples, as they follow each other.
    pub fn parts(&self) -> Vec<PagePart> {
        let mut parts = Vec::new();
        let mut rest = self.markdown;
        while let Some((prose, fenced)) = rest.split_once("```") {
            parts.push(PagePart::Prose(prose.trim_matches('\n')));
            let (opening, fenced) = fenced.split_once('\n').unwrap_or((fenced, ""));
            let (text, after) = fenced.split_once("```").unwrap_or((fenced, ""));
            let (language, verdict) = opening.split_once(' ').unwrap_or((opening, ""));
            let shows = match verdict {
                "wrong" => ExampleKind::Wrong,
                "template" => ExampleKind::Template,
                _ => ExampleKind::Right,
            };
            parts.push(PagePart::Example(Example { language, kind: shows, text }));
            rest = after;
        }
        parts.push(PagePart::Prose(rest.trim_matches('\n')));
        parts.retain(|part| *part != PagePart::Prose(""));
        parts
    }

    /// The first paragraph, in one line.
    pub fn summary(&self) -> String {
        let paragraph = self.markdown.split("\n\n").next().unwrap_or_default();
        paragraph.replace('\n', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_prose_and_examples_in_turn() {
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
