//! The text of a spec: parsed once, every part of it with its place. Pure.
mod parse;
pub mod read;
mod tree;
mod words;

use std::ops::Range;

use crate::diagnostic::{At, Diagnostic, Path, Segment};
use crate::source::tree::{Data, Node};

/// Nobody's spec is larger (reference: CloudFormation's template limit is 1 MB).
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// A file that was parsed, as far as it could be.
#[derive(Clone, Debug)]
pub struct Source {
    /// As people know it: `spec.yaml`, `<stdin>`.
    pub name: String,
    pub text: String,
    tree: Option<Node>,
}

/// Line and column, from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Source {
    /// Never fails: a hopeless text has no tree and at least one error.
    pub fn parse(name: &str, bytes: &[u8]) -> (Self, Vec<Diagnostic>) {
        let source = |text: &str, tree| Self { name: name.to_owned(), text: text.to_owned(), tree };
        if bytes.len() > BYTES_MAX {
            let message = format!("the file is larger than {} MB", BYTES_MAX / 1024 / 1024);
            let problem = Diagnostic::error("PV008", At::File, message);
            return (source("", None), vec![problem.with_help("divide it into several stacks")]);
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("the file is no UTF-8 text: byte {}", error.valid_up_to());
                let problem = Diagnostic::error("PV002", At::File, message);
                return (source("", None), vec![problem.with_help("save it as UTF-8")]);
            }
        };
        let (tree, problems) = parse::parse(text);
        (source(text, tree), problems)
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.tree.is_none()
    }

    /// The keys of the mapping at the top that has this name.
    pub fn keys(&self, name: &str) -> Vec<&str> {
        let Some(Data::Map(entries)) = self.tree.as_ref().map(|it| &it.data) else { return vec![] };
        let section = entries.iter().find(|it| it.key == name).map(|it| &it.value.resolve().data);
        let Some(Data::Map(entries)) = section else { return vec![] };
        entries.iter().map(|it| it.key.as_str()).collect()
    }

    /// The bytes that `at` is about: the part itself if it is in one line, else its key or first line.
    pub fn span(&self, at: &At) -> Range<usize> {
        match at {
            At::File => 0..0,
            At::Span(span) => span.start.min(self.text.len())..span.end.min(self.text.len()),
            At::Key(path) => {
                let (key, value) = self.find(path);
                self.in_one_line(key.unwrap_or(value))
            }
            At::Value(path) => {
                let (key, value) = self.find(path);
                match (
                    key,
                    self.text.get(value.clone()).unwrap_or_default().trim_end().contains('\n'),
                ) {
                    (Some(key), true) => key,
                    (Some(key), false) if value.is_empty() => self.in_one_line(key),
                    _ => self.in_one_line(value),
                }
            }
        }
    }

    pub fn place(&self, at: &At) -> Place {
        self.place_of(self.span(at).start)
    }

    /// The place of a byte.
    pub fn place_of(&self, byte: usize) -> Place {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        let in_line = before[line_start..].trim_start_matches('\u{feff}');
        Place { line: before.matches('\n').count() + 1, column: in_line.chars().count() + 1 }
    }

    /// The key and the value at `path`, or of the nearest part around it.
    fn find(&self, path: &Path) -> (Option<Range<usize>>, Range<usize>) {
        let Some(mut node) = self.tree.as_ref() else { return (None, 0..0) };
        let mut key = None;
        let mut value = node.span.clone();
        for segment in &path.0 {
            let next = match (&node.resolve().data, segment) {
                (Data::Map(entries), Segment::Key(name)) => entries
                    .iter()
                    .find(|it| it.key == *name)
                    .map(|it| (Some(it.span.clone()), &it.value)),
                (Data::List(items), Segment::Index(n)) => items.get(*n).map(|it| (None, it)),
                _ => None,
            };
            let Some((next_key, next)) = next else { break };
            (key, value, node) = (next_key, next.span.clone(), next);
        }
        (key, value)
    }

    /// The part of `span` that is in its first line.
    fn in_one_line(&self, span: Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default().trim_end();
        span.start..span.start + line.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, path: Path) -> (usize, usize) {
        let (source, problems) = Source::parse("spec.yaml", text.as_bytes());
        assert_eq!(problems, []);
        let Place { line, column } = source.place(&At::Value(path));
        (line, column)
    }

    #[test]
    fn every_part_has_its_place() {
        let text = "a:\n  b: [x, yy]\n  c: { d: 1 }\n";
        let path = || Path::default().key("a");
        assert_eq!(place(text, path().key("b").index(1)), (2, 10));
        assert_eq!(place(text, path().key("c").key("d")), (3, 11));
        // What takes several lines is marked by its key.
        assert_eq!(place(text, path()), (1, 1));
        // What is not there is where it would be.
        assert_eq!(place(text, path().key("b").index(7)), (2, 6));
        assert_eq!(place(text, path().key("zz").key("y")), (1, 1));
    }

    #[test]
    fn columns_count_characters_after_the_mark_of_byte_order() {
        assert_eq!(place("\u{feff}é: ü\r\nb: x\r\n", Path::default().key("é")), (1, 4));
        assert_eq!(place("\u{feff}é: ü\r\nb: x\r\n", Path::default().key("b")), (2, 4));
    }

    #[test]
    fn what_is_no_text_or_too_much_is_said_so() {
        let check = |bytes: &[u8], code: &str| {
            let (source, problems) = Source::parse("spec.yaml", bytes);
            assert!(source.is_empty());
            assert_eq!(problems.iter().map(|it| it.code).collect::<Vec<_>>(), [code]);
        };
        check(b"a: \xff\n", "PV002");
        check(&vec![b'a'; BYTES_MAX + 1], "PV008");
    }
}
