//! A YAML document as a tree in which every node has its position.
use std::ops::Range;
use std::rc::Rc;

/// A value of a document.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value itself.
    pub data: NodeData,
    /// The YAML tag, such as `!Ref`.
    pub tag: Option<String>,
    /// The bytes of the value in the text.
    pub span: Range<usize>,
    /// The levels of the node, including its own, with aliases expanded.
    pub depth: usize,
    /// The number of nodes, including this one, with aliases expanded.
    pub weight: usize,
}

/// The data of a [`Node`].
#[derive(Clone, Debug)]
pub enum NodeData {
    /// A scalar. Its type depends on the schema.
    Scalar {
        /// The text without quotes.
        text: String,
        /// Whether the text was written without quotes.
        plain: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text. Keys are unique.
    Map(Vec<MapEntry>),
    /// An alias of an anchored node, or the anchored node itself.
    Alias(Rc<Node>),
}

/// An entry of a mapping.
#[derive(Clone, Debug)]
pub struct MapEntry {
    /// The key. Only text is valid as a key.
    pub key: String,
    /// The bytes of the key in the text.
    pub span: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    pub(crate) fn new(data: NodeData, tag: Option<String>, span: Range<usize>) -> Self {
        let (depth, weight) = match &data {
            NodeData::Scalar { .. } => (0, 0),
            NodeData::Alias(node) => (node.depth, node.weight),
            NodeData::List(items) => measure(items.iter()),
            NodeData::Map(entries) => measure(entries.iter().map(|entry| &entry.value)),
        };
        Self { data, tag, span, depth: depth + 1, weight: weight.saturating_add(1) }
    }
    /// Returns the node that an alias refers to, or the node itself.
    pub fn follow_alias(&self) -> &Self {
        match &self.data {
            NodeData::Alias(node) => node.follow_alias(),
            _ => self,
        }
    }
}

fn measure<'a>(nodes: impl Iterator<Item = &'a Node>) -> (usize, usize) {
    nodes.fold((0, 0), |(depth, weight), node| {
        (depth.max(node.depth), weight.saturating_add(node.weight))
    })
}
