//! Dependencies between named things: resources, conditions.
use indexmap::{IndexMap, IndexSet};

/// For each name, the names that it depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DependencyGraph {
    edges: IndexMap<String, IndexSet<String>>,
}

impl DependencyGraph {
    /// Adds a name with its dependencies.
    pub fn insert(&mut self, name: &str, dependencies: IndexSet<String>) {
        self.edges.insert(name.to_owned(), dependencies);
    }

    /// Returns the names in the template's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.edges.keys().map(String::as_str)
    }

    /// Returns what a name depends on, directly.
    pub fn dependencies_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.edges.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Returns the names that depend on a name, directly.
    #[cfg(test)]
    pub fn dependents_of<'g>(&'g self, name: &'g str) -> impl Iterator<Item = &'g str> {
        let depends = move |dependencies: &IndexSet<String>| dependencies.contains(name);
        self.edges.iter().filter(move |(_, set)| depends(set)).map(|(name, _)| name.as_str())
    }

    /// Returns the names so that each comes after its dependencies, or the names that are in cycles.
    pub fn order(&self) -> Result<Vec<&str>, Vec<&str>> {
        let mut ordered = IndexSet::new();
        // Each round takes one level. A list of `n` names has at most `n` levels, so rounds only look at what waits.
        let mut waiting: IndexMap<&str, usize> = IndexMap::new();
        let mut dependents: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for (name, dependencies) in &self.edges {
            let known =
                dependencies.iter().filter(|dependency| self.edges.contains_key(*dependency));
            waiting.insert(name, known.clone().count());
            for dependency in known {
                dependents.entry(dependency).or_default().push(name);
            }
        }
        let mut ready: Vec<&str> =
            waiting.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
        let mut next = 0;
        while let Some(name) = ready.get(next).copied() {
            next += 1;
            ordered.insert(name);
            for dependent in dependents.get(name).into_iter().flatten() {
                let count =
                    waiting.get_mut(dependent).expect("every name waits for its dependencies");
                *count -= 1;
                if *count == 0 {
                    ready.push(dependent);
                }
            }
        }
        if ordered.len() == self.edges.len() {
            return Ok(ordered.into_iter().collect());
        }
        let left = self.names().filter(|name| !ordered.contains(name)).collect();
        Err(self.without_dependents(left))
    }

    /// Removes names on which no other name of `left` depends, until each is in a cycle or between cycles.
    fn without_dependents<'g>(&'g self, left: Vec<&'g str>) -> Vec<&'g str> {
        let members: IndexSet<&str> = left.iter().copied().collect();
        let mut counts: IndexMap<&str, usize> = left.iter().map(|name| (*name, 0)).collect();
        for name in &left {
            for dependency in self.dependencies_of(name).filter(|name| members.contains(name)) {
                *counts.get_mut(dependency).expect("every member has a count") += 1;
            }
        }
        let mut unused: Vec<&str> =
            counts.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
        let mut removed = IndexSet::new();
        while let Some(name) = unused.pop() {
            removed.insert(name);
            for dependency in self.dependencies_of(name).filter(|name| members.contains(name)) {
                let count = counts.get_mut(dependency).expect("every member has a count");
                *count -= 1;
                if *count == 0 {
                    unused.push(dependency);
                }
            }
        }
        left.into_iter().filter(|name| !removed.contains(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> DependencyGraph {
        let mut graph = DependencyGraph::default();
        for (name, dependencies) in edges {
            graph.insert(name, dependencies.iter().map(|&name| name.to_owned()).collect());
        }
        graph
    }

    #[test]
    fn dependencies_come_first() {
        let graph = graph(&[("C", &["B", "A"]), ("A", &[]), ("B", &["A"]), ("D", &[])]);
        assert_eq!(graph.order(), Ok(vec!["A", "D", "B", "C"]));
        assert_eq!(graph.dependents_of("A").collect::<Vec<_>>(), ["C", "B"]);
        assert_eq!(graph.dependencies_of("C").collect::<Vec<_>>(), ["B", "A"]);
    }

    #[test]
    fn only_names_in_cycles_are_reported() {
        let graph = graph(&[
            ("Root", &[]),
            ("A", &["B", "Root"]),
            ("B", &["A"]),
            ("C", &["A"]),
            ("D", &["C"]),
        ]);
        assert_eq!(graph.order(), Err(vec!["A", "B"]));
    }

    #[test]
    fn a_name_that_depends_on_itself_is_a_cycle() {
        assert_eq!(graph(&[("A", &["A"]), ("B", &[])]).order(), Err(vec!["A"]));
    }
}
