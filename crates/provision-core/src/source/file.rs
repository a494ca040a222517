//! A parsed file: its text, its tree, and where its lines begin.
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Location};
use crate::source::line_index::{LineIndex, Position};
use crate::source::parse::{self, Parsed};
use crate::source::tree::{Node, NodeData};

/// Maximum number of bytes that are parsed. A template has at most 1 MB
/// (docs/reference/cloudformation.md#template-limits).
const BYTES_MAX: usize = 10 * 1024 * 1024;

/// A spec or template, parsed as far as it is valid.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name that messages show: `spec.yaml`, `<stdin>`.
    pub name: String,
    /// The text of the file. Empty if the file is not valid UTF-8 or too large.
    pub text: String,
    lines: LineIndex,
    parsed: Parsed,
}

impl Source {
    /// Parses a file. Never fails: a file that cannot be parsed has no tree and at least one error.
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
                vec![diagnostic.with_help("split the spec into several stacks")],
            );
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("not valid UTF-8: byte {}", error.valid_up_to());
                let diagnostic = Diagnostic::error("PV002", Location::File, message);
                return (
                    source("", Parsed::default()),
                    vec![diagnostic.with_help("save the file as UTF-8")],
                );
            }
        };
        let (parsed, diagnostics) = parse::parse(text);
        (source(text, parsed), diagnostics)
    }

    /// Whether the file has no tree: it is empty or cannot be parsed.
    pub fn is_empty(&self) -> bool {
        self.parsed.tree.is_none()
    }

    /// Returns the comments that start with `provision:`, each from its `#` to the end of the line.
    pub fn comments(&self) -> &[Range<usize>] {
        &self.parsed.comments
    }

    /// Returns the block scalars that contain `provision:`, such as inline code with suppression comments.
    pub fn code_blocks(&self) -> &[Range<usize>] {
        &self.parsed.blocks
    }

    /// Returns the document with tags and positions; `None` if [`is_empty`](Self::is_empty).
    pub fn tree(&self) -> Option<&Node> {
        self.parsed.tree.as_ref()
    }

    /// Returns the keys of the mapping in the section `name` of the document.
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

    /// Returns the position of a byte of the text.
    pub fn position_of_byte(&self, byte: usize) -> Position {
        self.lines.position(&self.text, byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_text_or_too_large_has_an_error() {
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
