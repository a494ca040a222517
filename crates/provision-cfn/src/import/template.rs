//! A template's sections and resources, before any expression is evaluated.
use std::collections::BTreeMap;

use provision_core::diagnostic::{Diagnostic, DocumentPath, Location};
use provision_core::kinds::children_of;
use provision_core::source::Source;
use provision_core::source::tree::{MapEntry, Node, NodeData};

/// CloudFormation's limit is 500 resources; a template that is far above it is not a real one.
const RESOURCES_MAX: usize = 20_000;

/// Sections that are not imported, each with what to do about it.
const IGNORED_SECTIONS: &[(&str, &str)] = &[
    ("Metadata", "it describes the template and creates nothing"),
    ("Rules", "add `allowed:` or `pattern:` to the parameters that the rules check"),
    ("Hooks", "hooks control how CloudFormation deploys a stack"),
];

/// A template, section by section.
#[derive(Debug)]
pub struct ParsedTemplate<'a> {
    pub description: Option<&'a Node>,
    pub parameters: &'a [MapEntry],
    pub mappings: &'a [MapEntry],
    pub conditions: &'a [MapEntry],
    pub outputs: &'a [MapEntry],
    pub resources: Vec<TemplateResource<'a>>,
    by_id: BTreeMap<&'a str, usize>,
    /// Whether a macro such as SAM adds resources before CloudFormation reads the template.
    pub has_transform: bool,
}

/// A resource as the template has it.
#[derive(Debug)]
pub struct TemplateResource<'a> {
    pub id: &'a str,
    pub type_name: &'a str,
    /// `Type`, `Properties`, `Condition`, …
    pub attributes: &'a [MapEntry],
    pub path: DocumentPath,
}

impl<'a> ParsedTemplate<'a> {
    /// Reads the sections. `None` if the document is not a template, which `diagnostics` explain.
    pub fn parse(source: &'a Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let root = source.tree()?.follow_alias();
        let NodeData::Map(sections) = &root.data else {
            diagnostics.push(not_a_template("not a CloudFormation template: not a mapping"));
            return None;
        };
        let has = |name: &str| member(sections, name).is_some();
        if !has("Resources") {
            let is_spec = has("stack") || children_of(None).any(|kind| has(kind.section));
            diagnostics.push(not_a_template(match is_spec {
                true => "not a CloudFormation template: this is a spec",
                false => "not a CloudFormation template: it has no `Resources`",
            }));
            return None;
        }
        for (name, help) in IGNORED_SECTIONS.iter().filter(|(name, _)| has(name)) {
            let message = format!("the section `{name}` is ignored");
            let location = Location::Key(DocumentPath::default().key(name));
            diagnostics.push(Diagnostic::note("PV541", location, message).with_help(*help));
        }
        let section = |name: &str| member(sections, name).map(entries).unwrap_or_default();
        let mut template = Self {
            description: member(sections, "Description"),
            parameters: section("Parameters"),
            mappings: section("Mappings"),
            conditions: section("Conditions"),
            outputs: section("Outputs"),
            resources: Vec::new(),
            by_id: BTreeMap::new(),
            has_transform: has("Transform"),
        };
        template.read_resources(section("Resources"), diagnostics)?;
        Some(template)
    }

    fn read_resources(
        &mut self,
        resources: &'a [MapEntry],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<()> {
        let section = DocumentPath::default().key("Resources");
        if resources.len() > RESOURCES_MAX {
            let message = format!("more than {RESOURCES_MAX} resources");
            let error = Diagnostic::error("PV508", Location::Key(section), message);
            diagnostics.push(error.with_help("split the template"));
            return None;
        }
        for MapEntry { key: id, value, .. } in resources {
            let path = section.clone().key(id);
            let attributes = entries(value);
            match member(attributes, "Type").and_then(scalar) {
                _ if id.starts_with("Fn::") => diagnostics.push(unsupported_macro(id, path)),
                Some(type_name) => {
                    self.by_id.insert(id, self.resources.len());
                    self.resources.push(TemplateResource { id, type_name, attributes, path });
                }
                None => {
                    let message = format!("`{id}` is not a valid resource: `Type` is missing");
                    diagnostics.push(
                        Diagnostic::warning("PV510", Location::Key(path), message)
                            .with_help("it is omitted; add a `Type`, or remove it"),
                    );
                }
            }
        }
        Some(())
    }

    pub fn resource(&self, id: &str) -> Option<&TemplateResource<'a>> {
        self.by_id.get(id).and_then(|index| self.resources.get(*index))
    }
}

impl<'a> TemplateResource<'a> {
    /// An attribute of the resource, such as `Properties`.
    pub fn attribute(&self, name: &str) -> Option<&'a Node> {
        member(self.attributes, name)
    }

    pub fn properties_path(&self) -> DocumentPath {
        self.path.clone().key("Properties")
    }
}

/// The entries of a mapping. Empty if the node is not a mapping.
pub fn entries(node: &Node) -> &[MapEntry] {
    match &node.follow_alias().data {
        NodeData::Map(entries) => entries,
        _ => &[],
    }
}

/// The value of the entry `name`.
pub fn member<'a>(entries: &'a [MapEntry], name: &str) -> Option<&'a Node> {
    entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value)
}

/// The text of a scalar.
pub fn scalar(node: &Node) -> Option<&str> {
    match &node.follow_alias().data {
        NodeData::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

fn not_a_template(message: &str) -> Diagnostic {
    Diagnostic::error("PV500", Location::File, message)
        .with_help("pass a CloudFormation or SAM template in YAML or JSON")
}

fn unsupported_macro(name: &str, path: DocumentPath) -> Diagnostic {
    let message = format!("`{name}` is not supported; the resources that it creates are omitted");
    Diagnostic::warning("PV505", Location::Key(path), message)
        .with_help("write the resources out, or import the template as CloudFormation processed it")
}
