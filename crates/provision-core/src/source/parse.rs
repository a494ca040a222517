//! YAML text → tree. The only place that knows the YAML parser.
//!
//! Bounded in all it keeps: a text can't make the tree deep enough to overflow a stack, nor large
//! by aliases of aliases.
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use crate::diagnostic::{Diagnostic, Location};
use crate::source::line_index::LineIndex;
use crate::source::syntax_error;
use crate::source::tree::{MapEntry, Node, NodeData};

/// No spec nests deeper than a dozen levels.
const DEPTH_MAX: usize = 128;
/// Nodes with aliases written out.
const ALIAS_NODES_MAX: usize = 1_000_000;
/// Nobody mends more mistakes at a time; the rest would only fill memory.
pub const DIAGNOSTICS_MAX: usize = 10_000;

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
    let mut building = TreeBuilder { text, ..TreeBuilder::default() };
    let mut documents = 0;
    let mut options = Options::default();
    options.max_buffered_comment_events = COMMENTS_MAX;
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok((event, span)) => (event, span.byte_range().unwrap_or(0..0)),
            Err(error) => {
                let byte = error.marker().byte_offset().unwrap_or(text.len());
                building.diagnostics.push(syntax_error::syntax_error(&error.info(), byte, text));
                return building.abandon();
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let diagnostic = Diagnostic::error(
                    "PV005",
                    Location::Span(span),
                    "a second document begins here",
                );
                building.diagnostics.push(
                    diagnostic
                        .with_help("a file holds one spec; put the other into a file of its own"),
                );
                return building.finish();
            }
        }
        if let Err(diagnostic) = building.handle(event, span) {
            building.diagnostics.push(*diagnostic);
            return building.abandon();
        }
    }
    let empty = match &building.root {
        None => true,
        Some(node) => {
            matches!(&node.follow_alias().data, NodeData::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
        }
    };
    if empty && building.diagnostics.is_empty() {
        let diagnostic = Diagnostic::error("PV004", Location::File, "the file declares nothing");
        building.diagnostics.push(
            diagnostic.with_help(
                "begin with `provision init`, or delete a stack with `provision destroy`",
            ),
        );
        return building.abandon();
    }
    building.finish()
}

/// A collection that is not closed yet.
enum OpenNode {
    List {
        items: Vec<Node>,
        anchor: usize,
        tag: Option<String>,
        start: usize,
    },
    Map {
        entries: Vec<MapEntry>,
        seen: HashMap<String, usize>,
        key: Option<PendingKey>,
        anchor: usize,
        tag: Option<String>,
        start: usize,
    },
}

/// A key whose value has yet to come; without a name its entry is dropped.
struct PendingKey {
    name: Option<String>,
    span: Range<usize>,
}

#[derive(Default)]
struct TreeBuilder<'t> {
    text: &'t str,
    root: Option<Node>,
    open: Vec<OpenNode>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
    comments: Vec<Range<usize>>,
    blocks: Vec<Range<usize>>,
    lines: OnceCell<LineIndex>,
    diagnostics: Vec<Diagnostic>,
}

impl TreeBuilder<'_> {
    fn finish(self) -> (Parsed, Vec<Diagnostic>) {
        let Self { root, comments, blocks, diagnostics, .. } = self;
        (Parsed { tree: root, comments, blocks }, diagnostics)
    }

    fn abandon(self) -> (Parsed, Vec<Diagnostic>) {
        (Parsed::default(), self.diagnostics)
    }

    /// Takes one event. An error ends the parse: nothing after it would make sense.
    fn handle(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Box<Diagnostic>> {
        let tag = |tag: Option<_>| {
            tag.map(|tag: std::borrow::Cow<'_, granit_parser::Tag>| tag.to_string())
        };
        match event {
            Event::Scalar(text, style, anchor, it) => {
                let plain = matches!(style, ScalarStyle::Plain);
                if matches!(style, ScalarStyle::Literal) && text.contains(ADDRESS) {
                    self.blocks.push(span.clone());
                }
                let data = NodeData::Scalar { text: text.into_owned(), plain };
                self.close(Node::new(data, tag(it), span), anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let node = Node::new(NodeData::Alias(Rc::clone(node)), None, span);
                    self.close(node, 0)
                }
                None => {
                    let message = "an alias inside what it stands for";
                    Err(Diagnostic::error("PV003", Location::Span(span), message).into())
                }
            },
            Event::Comment(text, _) => {
                if text.trim_start().starts_with(ADDRESS) && self.comments.len() < DIAGNOSTICS_MAX {
                    self.comments.push(span);
                }
                Ok(())
            }
            Event::SequenceStart(_, anchor, it) => {
                let tag = tag(it);
                self.open(OpenNode::List { items: vec![], anchor, tag, start: span.start }, &span)
            }
            Event::MappingStart(_, anchor, it) => {
                let tag = tag(it);
                let (entries, seen) = (vec![], HashMap::new());
                self.open(
                    OpenNode::Map { entries, seen, key: None, anchor, tag, start: span.start },
                    &span,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(OpenNode::List { items, anchor, tag, start }) => {
                    self.close(Node::new(NodeData::List(items), tag, start..span.end), anchor)
                }
                Some(OpenNode::Map { entries, anchor, tag, start, .. }) => {
                    self.close(Node::new(NodeData::Map(entries), tag, start..span.end), anchor)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: OpenNode, span: &Range<usize>) -> Result<(), Box<Diagnostic>> {
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
        if self.nodes > ALIAS_NODES_MAX {
            let diagnostic = Diagnostic::error(
                "PV008",
                Location::Span(node.span),
                format!("more than {ALIAS_NODES_MAX} parts come before this"),
            );
            return Err(diagnostic.with_help("divide it into several stacks").into());
        }
        if node.weight > ALIAS_NODES_MAX {
            let message = format!("more than {ALIAS_NODES_MAX} parts, aliases written out");
            let diagnostic = Diagnostic::error("PV008", Location::Span(node.span), message);
            return Err(diagnostic.with_help("use fewer aliases of aliases").into());
        }
        match self.open.last_mut() {
            None => self.root = Some(register_anchor(node, anchor, &mut self.anchors)),
            Some(OpenNode::List { items, .. }) => {
                items.push(register_anchor(node, anchor, &mut self.anchors));
            }
            Some(OpenNode::Map { key: key @ None, seen, .. }) => {
                let line = |byte| self.lines.get_or_init(|| LineIndex::new(self.text)).line(byte);
                if anchor > 0 {
                    self.anchors.insert(anchor, Rc::new(node.clone()));
                }
                *key = Some(new_key(node, seen, &line, &mut self.diagnostics));
            }
            Some(OpenNode::Map { entries, key, .. }) => {
                let value = register_anchor(node, anchor, &mut self.anchors);
                if let Some(PendingKey { name: Some(key), span }) = key.take() {
                    entries.push(MapEntry { key, span, value });
                }
            }
        }
        Ok(())
    }
}

/// Remembers a node under its anchor, if it has one, and shares it: a copy for each of many anchors
/// around the same text would fill memory.
fn register_anchor(node: Node, anchor: usize, anchors: &mut HashMap<usize, Rc<Node>>) -> Node {
    if anchor == 0 {
        return node;
    }
    let (span, depth, weight) = (node.span.clone(), node.depth, node.weight);
    let shared = Rc::new(node);
    anchors.insert(anchor, Rc::clone(&shared));
    Node { data: NodeData::Alias(shared), tag: None, span, depth, weight }
}

/// Reads a key. One that is no text or stands there already is reported, and its value dropped.
fn new_key(
    node: Node,
    seen: &mut HashMap<String, usize>,
    line: &dyn Fn(usize) -> usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> PendingKey {
    let span = node.span.clone();
    let NodeData::Scalar { text: name, .. } = node.data else {
        let diagnostic =
            Diagnostic::error("PV007", Location::Span(span.clone()), "a key must be plain text");
        push_limited(diagnostic.with_help("write `key: value`"), diagnostics);
        return PendingKey { name: None, span };
    };
    if let Some(first) = seen.get(&name) {
        let message = format!("the key `{name}` stands here a second time");
        let diagnostic = Diagnostic::error("PV006", Location::Span(span.clone()), message);
        push_limited(
            diagnostic.with_label(format!("the first is in line {}", line(*first))),
            diagnostics,
        );
        return PendingKey { name: None, span };
    }
    seen.insert(name.clone(), span.start);
    PendingKey { name: Some(name), span }
}

fn push_limited(diagnostic: Diagnostic, diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() < DIAGNOSTICS_MAX {
        diagnostics.push(diagnostic);
    }
}

fn too_deep(span: Range<usize>) -> Diagnostic {
    let message = format!("nested deeper than {DEPTH_MAX} levels");
    Diagnostic::error("PV008", Location::Span(span), message)
}
