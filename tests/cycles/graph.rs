//! Files as a graph of imports, and the cycles in it.
use std::collections::{BTreeMap, BTreeSet};

use crate::module_tree::{ModuleTree, Node, Reference};
use crate::resolve;

/// The imports of a crate, from file to file.
#[derive(Debug, Default)]
pub struct Graph {
    edges: BTreeMap<Node, Vec<Edge>>,
    /// What the check could not read or resolve: each might be an import that the graph lacks.
    pub errors: Vec<String>,
}

/// A place where a file uses an item of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: Node,
    pub line: usize,
    pub item: String,
    pub to: Node,
}

/// Files that import each other, directly or not, and the imports between them.
#[derive(Debug, PartialEq, Eq)]
pub struct Cycle {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

impl Graph {
    pub fn new(tree: &ModuleTree) -> Self {
        let mut graph = Self { errors: tree.errors.clone(), ..Self::default() };
        for reference in &tree.references {
            let path = reference.path.join("::");
            let Some(nodes) = resolve::definitions(tree, reference) else {
                let Reference { node, line, .. } = reference;
                graph.errors.push(format!("{}:{line}: cannot resolve `{path}`", node.file));
                continue;
            };
            let from = &reference.node;
            for to in nodes {
                // Tests may import what they test; production code cannot import tests.
                if to.file == from.file || to.is_test != from.is_test {
                    continue;
                }
                let edge =
                    Edge { from: from.clone(), line: reference.line, item: path.clone(), to };
                graph.edges.entry(from.clone()).or_default().push(edge);
            }
        }
        graph
    }

    /// The strongly connected components of more than one file.
    pub fn cycles(&self) -> Vec<Cycle> {
        let reachable: BTreeMap<&Node, BTreeSet<&Node>> =
            self.edges.keys().map(|node| (node, self.reachable(node))).collect();
        let mut cycles: Vec<Cycle> = Vec::new();
        for (node, others) in &reachable {
            if !others.contains(node) || cycles.iter().any(|cycle| cycle.nodes.contains(node)) {
                continue;
            }
            let returns =
                |other: &Node| reachable.get(other).is_some_and(|back| back.contains(node));
            let nodes: Vec<Node> =
                others.iter().copied().filter(|other| returns(other)).cloned().collect();
            let edges = nodes.iter().flat_map(|node| &self.edges[node]);
            let edges: BTreeSet<Edge> =
                edges.filter(|edge| nodes.contains(&edge.to)).cloned().collect();
            cycles.push(Cycle { nodes, edges: edges.into_iter().collect() });
        }
        cycles
    }

    /// Everything that a node imports, directly or not.
    fn reachable(&self, start: &Node) -> BTreeSet<&Node> {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for edge in self.edges.get(node).into_iter().flatten() {
                if reached.insert(&edge.to) {
                    open.push(&edge.to);
                }
            }
        }
        reached
    }
}
