//! The text of a spec: parsed once, every part of it with its place. Pure.
mod lines;
mod parse;
mod places;
pub mod read;
pub mod tree;
mod words;

pub use places::{Located, Places};

use std::ops::Range;

use crate::diagnostic::{At, Diagnostic, Path};
use crate::source::lines::Lines;
use crate::source::parse::Parsed;
use crate::source::tree::{Data, Node};

/// Nobody's spec is larger (a template has 1 MB at most:
/// docs/reference/cloudformation.md#template-limits).
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// A file that was parsed, as far as it could be.
#[derive(Clone, Debug)]
pub struct Source {
    /// As people know it: `spec.yaml`, `<stdin>`.
    pub name: String,
    pub text: String,
    lines: Lines,
    parsed: Parsed,
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
        let source = |text: &str, parsed| {
            let lines = Lines::of(text);
            Self { name: name.to_owned(), text: text.to_owned(), lines, parsed }
        };
        if bytes.len() > BYTES_MAX {
            let message = format!("the file is larger than {} MB", BYTES_MAX / 1024 / 1024);
            let problem = Diagnostic::error("PV008", At::File, message);
            return (
                source("", Parsed::default()),
                vec![problem.with_help("divide it into several stacks")],
            );
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("the file is no UTF-8 text: byte {}", error.valid_up_to());
                let problem = Diagnostic::error("PV002", At::File, message);
                return (
                    source("", Parsed::default()),
                    vec![problem.with_help("save it as UTF-8")],
                );
            }
        };
        let (parsed, problems) = parse::parse(text);
        (source(text, parsed), problems)
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
    pub fn blocks(&self) -> &[Range<usize>] {
        &self.parsed.blocks
    }

    /// The document as it was written, tags and places with it; `None`: there is nothing to read.
    pub fn tree(&self) -> Option<&Node> {
        self.parsed.tree.as_ref()
    }

    /// The keys of the mapping at the top that has this name.
    pub fn keys(&self, name: &str) -> Vec<&str> {
        let Some(Data::Map(entries)) = self.parsed.tree.as_ref().map(|it| &it.resolve().data)
        else {
            return vec![];
        };
        let section = entries.iter().find(|it| it.key == name).map(|it| &it.value.resolve().data);
        let Some(Data::Map(entries)) = section else { return vec![] };
        entries.iter().map(|it| it.key.as_str()).collect()
    }

    /// Whether something is written at `path` itself.
    pub fn has(&self, path: &Path) -> bool {
        Places::of(self).has(path)
    }

    /// The bytes that `at` is about, of the file that it is about.
    pub fn span(&self, at: &At) -> Range<usize> {
        Places::of(self).span(at)
    }

    pub fn place(&self, at: &At) -> Place {
        Places::of(self).locate(at).start
    }

    /// The place of a byte of the spec.
    pub fn place_of(&self, byte: usize) -> Place {
        self.lines.place(&self.text, byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::OtherFile;

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
    fn a_part_of_a_text_stands_where_it_was_written() {
        let check = |text: &str, word: &str, expected: (usize, usize)| {
            let (source, problems) = Source::parse("spec.yaml", text.as_bytes());
            assert_eq!(problems, []);
            let path = Path::default().key("a").key("b");
            let code = "one\n\n  two = 3\n";
            let start = code.find(word).unwrap();
            let at = At::Inside { path, span: start..start + word.len() };
            let Place { line, column } = source.place(&at);
            assert_eq!((line, column), expected, "{text}");
            assert_eq!(&source.text[source.span(&at)], word, "{text}");
        };
        check("a:\n  b: |\n    one\n\n      two = 3\nc: d\n", "two", (5, 7));
        check("a:\n  b: |\n    one\n\n      two = 3\nc: d\n", "3", (5, 13));
        check("a:\n  b: |-\r\n      one\r\n\r\n        two = 3\r\n", "two", (5, 9));
        // What is folded or escaped stands at its key.
        let (source, _) = Source::parse("spec.yaml", b"a:\n  b: \"x\\ny\"\n");
        let at = At::Inside { path: Path::default().key("a").key("b"), span: 2..3 };
        assert_eq!(source.place(&at), Place { line: 2, column: 6 });
    }

    #[test]
    fn columns_count_characters_after_the_mark_of_byte_order() {
        assert_eq!(place("\u{feff}é: ü\r\nb: x\r\n", Path::default().key("é")), (1, 4));
        assert_eq!(place("\u{feff}é: ü\r\nb: x\r\n", Path::default().key("b")), (2, 4));
    }

    #[test]
    fn what_has_an_anchor_is_read_like_the_rest() {
        let text = "&all\nparameters: &some\n  stage: &x {}\n  team: *x\n";
        let (source, problems) = Source::parse("spec.yaml", text.as_bytes());
        assert_eq!(problems, []);
        assert_eq!(source.keys("parameters"), ["stage", "team"]);
        let team = Path::default().key("parameters").key("team");
        assert_eq!(source.place(&At::Key(team)), Place { line: 4, column: 3 });
    }

    #[test]
    fn a_large_mapping_is_searched_like_a_small_one() {
        let entries: String = (0..40).map(|n| format!("k{n}: {{ a: {n} }}\n")).collect();
        assert_eq!(place(&entries, Path::default().key("k33").key("a")), (34, 11));
        assert_eq!(place(&entries, Path::default().key("k40")), (1, 1));
    }

    #[test]
    fn a_place_in_another_file_is_that_files() {
        let (source, _) = Source::parse("spec.yaml", b"a: 1\n");
        let text = "let x\n  y = 1\n".to_owned();
        let file = std::sync::Arc::new(OtherFile { name: "handlers/chat.js".into(), text });
        let at = |span| At::In { file: std::sync::Arc::clone(&file), span };
        assert_eq!(source.place(&at(8..9)), Place { line: 2, column: 3 });
        assert_eq!(source.span(&at(8..900)), 8..14);
        let here = at(8..9);
        assert_eq!(Places::of(&source).locate(&here).name, "handlers/chat.js");
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
