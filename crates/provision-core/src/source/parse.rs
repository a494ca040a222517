//! Parses YAML to a tree. Only this module and [`syntax_error`] depend on the YAML parser.
//!
//! Everything is limited: no text can make the tree deep enough to overflow the stack, or large by nested aliases.
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use crate::diagnostic::{Diagnostic, Location};
use crate::source::line_index::LineIndex;
use crate::source::syntax_error;
use crate::source::tree::{MapEntry, Node, NodeData};

/// Maximum number of levels. No spec needs more than a dozen.
const DEPTH_MAX: usize = 128;
/// Maximum number of nodes when all aliases are expanded.
const ALIAS_NODES_MAX: usize = 1_000_000;
/// Maximum number of diagnostics for one file. More would only fill the memory.
pub const DIAGNOSTICS_MAX: usize = 10_000;

/// Maximum number of consecutive comments that the parser buffers.
const COMMENTS_MAX: usize = 100_000;

/// The result of parsing.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub tree: Option<Node>,
    /// The comments that start with [`COMMENT_PREFIX`].
    pub comments: Vec<Range<usize>>,
    /// The block scalars that contain [`COMMENT_PREFIX`], perhaps in a comment of another language.
    pub blocks: Vec<Range<usize>>,
}

/// The start of comments that `provision` reads.
const COMMENT_PREFIX: &str = "provision:";

/// Parses a document and reports where it is not valid YAML.
pub fn parse(text: &str) -> (Parsed, Vec<Diagnostic>) {
    let mut builder = TreeBuilder { text, ..TreeBuilder::default() };
    let mut documents = 0;
    let mut options = Options::default();
    options.max_buffered_comment_events = COMMENTS_MAX;
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok((event, span)) => (event, span.byte_range().unwrap_or(0..0)),
            Err(error) => {
                let byte = error.marker().byte_offset().unwrap_or(text.len());
                builder.diagnostics.push(syntax_error::syntax_error(&error.info(), byte, text));
                return builder.abandon();
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let diagnostic = Diagnostic::error(
                    "PV005",
                    Location::Span(span),
                    "a second document starts here",
                );
                builder.diagnostics.push(
                    diagnostic.with_help("a file has one spec; move the other to a separate file"),
                );
                return builder.finish();
            }
        }
        if let Err(diagnostic) = builder.handle(event, span) {
            builder.diagnostics.push(*diagnostic);
            return builder.abandon();
        }
    }
    let is_empty = match &builder.root {
        None => true,
        Some(node) => {
            matches!(&node.follow_alias().data, NodeData::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
        }
    };
    if is_empty && builder.diagnostics.is_empty() {
        let diagnostic = Diagnostic::error("PV004", Location::File, "the file declares nothing");
        builder.diagnostics.push(diagnostic.with_help(
            "create a spec with `provision init`, or delete a stack with `provision destroy`",
        ));
        return builder.abandon();
    }
    builder.finish()
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
        key_offsets: HashMap<String, usize>,
        key: Option<PendingKey>,
        anchor: usize,
        tag: Option<String>,
        start: usize,
    },
}

/// A key whose value follows. If the key has no name, its entry is dropped.
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

    /// Handles one event. An error ends parsing: errors after it would be misleading.
    fn handle(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Box<Diagnostic>> {
        let tag = |tag: Option<_>| {
            tag.map(|tag: std::borrow::Cow<'_, granit_parser::Tag>| tag.to_string())
        };
        match event {
            Event::Scalar(text, style, anchor, yaml_tag) => {
                let plain = matches!(style, ScalarStyle::Plain);
                if matches!(style, ScalarStyle::Literal) && text.contains(COMMENT_PREFIX) {
                    self.blocks.push(span.clone());
                }
                let data = NodeData::Scalar { text: text.into_owned(), plain };
                self.close(Node::new(data, tag(yaml_tag), span), anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let node = Node::new(NodeData::Alias(Rc::clone(node)), None, span);
                    self.close(node, 0)
                }
                None => {
                    let message = "the alias is inside the node that it refers to";
                    Err(Diagnostic::error("PV003", Location::Span(span), message).into())
                }
            },
            Event::Comment(text, _) => {
                let is_ours = text.trim_start().starts_with(COMMENT_PREFIX);
                if is_ours && self.comments.len() < DIAGNOSTICS_MAX {
                    self.comments.push(span);
                }
                Ok(())
            }
            Event::SequenceStart(_, anchor, yaml_tag) => {
                let tag = tag(yaml_tag);
                self.open(OpenNode::List { items: vec![], anchor, tag, start: span.start }, &span)
            }
            Event::MappingStart(_, anchor, yaml_tag) => {
                let (entries, key_offsets) = (vec![], HashMap::new());
                let (key, tag, start) = (None, tag(yaml_tag), span.start);
                self.open(OpenNode::Map { entries, key_offsets, key, anchor, tag, start }, &span)
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

    /// Adds a complete node to the collection around it.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Box<Diagnostic>> {
        if node.depth > DEPTH_MAX {
            return Err(too_deep(node.span).into());
        }
        self.nodes += 1;
        if self.nodes > ALIAS_NODES_MAX {
            let diagnostic = Diagnostic::error(
                "PV008",
                Location::Span(node.span),
                format!("more than {ALIAS_NODES_MAX} nodes"),
            );
            return Err(diagnostic.with_help("split the spec into several stacks").into());
        }
        if node.weight > ALIAS_NODES_MAX {
            let message = format!("more than {ALIAS_NODES_MAX} nodes when aliases are expanded");
            let diagnostic = Diagnostic::error("PV008", Location::Span(node.span), message);
            return Err(diagnostic.with_help("use fewer nested aliases").into());
        }
        match self.open.last_mut() {
            None => self.root = Some(register_anchor(node, anchor, &mut self.anchors)),
            Some(OpenNode::List { items, .. }) => {
                items.push(register_anchor(node, anchor, &mut self.anchors));
            }
            Some(OpenNode::Map { key: key @ None, key_offsets, .. }) => {
                let line = |byte| self.lines.get_or_init(|| LineIndex::new(self.text)).line(byte);
                if anchor > 0 {
                    self.anchors.insert(anchor, Rc::new(node.clone()));
                }
                *key = Some(new_key(node, key_offsets, &line, &mut self.diagnostics));
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

/// Registers a node under its anchor, if it has one, and shares it: copies for many nested anchors would fill the
/// memory.
fn register_anchor(node: Node, anchor: usize, anchors: &mut HashMap<usize, Rc<Node>>) -> Node {
    if anchor == 0 {
        return node;
    }
    let (span, depth, weight) = (node.span.clone(), node.depth, node.weight);
    let shared = Rc::new(node);
    anchors.insert(anchor, Rc::clone(&shared));
    Node { data: NodeData::Alias(shared), tag: None, span, depth, weight }
}

/// Reads a key. Reports a duplicate key and a key that is not text; its value is dropped.
fn new_key(
    node: Node,
    key_offsets: &mut HashMap<String, usize>,
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
    if let Some(first) = key_offsets.get(&name) {
        let message = format!("duplicate key `{name}`");
        let diagnostic = Diagnostic::error("PV006", Location::Span(span.clone()), message);
        push_limited(
            diagnostic.with_label(format!("the first is in line {}", line(*first))),
            diagnostics,
        );
        return PendingKey { name: None, span };
    }
    key_offsets.insert(name.clone(), span.start);
    PendingKey { name: Some(name), span }
}

fn push_limited(diagnostic: Diagnostic, diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() < DIAGNOSTICS_MAX {
        diagnostics.push(diagnostic);
    }
}

fn too_deep(span: Range<usize>) -> Diagnostic {
    let message = format!("more than {DEPTH_MAX} nested levels");
    Diagnostic::error("PV008", Location::Span(span), message)
}
