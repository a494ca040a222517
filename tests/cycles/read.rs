//! Reads the files of a crate, from its root along the `mod` declarations.
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, Meta, UseRename, UseTree, Visibility};

use crate::module_tree::{GLOB, Meaning, ModuleId, ModuleTree, Node, Reference};
use crate::test_code::{attributes, requires_test};
use crate::tokens;

/// Attributes that change where files are, or which macros a name means.
const UNSUPPORTED: &[&str] = &["path", "macro_use", "macro_export"];

/// Reads the crate whose root is the file `root` of the repository.
pub fn read(repository: &Path, root: &str) -> ModuleTree {
    let mut tree = ModuleTree::default();
    let module = tree.add_module(root, None, None);
    let folder = Path::new(root).parent().unwrap_or(Path::new("")).to_owned();
    let macros = Vec::new();
    let mut reader = Reader { tree: &mut tree, repository, module, folder, macros, is_test: false };
    reader.read_file(root);
    tree
}

/// Reads one module.
struct Reader<'a> {
    tree: &'a mut ModuleTree,
    repository: &'a Path,
    module: ModuleId,
    /// Where the files of child modules are.
    folder: PathBuf,
    /// The macros defined so far, which child modules see without an import.
    macros: Vec<(Ident, Node)>,
    is_test: bool,
}

impl Reader<'_> {
    fn read_file(&mut self, path: &str) {
        self.tree.files.push(path.to_owned());
        let text = fs::read_to_string(self.repository.join(path));
        let parsed = text.map_err(|error| error.to_string()).and_then(|text| {
            syn::parse_file(&text)
                .map_err(|error| format!("line {}: {error}", error.span().start().line))
        });
        match parsed {
            Ok(file) => {
                self.is_test |= requires_test(&file.attrs);
                self.visit_file(&file);
            }
            Err(error) => self.tree.errors.push(format!("{path}: cannot read: {error}")),
        }
    }

    fn node(&self) -> Node {
        let file = self.tree.modules[self.module].file.clone();
        Node { file, is_test: self.is_test }
    }

    /// Runs `action`, as test code if `attributes` require tests.
    fn within(&mut self, attributes: &[Attribute], action: impl FnOnce(&mut Self)) {
        let around = self.is_test;
        self.is_test |= requires_test(attributes);
        action(self);
        self.is_test = around;
    }

    fn refer(&mut self, path: Vec<String>, line: usize) {
        let (module, node) = (self.module, self.node());
        self.tree.references.push(Reference { module, node, line, path });
    }

    fn declare(&mut self, ident: &Ident, visibility: &Visibility) {
        let meaning = Meaning::Item(self.node());
        self.bind(ident, meaning, is_visible(visibility));
    }

    fn bind(&mut self, ident: &Ident, meaning: Meaning, is_visible: bool) {
        self.tree.bind(self.module, ident.unraw().to_string(), meaning, is_visible);
    }

    fn import(&mut self, use_tree: &UseTree, prefix: &[String], is_visible: bool) {
        let (name, line, rename) = match use_tree {
            UseTree::Path(path) => {
                let prefix = [prefix, &[path.ident.unraw().to_string()]].concat();
                return self.import(&path.tree, &prefix, is_visible);
            }
            UseTree::Group(group) => {
                let branches = group.items.iter();
                return branches.for_each(|branch| self.import(branch, prefix, is_visible));
            }
            UseTree::Glob(glob) => (GLOB.to_owned(), line(glob.star_token.span), None),
            UseTree::Name(name) => (name.ident.unraw().to_string(), line(name.ident.span()), None),
            UseTree::Rename(UseRename { ident, rename, .. }) => {
                (ident.unraw().to_string(), line(ident.span()), Some(rename.unraw().to_string()))
            }
        };
        let mut path = prefix.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name);
        }
        self.refer(path.clone(), line);
        let name = rename.or_else(|| path.last().cloned()).unwrap_or_default();
        self.tree.bind(self.module, name, Meaning::Import(path), is_visible);
    }

    fn read_module(&mut self, item: &syn::ItemMod) {
        let name = item.ident.unraw().to_string();
        let folder = self.folder.join(&name);
        let file = match &item.content {
            Some(_) => self.node().file,
            None => {
                let files = [folder.with_extension("rs"), folder.join("mod.rs")];
                let exists = |path: &&PathBuf| self.repository.join(path).exists();
                slashed(files.iter().find(exists).unwrap_or(&files[0]))
            }
        };
        let parent = self.tree.module_of(self.module);
        let module = self.tree.add_module(&file, Some(parent), None);
        self.bind(&item.ident, Meaning::Module(module), is_visible(&item.vis));
        for (name, node) in &self.macros {
            self.tree.bind(module, name.to_string(), Meaning::Item(node.clone()), false);
        }
        let (repository, macros, is_test) = (self.repository, self.macros.clone(), self.is_test);
        let tree = &mut *self.tree;
        let mut reader = Reader { tree, repository, module, folder, macros, is_test };
        match &item.content {
            Some((_, items)) => items.iter().for_each(|item| reader.visit_item(item)),
            None => reader.read_file(&file),
        }
    }

    fn read_macro_item(&mut self, item: &syn::ItemMacro) {
        let Some(name) = &item.ident else {
            self.tree.modules[self.module].generated_items = Some(self.node());
            return;
        };
        self.declare(name, &Visibility::Inherited);
        self.macros.push((name.clone(), self.node()));
    }
}

impl Visit<'_> for Reader<'_> {
    fn visit_item(&mut self, item: &Item) {
        self.within(attributes(item), |reader| {
            match item {
                // A path from `::` leads to another crate.
                Item::Use(item) if item.leading_colon.is_none() => {
                    reader.import(&item.tree, &[], is_visible(&item.vis));
                }
                Item::Mod(item) => {
                    item.attrs.iter().for_each(|attribute| reader.visit_attribute(attribute));
                    return reader.read_module(item);
                }
                Item::Macro(item) => reader.read_macro_item(item),
                Item::Const(item) => reader.declare(&item.ident, &item.vis),
                Item::Enum(item) => reader.declare(&item.ident, &item.vis),
                Item::Fn(item) => reader.declare(&item.sig.ident, &item.vis),
                Item::Static(item) => reader.declare(&item.ident, &item.vis),
                Item::Struct(item) => reader.declare(&item.ident, &item.vis),
                Item::Trait(item) => reader.declare(&item.ident, &item.vis),
                Item::TraitAlias(item) => reader.declare(&item.ident, &item.vis),
                Item::Type(item) => reader.declare(&item.ident, &item.vis),
                Item::Union(item) => reader.declare(&item.ident, &item.vis),
                _ => {}
            }
            visit::visit_item(reader, item);
        });
    }

    fn visit_block(&mut self, block: &syn::Block) {
        let around = self.module;
        if block.stmts.iter().any(|statement| matches!(statement, syn::Stmt::Item(_))) {
            let file = self.node().file;
            self.module = self.tree.add_module(&file, None, Some(around));
        }
        visit::visit_block(self, block);
        self.module = around;
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        self.within(&item.attrs, |reader| visit::visit_impl_item_fn(reader, item));
    }

    fn visit_path(&mut self, path: &syn::Path) {
        // A name alone is declared or imported in this file, where the import is read.
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.refer(tokens::segments(path), line(path.segments[0].ident.span()));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        if let Some(name) = call.path.get_ident() {
            self.refer(vec![name.unraw().to_string()], line(name.span()));
        }
        for (path, line) in tokens::paths(call.tokens.clone()) {
            self.refer(path, line);
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        if let Some(name) = attribute.path().get_ident()
            && UNSUPPORTED.iter().any(|unsupported| name == unsupported)
        {
            let place = format!("{}:{}", self.node().file, line(name.span()));
            self.tree.errors.push(format!("{place}: this check does not support `#[{name}]`"));
        }
        if let Meta::List(list) = &attribute.meta {
            for (path, line) in tokens::paths_of_attribute(list.tokens.clone()) {
                self.refer(path, line);
            }
        }
        visit::visit_attribute(self, attribute);
    }
}

fn is_visible(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

fn line(span: Span) -> usize {
    span.start().line
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
