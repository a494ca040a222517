//! Converts the locations of diagnostics to positions. Indexes are built once for many locations.
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{DocumentPath, Location, PathSegment, ReferencedFile};
use crate::source::file::Source;
use crate::source::line_index::{LineIndex, Position};
use crate::source::tree::{MapEntry, Node, NodeData};

/// A mapping with more entries gets an index at the first lookup.
const LINEAR_SEARCH_MAX: usize = 16;

/// Locates diagnostics in a spec and in the files that it refers to.
#[derive(Debug)]
pub struct SourceMap<'a> {
    source: &'a Source,
    entries: RefCell<HashMap<*const Node, HashMap<&'a str, &'a MapEntry>>>,
    others: RefCell<HashMap<*const ReferencedFile, Rc<LineIndex>>>,
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct TextLocation<'a> {
    /// The name of the file, as messages show it.
    pub name: &'a str,
    /// The whole text of the file.
    pub text: &'a str,
    /// The bytes of the part.
    pub span: Range<usize>,
    /// The position of the first byte.
    pub start: Position,
    /// The position after the last byte.
    pub end: Position,
}

impl<'a> SourceMap<'a> {
    /// Creates a map without indexes.
    pub fn new(source: &'a Source) -> Self {
        Self { source, entries: RefCell::default(), others: RefCell::default() }
    }

    /// Returns the file and the part of it that a location refers to.
    pub fn locate<'b>(&self, location: &'b Location) -> TextLocation<'b>
    where
        'a: 'b,
    {
        let span = self.span(location);
        match location {
            Location::ReferencedFile { file, .. } => {
                let mut others = self.others.borrow_mut();
                let lines = others
                    .entry(Arc::as_ptr(file))
                    .or_insert_with(|| LineIndex::new(&file.text).into());
                let position = |byte| lines.position(&file.text, byte);
                let (start, end) = (position(span.start), position(span.end));
                TextLocation { name: &file.name, text: &file.text, span, start, end }
            }
            _ => {
                let Source { name, text, .. } = self.source;
                let (start, end) = (
                    self.source.position_of_byte(span.start),
                    self.source.position_of_byte(span.end),
                );
                TextLocation { name, text, span, start, end }
            }
        }
    }

    /// Returns the bytes of a location: the value itself if it is in one line, otherwise its key or its first line.
    pub fn span(&self, location: &Location) -> Range<usize> {
        let text = self.source.text.as_str();
        match location {
            Location::File => 0..0,
            Location::Span(span) => within(text, span),
            Location::ReferencedFile { file, span } => within(&file.text, span),
            Location::SpanInValue { path, span } => {
                let fallback = || self.span(&Location::Value(path.clone()));
                self.span_in_value(path, span).unwrap_or_else(fallback)
            }
            Location::Key(path) => {
                let (key, value) = self.find(path);
                in_one_line(text, key.unwrap_or(value))
            }
            Location::Value(path) => {
                let (key, value) = self.find(path);
                let written = text.get(value.clone()).unwrap_or_default();
                match (key, written.trim_end().contains('\n')) {
                    (Some(key), true) => key,
                    (Some(key), false) if value.is_empty() => in_one_line(text, key),
                    _ => in_one_line(text, value),
                }
            }
        }
    }

    /// Whether the document has a value at `path`.
    pub fn has(&self, path: &DocumentPath) -> bool {
        self.node(path).is_some()
    }

    /// Returns the key and the value at `path`, or of the innermost parent that exists.
    fn find(&self, path: &DocumentPath) -> (Option<Range<usize>>, Range<usize>) {
        let Some(mut node) = self.source.tree() else { return (None, 0..0) };
        let mut key = None;
        let mut value = node.span.clone();
        for segment in &path.0 {
            let parent = node.follow_alias();
            let next = match (&parent.data, segment) {
                (NodeData::Map(entries), PathSegment::Key(name)) => self
                    .entry(parent, entries, name)
                    .map(|entry| (Some(entry.span.clone()), &entry.value)),
                (NodeData::List(items), PathSegment::Index(n)) => {
                    items.get(*n).map(|node| (None, node))
                }
                _ => None,
            };
            let Some((next_key, next)) = next else { break };
            (key, value, node) = (next_key, next.span.clone(), next);
        }
        (key, value)
    }

    /// Returns the bytes of a part of the text at `path`, if the file contains the text unchanged: without escapes,
    /// or in a literal block.
    fn span_in_value(&self, path: &DocumentPath, span: &Range<usize>) -> Option<Range<usize>> {
        let node = self.node(path)?;
        let NodeData::Scalar { text, .. } = &node.follow_alias().data else { return None };
        let written = self.source.text.get(node.span.clone())?;
        if let Some(offset) = written.find(text.trim_end()) {
            let start = node.span.start + offset;
            return Some(start + span.start..start + span.end);
        }
        let start = block_offset(text, written, span.start)?;
        let end = block_offset(text, written, span.end).unwrap_or(start);
        Some(node.span.start + start..node.span.start + end.max(start))
    }

    fn node(&self, path: &DocumentPath) -> Option<&'a Node> {
        path.0.iter().try_fold(self.source.tree()?, |node, segment| {
            match (&node.follow_alias().data, segment) {
                (NodeData::Map(entries), PathSegment::Key(name)) => {
                    self.entry(node.follow_alias(), entries, name).map(|entry| &entry.value)
                }
                (NodeData::List(items), PathSegment::Index(n)) => items.get(*n),
                _ => None,
            }
        })
    }

    fn entry(&self, map: &'a Node, entries: &'a [MapEntry], name: &str) -> Option<&'a MapEntry> {
        if entries.len() <= LINEAR_SEARCH_MAX {
            return entries.iter().find(|entry| entry.key == name);
        }
        let mut indexes = self.entries.borrow_mut();
        let index = || entries.iter().map(|entry| (entry.key.as_str(), entry)).collect();
        indexes.entry(map).or_insert_with(index).get(name).copied()
    }
}

/// Each of these creates a [`SourceMap`]; to look up several locations, create one.
impl Source {
    /// Whether the document has a value at `path`.
    pub fn has(&self, path: &DocumentPath) -> bool {
        SourceMap::new(self).has(path)
    }

    /// Returns the bytes of a location, in the file that it refers to.
    pub fn span(&self, location: &Location) -> Range<usize> {
        SourceMap::new(self).span(location)
    }

    /// Returns the position where a location starts.
    pub fn position(&self, location: &Location) -> Position {
        SourceMap::new(self).locate(location).start
    }
}

/// Converts a byte of `text` to a byte of the literal block in which it is written: the same lines, indented.
fn block_offset(text: &str, written: &str, byte: usize) -> Option<usize> {
    let before = text.get(..byte)?;
    let line = before.matches('\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    let text_lines: Vec<&str> = text.lines().collect();
    let lines: Vec<&str> = written.split_inclusive('\n').collect();
    // The first line may be the block's header.
    let first = usize::from(lines.first().is_some_and(|line| line.starts_with(['|', '>'])));
    let indentation = |n: usize| {
        let written = lines.get(first + n)?.trim_end_matches(['\r', '\n']);
        written.strip_suffix(*text_lines.get(n)?).map(str::len)
    };
    // Otherwise the text is folded or escaped.
    let is_literal =
        text_lines.iter().enumerate().all(|(n, text)| text.is_empty() || indentation(n).is_some());
    let start: usize = lines.iter().take(first + line).map(|line| line.len()).sum();
    let indentation = indentation(line).unwrap_or(0);
    is_literal.then_some(start + indentation + column)
}

/// Limits a span to the text and to character boundaries.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.floor_char_boundary(span.end).max(start)
}

/// Returns the part of `span` in its first line.
fn in_one_line(text: &str, span: Range<usize>) -> Range<usize> {
    let line = text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
    span.start..span.start + line.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::ReferencedFile;

    fn position(text: &str, path: DocumentPath) -> (usize, usize) {
        let (source, diagnostics) = Source::parse("spec.yaml", text.as_bytes());
        assert_eq!(diagnostics, []);
        let Position { line, column } = source.position(&Location::Value(path));
        (line, column)
    }

    #[test]
    fn every_value_has_a_position() {
        let text = "a:\n  b: [x, yy]\n  c: { d: 1 }\n";
        let path = || DocumentPath::default().key("a");
        assert_eq!(position(text, path().key("b").index(1)), (2, 10));
        assert_eq!(position(text, path().key("c").key("d")), (3, 11));
        // A value of several lines is located at its key.
        assert_eq!(position(text, path()), (1, 1));
        // A value that does not exist is located at its parent.
        assert_eq!(position(text, path().key("b").index(7)), (2, 6));
        assert_eq!(position(text, path().key("zz").key("y")), (1, 1));
    }

    #[test]
    fn a_part_of_a_text_is_located_where_it_is_written() {
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
        // A part of folded or escaped text is located at the start of the value.
        let (source, _) = Source::parse("spec.yaml", b"a:\n  b: \"x\\ny\"\n");
        let at =
            Location::SpanInValue { path: DocumentPath::default().key("a").key("b"), span: 2..3 };
        assert_eq!(source.position(&at), Position { line: 2, column: 6 });
    }

    #[test]
    fn columns_count_characters_without_the_byte_order_mark() {
        assert_eq!(position("\u{feff}é: ü\r\nb: x\r\n", DocumentPath::default().key("é")), (1, 4));
        assert_eq!(position("\u{feff}é: ü\r\nb: x\r\n", DocumentPath::default().key("b")), (2, 4));
    }

    #[test]
    fn anchored_values_are_located_like_others() {
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
        assert_eq!(position(&entries, DocumentPath::default().key("k33").key("a")), (34, 11));
        assert_eq!(position(&entries, DocumentPath::default().key("k40")), (1, 1));
    }

    #[test]
    fn a_location_in_another_file_has_a_position_in_that_file() {
        let (source, _) = Source::parse("spec.yaml", b"a: 1\n");
        let text = "let x\n  y = 1\n".to_owned();
        let file = std::sync::Arc::new(ReferencedFile { name: "handlers/chat.js".into(), text });
        let at = |span| Location::ReferencedFile { file: std::sync::Arc::clone(&file), span };
        assert_eq!(source.position(&at(8..9)), Position { line: 2, column: 3 });
        assert_eq!(source.span(&at(8..900)), 8..14);
        let here = at(8..9);
        assert_eq!(SourceMap::new(&source).locate(&here).name, "handlers/chat.js");
    }
}
