//! A spec file: its text, the tree that it was parsed to, and where its lines begin.
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Location};
use crate::source::line_index::{LineIndex, Position};
use crate::source::parse::{self, Parsed};
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

    /// The place of a byte of the spec.
    pub fn position_of_byte(&self, byte: usize) -> Position {
        self.lines.position(&self.text, byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
