//! A YAML document as a tree in which every part knows where it stands.
use std::ops::Range;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub struct Node {
    pub data: Data,
    pub tag: Option<String>,
    pub span: Range<usize>,
    /// Levels below and including this one, aliases written out.
    pub depth: usize,
    /// Nodes in all, aliases written out.
    pub weight: usize,
}

#[derive(Clone, Debug)]
pub enum Data {
    /// A scalar, and whether it was written without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
    Alias(Rc<Node>),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    /// Where the key stands.
    pub span: Range<usize>,
    pub value: Node,
}

impl Node {
    pub fn new(data: Data, tag: Option<String>, span: Range<usize>) -> Self {
        let (depth, weight) = match &data {
            Data::Scalar { .. } => (0, 0),
            Data::Alias(node) => (node.depth, node.weight),
            Data::List(items) => measure(items.iter()),
            Data::Map(entries) => measure(entries.iter().map(|it| &it.value)),
        };
        Self { data, tag, span, depth: depth + 1, weight: weight.saturating_add(1) }
    }
    /// The node that an alias stands for.
    pub fn resolve(&self) -> &Self {
        match &self.data {
            Data::Alias(node) => node.resolve(),
            _ => self,
        }
    }
}

fn measure<'a>(nodes: impl Iterator<Item = &'a Node>) -> (usize, usize) {
    nodes.fold((0, 0), |(depth, weight), node| {
        (depth.max(node.depth), weight.saturating_add(node.weight))
    })
}
