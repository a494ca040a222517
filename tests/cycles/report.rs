//! The import cycles of a repository, as text for people.
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::graph::{Cycle, Edge, Graph};
use crate::module_tree::Node;
use crate::read;

const HELP: &str = "\
help: move the items that several of these files need into a file that imports none of them, or
      move an item next to its only user, or pass a value instead of importing its source
";

/// The cycles of all crates of a repository, and what the check could not read or resolve.
#[derive(Debug, Default)]
pub struct Report {
    pub cycles: Vec<Cycle>,
    pub errors: Vec<String>,
}

impl Report {
    /// Checks the crate in `src` and those in `crates/*/src`.
    pub fn new(repository: &Path) -> Self {
        let mut report = Self::default();
        let mut sources = vec!["src".to_owned()];
        for name in names(&repository.join("crates")) {
            sources.push(format!("crates/{name}/src"));
        }
        for source in sources {
            let mut unread = BTreeSet::new();
            collect(repository, &source, &mut unread);
            for root in ["lib.rs", "main.rs"].map(|name| format!("{source}/{name}")) {
                if !unread.contains(&root) {
                    continue;
                }
                let tree = read::read(repository, &root);
                tree.files.iter().for_each(|file| {
                    unread.remove(file);
                });
                let graph = Graph::new(&tree);
                report.cycles.extend(graph.cycles());
                report.errors.extend(graph.errors);
            }
            let errors = unread.iter().map(|file| format!("{file}: no module declares this file"));
            report.errors.extend(errors);
        }
        report
    }

    pub fn is_clean(&self) -> bool {
        self.cycles.is_empty() && self.errors.is_empty()
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for Cycle { nodes, edges } in &self.cycles {
            let _ = writeln!(text, "\nimport cycle of {} files:", nodes.len());
            for node in nodes {
                let _ = writeln!(text, "  {}", name(node));
            }
            for Edge { from, line, item, to } in edges {
                let _ = writeln!(text, "{}:{line}: {item} is in {}", from.file, name(to));
            }
        }
        if !self.cycles.is_empty() {
            text += HELP;
        }
        for error in &self.errors {
            let _ = writeln!(text, "{error}");
        }
        text
    }
}

fn name(node: &Node) -> String {
    if node.is_test { format!("{} (tests)", node.file) } else { node.file.clone() }
}

/// Collects the Rust files of a folder and of the folders in it.
fn collect(repository: &Path, folder: &str, files: &mut BTreeSet<String>) {
    for name in names(&repository.join(folder)) {
        let path = format!("{folder}/{name}");
        if repository.join(&path).is_dir() {
            collect(repository, &path, files);
        } else if path.ends_with(".rs") {
            files.insert(path);
        }
    }
}

/// The names in a folder, in order. A folder that does not exist is empty.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
