//! Runs steps in the order of their dependencies: those that depend on nothing unfinished run concurrently, and a
//! seed decides which of them starts first.
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// What each item waits for. Every name in a set is itself a key.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// What happens to the items that do not depend on one that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// No further item is started.
    Stop,
    /// They are all run.
    Continue,
}

/// The graph with all edges reversed, in which everything waits for what depends on it.
pub fn reversed(graph: &Graph) -> Graph {
    let mut reversed: Graph = graph.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
    for (name, dependencies) in graph {
        for dependency in dependencies {
            reversed.entry(dependency.clone()).or_default().insert(name.clone());
        }
    }
    reversed
}

/// A graph of `items`, each with the names that it waits for; names of nothing are ignored.
pub fn graph_of<'a>(items: impl IntoIterator<Item = (&'a str, &'a Vec<String>)>) -> Graph {
    let mut graph: Graph = items
        .into_iter()
        .map(|(name, dependencies)| (name.to_owned(), dependencies.iter().cloned().collect()))
        .collect();
    let names: BTreeSet<String> = graph.keys().cloned().collect();
    for (name, dependencies) in &mut graph {
        dependencies.retain(|dependency| names.contains(dependency) && dependency != name);
    }
    graph
}

/// Runs `step` for each item of `graph`. A step returns whether it succeeded.
pub async fn run<F>(graph: &Graph, seed: u64, after: AfterFailure, step: impl Fn(String) -> F)
where
    F: Future<Output = bool>,
{
    let mut waiting = graph.clone();
    let dependents = reversed(graph);
    let mut ready: Vec<String> = Vec::new();
    waiting.retain(|name, dependencies| match dependencies.is_empty() {
        true => {
            ready.push(name.clone());
            false
        }
        false => true,
    });
    let mut running = FuturesUnordered::new();
    let mut has_failed = false;
    loop {
        if !(has_failed && after == AfterFailure::Stop) {
            ready.sort_by_key(|name| rank(seed, name));
            for name in ready.drain(..) {
                let step = step(name.clone());
                running.push(async move { (name, step.await) });
            }
        }
        let Some((name, succeeded)) = running.next().await else { return };
        if !succeeded {
            has_failed = true;
            continue;
        }
        for dependent in dependents.get(&name).into_iter().flatten() {
            let Some(dependencies) = waiting.get_mut(dependent) else { continue };
            dependencies.remove(&name);
            if dependencies.is_empty() {
                waiting.remove(dependent);
                ready.push(dependent.clone());
            }
        }
    }
}

fn rank(seed: u64, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, name).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::lock::lock;

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        edges.iter().map(|(name, dependencies)| ((*name).to_owned(), names(dependencies))).collect()
    }

    async fn order_of(graph: &Graph, seed: u64, after: AfterFailure, failing: &str) -> Vec<String> {
        let started = Mutex::new(Vec::new());
        run(graph, seed, after, |name| {
            lock(&started).push(name.clone());
            async move { name != failing }
        })
        .await;
        started.into_inner().expect("no step panicked")
    }

    #[tokio::test]
    async fn everything_starts_after_what_it_depends_on() {
        let graph = graph(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"]), ("d", &[])]);
        for seed in 0..8 {
            let order = order_of(&graph, seed, AfterFailure::Stop, "").await;
            let at = |name: &str| order.iter().position(|other| other == name);
            assert!(at("a") < at("b") && at("b") < at("c") && order.len() == 4, "{order:?}");
            let order = order_of(&reversed(&graph), seed, AfterFailure::Stop, "").await;
            let at = |name: &str| order.iter().position(|other| other == name);
            assert!(at("c") < at("b") && at("b") < at("a") && order.len() == 4, "{order:?}");
        }
    }

    #[tokio::test]
    async fn the_seed_decides_the_order_of_independent_items() {
        let graph = graph(&[("a", &[]), ("b", &[]), ("c", &[]), ("d", &[])]);
        let mut orders = BTreeSet::new();
        for seed in 0..16 {
            let order = order_of(&graph, seed, AfterFailure::Stop, "").await;
            assert_eq!(order, order_of(&graph, seed, AfterFailure::Stop, "").await);
            orders.insert(order);
        }
        assert!(orders.len() > 1);
    }

    #[tokio::test]
    async fn nothing_that_depends_on_a_failure_starts() {
        let graph = graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &["a"])]);
        let order = order_of(&graph, 1, AfterFailure::Continue, "b").await;
        assert!(order.contains(&"d".to_owned()) && !order.contains(&"c".to_owned()), "{order:?}");
        assert_eq!(order_of(&graph, 1, AfterFailure::Stop, "a").await, ["a"]);
    }
}
