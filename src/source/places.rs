//! Where findings stand. What many of them ask for is looked up once.
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{At, OtherFile, Path, Segment};
use crate::source::lines::Lines;
use crate::source::tree::{Data, Entry, Node};
use crate::source::{Place, Source};

/// Mappings of more entries get an index as soon as something in them is looked for.
const SEARCHED_MAX: usize = 16;

/// The places in a spec and in the files beside it.
#[derive(Debug)]
pub struct Places<'a> {
    source: &'a Source,
    entries: RefCell<HashMap<*const Node, HashMap<&'a str, &'a Entry>>>,
    others: RefCell<HashMap<*const OtherFile, Rc<Lines>>>,
}

/// A finding's file and the part of it that it is about.
#[derive(Clone, Debug)]
pub struct Located<'a> {
    pub name: &'a str,
    pub text: &'a str,
    pub span: Range<usize>,
    pub start: Place,
    pub end: Place,
}

impl<'a> Places<'a> {
    pub fn of(source: &'a Source) -> Self {
        Self { source, entries: RefCell::default(), others: RefCell::default() }
    }

    pub fn locate<'b>(&self, at: &'b At) -> Located<'b>
    where
        'a: 'b,
    {
        let span = self.span(at);
        match at {
            At::In { file, .. } => {
                let mut others = self.others.borrow_mut();
                let lines =
                    others.entry(Arc::as_ptr(file)).or_insert_with(|| Lines::of(&file.text).into());
                let place = |byte| lines.place(&file.text, byte);
                let (start, end) = (place(span.start), place(span.end));
                Located { name: &file.name, text: &file.text, span, start, end }
            }
            _ => {
                let Source { name, text, .. } = self.source;
                let (start, end) =
                    (self.source.place_of(span.start), self.source.place_of(span.end));
                Located { name, text, span, start, end }
            }
        }
    }

    /// The bytes that `at` is about: the part itself if it is in one line, else its key or first
    /// line.
    pub fn span(&self, at: &At) -> Range<usize> {
        let text = self.source.text.as_str();
        match at {
            At::File => 0..0,
            At::Span(span) => within(text, span),
            At::In { file, span } => within(&file.text, span),
            At::Key(path) => {
                let (key, value) = self.find(path);
                in_one_line(text, key.unwrap_or(value))
            }
            At::Value(path) => {
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

    /// The key and the value at `path`, or of the nearest part around it.
    fn find(&self, path: &Path) -> (Option<Range<usize>>, Range<usize>) {
        let Some(mut node) = self.source.parsed.tree.as_ref() else { return (None, 0..0) };
        let mut key = None;
        let mut value = node.span.clone();
        for segment in &path.0 {
            let around = node.resolve();
            let next = match (&around.data, segment) {
                (Data::Map(entries), Segment::Key(name)) => {
                    self.entry(around, entries, name).map(|it| (Some(it.span.clone()), &it.value))
                }
                (Data::List(items), Segment::Index(n)) => items.get(*n).map(|it| (None, it)),
                _ => None,
            };
            let Some((next_key, next)) = next else { break };
            (key, value, node) = (next_key, next.span.clone(), next);
        }
        (key, value)
    }

    fn entry(&self, map: &'a Node, entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
        if entries.len() <= SEARCHED_MAX {
            return entries.iter().find(|it| it.key == name);
        }
        let mut known = self.entries.borrow_mut();
        let index = || entries.iter().map(|it| (it.key.as_str(), it)).collect();
        known.entry(map).or_insert_with(index).get(name).copied()
    }
}

/// The part of a span that is in the text, between two characters.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.floor_char_boundary(span.end).max(start)
}

/// The part of `span` that is in its first line.
fn in_one_line(text: &str, span: Range<usize>) -> Range<usize> {
    let line = text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
    span.start..span.start + line.trim_end().len()
}
