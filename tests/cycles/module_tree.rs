//! The modules of a crate: which names each declares, and where its code refers to others.
use std::collections::BTreeMap;

/// The index of a module in [`ModuleTree::modules`]. The root has the index 0.
pub type ModuleId = usize;

/// The name by which glob imports are bound, and the end of their paths.
pub const GLOB: &str = "*";

/// What takes part in cycles: the production code of a file, or its test code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The path in the repository, with forward slashes.
    pub file: String,
    pub is_test: bool,
}

/// A crate as its files declare it.
#[derive(Debug, Default)]
pub struct ModuleTree {
    pub modules: Vec<Module>,
    pub references: Vec<Reference>,
    /// What the check does not understand, each with its file.
    pub errors: Vec<String>,
    /// The files that the crate consists of.
    pub files: Vec<String>,
}

/// A module, or a block that declares items, which is a scope as well.
#[derive(Debug)]
pub struct Module {
    pub file: String,
    /// The module that `super` means.
    pub parent: Option<ModuleId>,
    /// The scope around a block. Modules have none: they do not see the names around them.
    pub enclosing: Option<ModuleId>,
    pub names: BTreeMap<String, Vec<Binding>>,
    /// The code with macros that generate items. The check does not know their names.
    pub generated_items: Option<Node>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub struct Binding {
    pub meaning: Meaning,
    /// Whether modules outside this one see the name. Its descendants always do.
    pub is_visible: bool,
}

#[derive(Clone, Debug)]
pub enum Meaning {
    Module(ModuleId),
    Item(Node),
    Import(Vec<String>),
}

/// A path in the code of a module.
#[derive(Debug)]
pub struct Reference {
    pub module: ModuleId,
    pub node: Node,
    pub line: usize,
    pub path: Vec<String>,
}

impl ModuleTree {
    pub fn add_module(
        &mut self,
        file: &str,
        parent: Option<ModuleId>,
        enclosing: Option<ModuleId>,
    ) -> ModuleId {
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            enclosing,
            names: BTreeMap::new(),
            generated_items: None,
        });
        self.modules.len() - 1
    }

    pub fn bind(&mut self, module: ModuleId, name: String, meaning: Meaning, is_visible: bool) {
        let bindings = self.modules[module].names.entry(name).or_default();
        bindings.push(Binding { meaning, is_visible });
    }

    /// The module that `self` means in a scope.
    pub fn module_of(&self, scope: ModuleId) -> ModuleId {
        self.modules[scope].enclosing.map_or(scope, |around| self.module_of(around))
    }

    /// Whether `module` is `ancestor` or inside it, so that it sees private names there.
    pub fn is_inside(&self, module: ModuleId, ancestor: ModuleId) -> bool {
        let module = self.module_of(module);
        module == ancestor
            || self.modules[module].parent.is_some_and(|parent| self.is_inside(parent, ancestor))
    }
}
