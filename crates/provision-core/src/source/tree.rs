//! A YAML document as a tree in which every part knows where it stands.
use std::ops::Range;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub struct Node {
    pub data: NodeData,
    pub tag: Option<String>,
    pub span: Range<usize>,
    /// Levels below and including this one, aliases written out.
    pub depth: usize,
    /// Nodes in all, aliases written out.
    pub weight: usize,
}

#[derive(Clone, Debug)]
pub enum NodeData {
    /// A scalar, and whether it was written without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<MapEntry>),
    Alias(Rc<Node>),
}

#[derive(Clone, Debug)]
pub struct MapEntry {
    pub key: String,
    /// Where the key stands.
    pub span: Range<usize>,
    pub value: Node,
}

impl Node {
    pub fn new(data: NodeData, tag: Option<String>, span: Range<usize>) -> Self {
        let (depth, weight) = match &data {
            NodeData::Scalar { .. } => (0, 0),
            NodeData::Alias(node) => (node.depth, node.weight),
            NodeData::List(items) => measure(items.iter()),
            NodeData::Map(entries) => measure(entries.iter().map(|entry| &entry.value)),
        };
        Self { data, tag, span, depth: depth + 1, weight: weight.saturating_add(1) }
    }
    /// The node that an alias stands for.
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
