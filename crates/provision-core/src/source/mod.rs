//! The text of a spec: parsed once, every part of it with its place. Pure.
mod line_index;
mod parse;
pub mod read;
mod source_map;
mod syntax_error;
pub mod tree;

pub use source_map::{SourceMap, TextLocation};

use std::ops::Range;

use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::source::line_index::LineIndex;
use crate::source::parse::Parsed;
use crate::source::tree::{Node, NodeData};

/// Nobody's spec is larger (a template has 1 MB at most:
/// docs/reference/cloudformation.md#template-limits).
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// A file that was parsed, as far as it could be.
#[derive(Clone, Debug)]
pub struct Source {
    /// As people know it: `spec.yaml`, `<stdin>`.
    pub name: String,
    pub text: String,
    lines: LineIndex,
    parsed: Parsed,
}

/// Line and column, from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Source {
    /// Never fails: a hopeless text has no tree and at least one error.
    pub fn parse(name: &str, bytes: &[u8]) -> (Self, Vec<Diagnostic>) {
        let source = |text: &str, parsed| {
            let lines = LineIndex::new(text);
            Self { name: name.to_owned(), text: text.to_owned(), lines, parsed }
        };
        if bytes.len() > BYTES_MAX {
            let message = format!("the file is larger than {} MB", BYTES_MAX / 1024 / 1024);
            let diagnostic = Diagnostic::error("PV008", Location::File, message);
            return (
                source("", Parsed::default()),
                vec![diagnostic.with_help("divide it into several stacks")],
            );
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("the file is no UTF-8 text: byte {}", error.valid_up_to());
                let diagnostic = Diagnostic::error("PV002", Location::File, message);
                return (
                    source("", Parsed::default()),
                    vec![diagnostic.with_help("save it as UTF-8")],
                );
            }
        };
        let (parsed, diagnostics) = parse::parse(text);
        (source(text, parsed), diagnostics)
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.parsed.tree.is_none()
    }

    /// The comments, from their `#` to the end of their lines, that speak to `provision:`.
    pub fn comments(&self) -> &[Range<usize>] {
        &self.parsed.comments
    }

    /// Texts of many lines that hold such comments of their own language.
    pub fn code_blocks(&self) -> &[Range<usize>] {
        &self.parsed.blocks
    }

    /// The document as it was written, tags and places with it; `None`: there is nothing to read.
    pub fn tree(&self) -> Option<&Node> {
        self.parsed.tree.as_ref()
    }

    /// The keys of the mapping at the top that has this name.
    pub fn keys(&self, name: &str) -> Vec<&str> {
        let Some(NodeData::Map(entries)) =
            self.parsed.tree.as_ref().map(|node| &node.follow_alias().data)
        else {
            return vec![];
        };
        let section = entries
            .iter()
            .find(|entry| entry.key == name)
            .map(|entry| &entry.value.follow_alias().data);
        let Some(NodeData::Map(entries)) = section else { return vec![] };
        entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    /// Whether something is written at `path` itself.
    pub fn has(&self, path: &DocumentPath) -> bool {
        SourceMap::new(self).has(path)
    }

    /// The bytes that `at` is about, of the file that it is about.
    pub fn span(&self, at: &Location) -> Range<usize> {
        SourceMap::new(self).span(at)
    }

    pub fn position(&self, at: &Location) -> Position {
        SourceMap::new(self).locate(at).start
    }

    /// The place of a byte of the spec.
    pub fn position_of_byte(&self, byte: usize) -> Position {
        self.lines.position(&self.text, byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::ReferencedFile;

    fn place(text: &str, path: DocumentPath) -> (usize, usize) {
        let (source, diagnostics) = Source::parse("spec.yaml", text.as_bytes());
        assert_eq!(diagnostics, []);
        let Position { line, column } = source.position(&Location::Value(path));
        (line, column)
    }

    #[test]
    fn every_part_has_its_place() {
        let text = "a:\n  b: [x, yy]\n  c: { d: 1 }\n";
        let path = || DocumentPath::default().key("a");
        assert_eq!(place(text, path().key("b").index(1)), (2, 10));
        assert_eq!(place(text, path().key("c").key("d")), (3, 11));
        // What takes several lines is marked by its key.
        assert_eq!(place(text, path()), (1, 1));
        // What is not there is where it would be.
        assert_eq!(place(text, path().key("b").index(7)), (2, 6));
        assert_eq!(place(text, path().key("zz").key("y")), (1, 1));
    }

    #[test]
    fn a_part_of_a_text_stands_where_it_was_written() {
        let check = |text: &str, word: &str, expected: (usize, usize)| {
            let (source, diagnostics) = Source::parse("spec.yaml", text.as_bytes());
            assert_eq!(diagnostics, []);
            let path = DocumentPath::default().key("a").key("b");
            let code = "one\n\n  two = 3\n";
            let start = code.find(word).unwrap();
            let at = Location::SpanInValue { path, span: start..start + word.len() };
            let Position { line, column } = source.position(&at);
            assert_eq!((line, column), expected, "{text}");
            assert_eq!(&source.text[source.span(&at)], word, "{text}");
        };
        check("a:\n  b: |\n    one\n\n      two = 3\nc: d\n", "two", (5, 7));
        check("a:\n  b: |\n    one\n\n      two = 3\nc: d\n", "3", (5, 13));
        check("a:\n  b: |-\r\n      one\r\n\r\n        two = 3\r\n", "two", (5, 9));
        // What is folded or escaped stands at its key.
        let (source, _) = Source::parse("spec.yaml", b"a:\n  b: \"x\\ny\"\n");
        let at =
            Location::SpanInValue { path: DocumentPath::default().key("a").key("b"), span: 2..3 };
        assert_eq!(source.position(&at), Position { line: 2, column: 6 });
    }

    #[test]
    fn columns_count_characters_after_the_mark_of_byte_order() {
        assert_eq!(place("\u{feff}é: ü\r\nb: x\r\n", DocumentPath::default().key("é")), (1, 4));
        assert_eq!(place("\u{feff}é: ü\r\nb: x\r\n", DocumentPath::default().key("b")), (2, 4));
    }

    #[test]
    fn what_has_an_anchor_is_read_like_the_rest() {
        let text = "&all\nparameters: &some\n  stage: &x {}\n  team: *x\n";
        let (source, diagnostics) = Source::parse("spec.yaml", text.as_bytes());
        assert_eq!(diagnostics, []);
        assert_eq!(source.keys("parameters"), ["stage", "team"]);
        let team = DocumentPath::default().key("parameters").key("team");
        assert_eq!(source.position(&Location::Key(team)), Position { line: 4, column: 3 });
    }

    #[test]
    fn a_large_mapping_is_searched_like_a_small_one() {
        let entries: String = (0..40).map(|n| format!("k{n}: {{ a: {n} }}\n")).collect();
        assert_eq!(place(&entries, DocumentPath::default().key("k33").key("a")), (34, 11));
        assert_eq!(place(&entries, DocumentPath::default().key("k40")), (1, 1));
    }

    #[test]
    fn a_place_in_another_file_is_that_files() {
        let (source, _) = Source::parse("spec.yaml", b"a: 1\n");
        let text = "let x\n  y = 1\n".to_owned();
        let file = std::sync::Arc::new(ReferencedFile { name: "handlers/chat.js".into(), text });
        let at = |span| Location::ReferencedFile { file: std::sync::Arc::clone(&file), span };
        assert_eq!(source.position(&at(8..9)), Position { line: 2, column: 3 });
        assert_eq!(source.span(&at(8..900)), 8..14);
        let here = at(8..9);
        assert_eq!(SourceMap::new(&source).locate(&here).name, "handlers/chat.js");
    }

    #[test]
    fn what_is_no_text_or_too_much_is_said_so() {
        let check = |bytes: &[u8], code: &str| {
            let (source, diagnostics) = Source::parse("spec.yaml", bytes);
            assert!(source.is_empty());
            assert_eq!(
                diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(),
                [code]
            );
        };
        check(b"a: \xff\n", "PV002");
        check(&vec![b'a'; BYTES_MAX + 1], "PV008");
    }
}
