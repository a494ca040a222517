//! Which code defines what a path names. Re-exports are followed to the definition.
use std::collections::BTreeSet;

use crate::module_tree::{GLOB, Meaning, ModuleId, ModuleTree, Node, Reference};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(ModuleId),
    /// An item, by the code that defines it. What follows in the path, such as a variant, is part of it.
    Item(Node),
    /// Something of another crate.
    External,
}

/// The code that defines what a reference names, or nothing if the crate has no such name.
pub fn definitions(tree: &ModuleTree, reference: &Reference) -> Option<BTreeSet<Node>> {
    let mut resolver = Resolver { tree, active: Vec::new() };
    let Reference { module, path, .. } = reference;
    let named = path.strip_suffix(&[GLOB.to_owned()]).unwrap_or(path);
    if resolver.path(*module, named).is_empty() {
        return None;
    }
    let items = resolver.path(*module, path).into_iter().filter_map(|target| match target {
        Target::Item(node) => Some(node),
        Target::Module(_) | Target::External => None,
    });
    Some(items.collect())
}

struct Resolver<'a> {
    tree: &'a ModuleTree,
    /// The imports that are being followed. An import can lead to itself: in `use plan::plan`, the
    /// first `plan` means the module only.
    active: Vec<(ModuleId, Vec<String>)>,
}

impl Resolver<'_> {
    /// Returns everything that a path can mean in a scope: a module and a function can share a name.
    fn path(&mut self, scope: ModuleId, path: &[String]) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else { return BTreeSet::new() };
        let module = self.tree.module_of(scope);
        let mut targets = match first.as_str() {
            "crate" => BTreeSet::from([Target::Module(0)]),
            "self" => BTreeSet::from([Target::Module(module)]),
            "super" => self.member(module, first, module),
            name => self.name(scope, name),
        };
        for name in rest {
            let next = |target| match target {
                Target::Module(parent) => self.member(parent, name, module),
                item => BTreeSet::from([item]),
            };
            targets = targets.into_iter().flat_map(next).collect();
        }
        targets
    }

    /// The meanings of a name that begins a path: in a scope, around it, or another crate.
    fn name(&mut self, scope: ModuleId, name: &str) -> BTreeSet<Target> {
        let targets = self.declared(scope, name);
        match self.tree.modules[scope].enclosing {
            _ if !targets.is_empty() => targets,
            Some(around) => self.name(around, name),
            None => BTreeSet::from([Target::External]),
        }
    }

    /// The meanings of a name that follows a module in a path which `user` contains.
    fn member(&mut self, parent: ModuleId, name: &str, user: ModuleId) -> BTreeSet<Target> {
        let module = &self.tree.modules[parent];
        if name == "super" {
            return module.parent.map(Target::Module).into_iter().collect();
        }
        if name == GLOB {
            return self.visible(parent, user);
        }
        let mut targets = self.declared(parent, name);
        if targets.is_empty() {
            targets.extend(module.generated_items.clone().map(Target::Item));
        }
        targets
    }

    fn declared(&mut self, module: ModuleId, name: &str) -> BTreeSet<Target> {
        let targets = self.bound(module, name, name);
        if targets.is_empty() { self.bound(module, GLOB, name) } else { targets }
    }

    /// The meanings of `name` by the bindings of `key`, which is the name itself or a glob.
    fn bound(&mut self, module: ModuleId, key: &str, name: &str) -> BTreeSet<Target> {
        let bindings = self.tree.modules[module].names.get(key).into_iter().flatten();
        let meanings = bindings.flat_map(|binding| match &binding.meaning {
            Meaning::Module(module) => BTreeSet::from([Target::Module(*module)]),
            Meaning::Item(node) => BTreeSet::from([Target::Item(node.clone())]),
            Meaning::Import(path) => {
                let is_glob = path.last().is_some_and(|last| last == GLOB);
                let kept = path.len() - usize::from(is_glob);
                let added = is_glob.then(|| name.to_owned());
                self.follow(module, path[..kept].iter().cloned().chain(added).collect())
            }
        });
        meanings.collect()
    }

    fn follow(&mut self, module: ModuleId, path: Vec<String>) -> BTreeSet<Target> {
        let import = (module, path);
        if self.active.contains(&import) {
            return BTreeSet::new();
        }
        self.active.push(import.clone());
        let targets = self.path(module, &import.1);
        self.active.pop();
        targets
    }

    /// The meanings of all names that a glob import of `module` makes visible in `user`.
    fn visible(&mut self, module: ModuleId, user: ModuleId) -> BTreeSet<Target> {
        let sees_all = self.tree.is_inside(user, module);
        let names = self.tree.modules[module].names.iter();
        let names = names
            .filter(|(_, bindings)| sees_all || bindings.iter().any(|binding| binding.is_visible));
        names.flat_map(|(name, _)| self.bound(module, name, name)).collect()
    }
}
