//! A template's sections: what there is to read, and whether it is a template at all.
use std::collections::BTreeMap;

use provision_core::diagnostic::{At, Diagnostic, Path};
use provision_core::source::Source;
use provision_core::source::tree::{Data, Entry, Node};

/// A template, section by section.
#[derive(Debug)]
pub struct Template<'a> {
    pub description: Option<&'a Node>,
    pub parameters: &'a [Entry],
    pub mappings: &'a [Entry],
    pub conditions: &'a [Entry],
    pub outputs: &'a [Entry],
    pub resources: Vec<Resource<'a>>,
    by_id: BTreeMap<&'a str, usize>,
    /// Whether something makes more resources of it before CloudFormation reads it.
    pub transformed: bool,
}

/// A resource as it was written.
#[derive(Debug)]
pub struct Resource<'a> {
    pub id: &'a str,
    pub type_name: &'a str,
    /// Everything about it: `Type`, `Properties`, `Condition` …
    pub members: &'a [Entry],
    pub at: Path,
}

/// CloudFormation's own limit is 500; more is no template of anybody's.
const RESOURCES_MAX: usize = 20_000;

/// Sections that say nothing of resources: named, and left where they are.
const BESIDE: &[(&str, &str)] = &[
    ("Metadata", "it is about the template, not about what is made"),
    ("Rules", "give `allowed:` or `pattern:` to the parameters that they are about"),
    ("Hooks", "they are about how a stack is deployed"),
];

impl<'a> Template<'a> {
    /// Reads the sections. `None`: it is no template, and the findings say why.
    pub fn of(source: &'a Source, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let root = source.tree()?.resolve();
        let Data::Map(entries) = &root.data else {
            findings.push(no_template("this is no CloudFormation template: no mapping", At::File));
            return None;
        };
        let known = |name: &str| entries.iter().any(|it| it.key == name);
        if !known("Resources") {
            let message = match known("stack") || known("apis") {
                true => "this is a spec already, no CloudFormation template",
                false => "this is no CloudFormation template: it has no `Resources`",
            };
            findings.push(no_template(message, At::File));
            return None;
        }
        for (name, help) in BESIDE.iter().filter(|(name, _)| known(name)) {
            let message = format!("the section `{name}` is left alone");
            let at = At::Key(Path::default().key(name));
            findings.push(Diagnostic::note("PV541", at, message).with_help(*help));
        }
        let section = |name: &str| section(entries, name);
        let mut template = Self {
            description: entries.iter().find(|it| it.key == "Description").map(|it| &it.value),
            parameters: section("Parameters"),
            mappings: section("Mappings"),
            conditions: section("Conditions"),
            outputs: section("Outputs"),
            resources: Vec::new(),
            by_id: BTreeMap::new(),
            transformed: known("Transform"),
        };
        template.read_resources(section("Resources"), findings)?;
        Some(template)
    }

    fn read_resources(
        &mut self,
        entries: &'a [Entry],
        findings: &mut Vec<Diagnostic>,
    ) -> Option<()> {
        if entries.len() > RESOURCES_MAX {
            let message = format!("more than {RESOURCES_MAX} resources");
            let at = At::Key(Path::default().key("Resources"));
            findings.push(Diagnostic::error("PV508", at, message).with_help("divide the template"));
            return None;
        }
        for entry in entries {
            let at = Path::default().key("Resources").key(&entry.key);
            let members = map(&entry.value);
            let type_name =
                members.iter().find(|it| it.key == "Type").and_then(|it| word(&it.value));
            match type_name {
                _ if entry.key.starts_with("Fn::") => findings.push(macro_call(&entry.key, at)),
                Some(type_name) => {
                    self.by_id.insert(&entry.key, self.resources.len());
                    self.resources.push(Resource { id: &entry.key, type_name, members, at });
                }
                None => {
                    let message = format!("`{}` has no `Type`, so it is no resource", entry.key);
                    findings.push(
                        Diagnostic::warning("PV510", At::Key(at), message)
                            .with_help("it is left out; give it a `Type`, or remove it"),
                    );
                }
            }
        }
        Some(())
    }

    pub fn resource(&self, id: &str) -> Option<&Resource<'a>> {
        self.by_id.get(id).and_then(|n| self.resources.get(*n))
    }
}

impl<'a> Resource<'a> {
    /// One of its members, such as `Properties`.
    pub fn member(&self, name: &str) -> Option<&'a Node> {
        self.members.iter().find(|it| it.key == name).map(|it| &it.value)
    }
    pub fn properties_at(&self) -> Path {
        self.at.clone().key("Properties")
    }
}

/// The entries of a mapping; nothing, if it is none.
pub fn map(node: &Node) -> &[Entry] {
    match &node.resolve().data {
        Data::Map(entries) => entries,
        _ => &[],
    }
}

/// A text that stands as it is written.
pub fn word(node: &Node) -> Option<&str> {
    match &node.resolve().data {
        Data::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

fn section<'a>(entries: &'a [Entry], name: &str) -> &'a [Entry] {
    entries.iter().find(|it| it.key == name).map(|it| map(&it.value)).unwrap_or_default()
}

fn no_template(message: &str, at: At) -> Diagnostic {
    Diagnostic::error("PV500", at, message)
        .with_help("give a CloudFormation or SAM template, in YAML or JSON")
}

fn macro_call(key: &str, at: Path) -> Diagnostic {
    let message = format!("`{key}` is not carried out, so what it makes is left out");
    Diagnostic::warning("PV505", At::Key(at), message)
        .with_help("write the resources out, or import the template that CloudFormation processed")
}
