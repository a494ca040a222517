//! YAML text → tree. The only place that knows the YAML parser.
//!
//! Bounded in all it keeps: a text can't make the tree deep enough to overflow a stack, nor large
//! by aliases of aliases.
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use crate::diagnostic::{At, Diagnostic};
use crate::source::lines::Lines;
use crate::source::tree::{Data, Entry, Node};
use crate::source::words;

/// No spec nests deeper than a dozen levels.
const DEPTH_MAX: usize = 128;
/// Nodes with aliases written out.
const WEIGHT_MAX: usize = 1_000_000;
/// Nobody mends more mistakes at a time; the rest would only fill memory.
pub const PROBLEMS_MAX: usize = 10_000;

/// Comments in a row that the parser keeps while it looks for what comes after them.
const COMMENTS_MAX: usize = 100_000;

/// What a text was found to hold.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub tree: Option<Node>,
    /// Comments that speak to us.
    pub comments: Vec<Range<usize>>,
    /// Block scalars in which another language's comments may.
    pub blocks: Vec<Range<usize>>,
}

/// What a comment begins with that speaks to us.
const ADDRESS: &str = "provision:";

/// The document and everything that is wrong with it as YAML.
pub fn parse(text: &str) -> (Parsed, Vec<Diagnostic>) {
    let mut building = Building { text, ..Building::default() };
    let mut documents = 0;
    let mut options = Options::default();
    options.max_buffered_comment_events = COMMENTS_MAX;
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok((event, span)) => (event, span.byte_range().unwrap_or(0..0)),
            Err(error) => {
                let byte = error.marker().byte_offset().unwrap_or(text.len());
                building.problems.push(words::syntax(&error.info(), byte, text));
                return building.hopeless();
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let problem =
                    Diagnostic::error("PV005", At::Span(span), "a second document begins here");
                building.problems.push(
                    problem
                        .with_help("a file holds one spec; put the other into a file of its own"),
                );
                return building.done();
            }
        }
        if let Err(problem) = building.take(event, span) {
            building.problems.push(*problem);
            return building.hopeless();
        }
    }
    let empty = match &building.root {
        None => true,
        Some(node) => {
            matches!(&node.resolve().data, Data::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
        }
    };
    if empty && building.problems.is_empty() {
        let problem = Diagnostic::error("PV004", At::File, "the file declares nothing");
        building.problems.push(
            problem.with_help(
                "begin with `provision init`, or delete a stack with `provision destroy`",
            ),
        );
        return building.hopeless();
    }
    building.done()
}

/// A collection that is not closed yet.
enum Open {
    List {
        items: Vec<Node>,
        anchor: usize,
        tag: Option<String>,
        start: usize,
    },
    Map {
        entries: Vec<Entry>,
        seen: HashMap<String, usize>,
        key: Option<Key>,
        anchor: usize,
        tag: Option<String>,
        start: usize,
    },
}

/// A key whose value has yet to come; without a name its entry is dropped.
struct Key {
    name: Option<String>,
    span: Range<usize>,
}

#[derive(Default)]
struct Building<'t> {
    text: &'t str,
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
    comments: Vec<Range<usize>>,
    blocks: Vec<Range<usize>>,
    lines: OnceCell<Lines>,
    problems: Vec<Diagnostic>,
}

impl Building<'_> {
    fn done(self) -> (Parsed, Vec<Diagnostic>) {
        let Self { root, comments, blocks, problems, .. } = self;
        (Parsed { tree: root, comments, blocks }, problems)
    }

    fn hopeless(self) -> (Parsed, Vec<Diagnostic>) {
        (Parsed::default(), self.problems)
    }

    /// Takes one event. An error ends the parse: nothing after it would make sense.
    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Box<Diagnostic>> {
        let tag =
            |tag: Option<_>| tag.map(|it: std::borrow::Cow<'_, granit_parser::Tag>| it.to_string());
        match event {
            Event::Scalar(text, style, anchor, it) => {
                let plain = matches!(style, ScalarStyle::Plain);
                if matches!(style, ScalarStyle::Literal) && text.contains(ADDRESS) {
                    self.blocks.push(span.clone());
                }
                let data = Data::Scalar { text: text.into_owned(), plain };
                self.close(Node::new(data, tag(it), span), anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let node = Node::new(Data::Alias(Rc::clone(node)), None, span);
                    self.close(node, 0)
                }
                None => {
                    let message = "an alias inside what it stands for";
                    Err(Diagnostic::error("PV003", At::Span(span), message).into())
                }
            },
            Event::Comment(text, _) => {
                if text.trim_start().starts_with(ADDRESS) && self.comments.len() < PROBLEMS_MAX {
                    self.comments.push(span);
                }
                Ok(())
            }
            Event::SequenceStart(_, anchor, it) => {
                let tag = tag(it);
                self.open(Open::List { items: vec![], anchor, tag, start: span.start }, &span)
            }
            Event::MappingStart(_, anchor, it) => {
                let tag = tag(it);
                let (entries, seen) = (vec![], HashMap::new());
                self.open(
                    Open::Map { entries, seen, key: None, anchor, tag, start: span.start },
                    &span,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { items, anchor, tag, start }) => {
                    self.close(Node::new(Data::List(items), tag, start..span.end), anchor)
                }
                Some(Open::Map { entries, anchor, tag, start, .. }) => {
                    self.close(Node::new(Data::Map(entries), tag, start..span.end), anchor)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open, span: &Range<usize>) -> Result<(), Box<Diagnostic>> {
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep(span.clone()).into());
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Box<Diagnostic>> {
        if node.depth > DEPTH_MAX {
            return Err(too_deep(node.span).into());
        }
        self.nodes += 1;
        if self.nodes > WEIGHT_MAX {
            let problem = Diagnostic::error(
                "PV008",
                At::Span(node.span),
                format!("more than {WEIGHT_MAX} parts come before this"),
            );
            return Err(problem.with_help("divide it into several stacks").into());
        }
        if node.weight > WEIGHT_MAX {
            let message = format!("more than {WEIGHT_MAX} parts, aliases written out");
            let problem = Diagnostic::error("PV008", At::Span(node.span), message);
            return Err(problem.with_help("use fewer aliases of aliases").into());
        }
        match self.open.last_mut() {
            None => self.root = Some(anchored(node, anchor, &mut self.anchors)),
            Some(Open::List { items, .. }) => {
                items.push(anchored(node, anchor, &mut self.anchors));
            }
            Some(Open::Map { key: key @ None, seen, .. }) => {
                let line = |byte| self.lines.get_or_init(|| Lines::of(self.text)).line(byte);
                if anchor > 0 {
                    self.anchors.insert(anchor, Rc::new(node.clone()));
                }
                *key = Some(new_key(node, seen, &line, &mut self.problems));
            }
            Some(Open::Map { entries, key, .. }) => {
                let value = anchored(node, anchor, &mut self.anchors);
                if let Some(Key { name: Some(key), span }) = key.take() {
                    entries.push(Entry { key, span, value });
                }
            }
        }
        Ok(())
    }
}

/// Remembers a node under its anchor, if it has one, and shares it: a copy for each of many anchors
/// around the same text would fill memory.
fn anchored(node: Node, anchor: usize, anchors: &mut HashMap<usize, Rc<Node>>) -> Node {
    if anchor == 0 {
        return node;
    }
    let (span, depth, weight) = (node.span.clone(), node.depth, node.weight);
    let shared = Rc::new(node);
    anchors.insert(anchor, Rc::clone(&shared));
    Node { data: Data::Alias(shared), tag: None, span, depth, weight }
}

/// Reads a key. One that is no text or stands there already is reported, and its value dropped.
fn new_key(
    node: Node,
    seen: &mut HashMap<String, usize>,
    line: &dyn Fn(usize) -> usize,
    problems: &mut Vec<Diagnostic>,
) -> Key {
    let span = node.span.clone();
    let Data::Scalar { text: name, .. } = node.data else {
        let problem =
            Diagnostic::error("PV007", At::Span(span.clone()), "a key must be plain text");
        keep(problem.with_help("write `key: value`"), problems);
        return Key { name: None, span };
    };
    if let Some(first) = seen.get(&name) {
        let message = format!("the key `{name}` stands here a second time");
        let problem = Diagnostic::error("PV006", At::Span(span.clone()), message);
        keep(problem.with_label(format!("the first is in line {}", line(*first))), problems);
        return Key { name: None, span };
    }
    seen.insert(name.clone(), span.start);
    Key { name: Some(name), span }
}

fn keep(problem: Diagnostic, problems: &mut Vec<Diagnostic>) {
    if problems.len() < PROBLEMS_MAX {
        problems.push(problem);
    }
}

fn too_deep(span: Range<usize>) -> Diagnostic {
    let message = format!("nested deeper than {DEPTH_MAX} levels");
    Diagnostic::error("PV008", At::Span(span), message)
}
