//! Which resources of a template the spec declares, and at which addresses.
//!
//! Everything that differs between kinds comes from their [`TemplateFacts`]: this module never asks
//! which kind a resource is, and a new kind is imported as its facts say.
//!
//! The file is long because including a resource, its parents and its addresses depend on each other.
//!
//! [`TemplateFacts`]: provision_core::kind::TemplateFacts
use std::collections::{BTreeMap, BTreeSet};

use provision_core::address::Address;
use provision_core::diagnostic::{Diagnostic, DocumentPath, Location};
use provision_core::kind::{IfMissing, Inclusion, Kind, NamePart, Reference};
use provision_core::kinds::KINDS;
use provision_core::ownership::PROTECT_TAG;
use provision_core::text::{Placeholder, Text};

use crate::import::evaluate::Evaluator;
use crate::import::names;
use crate::import::template::{TemplateResource, scalar};
use crate::import::value::{
    PlaceholderTarget, REF, TemplateValue, ValueKind, resource_placeholder, target_of,
};

/// The prefix of the types of AppSync.
const APPSYNC: &str = "AWS::AppSync::";
/// The types of AppSync that only GraphQL APIs have. A type that is neither here nor in [`KINDS`] may be a
/// part of an Event API that this version does not know, so an import of it fails.
const GRAPHQL_TYPES: &[&str] = &[
    "AWS::AppSync::ApiCache",
    "AWS::AppSync::FunctionConfiguration",
    GRAPHQL_API,
    "AWS::AppSync::GraphQLSchema",
    "AWS::AppSync::Resolver",
    "AWS::AppSync::SourceApiAssociation",
];
/// The type of a GraphQL API.
pub const GRAPHQL_API: &str = "AWS::AppSync::GraphQLApi";

/// A resource that the spec declares.
#[derive(Debug)]
pub struct ImportedResource<'a> {
    pub kind: &'static dyn Kind,
    pub address: Address,
    /// Its properties after evaluation.
    pub properties: TemplateValue,
    pub resource: &'a TemplateResource<'a>,
}

impl ImportedResource<'_> {
    /// Whether it has the tag that `protect: true` of a spec sets.
    pub fn is_protected(&self) -> bool {
        let tags = self.properties.get("Tags").and_then(TemplateValue::as_list);
        let is_protection = |tag: &TemplateValue| {
            tag.get("Key").and_then(TemplateValue::as_literal) == Some(PROTECT_TAG)
        };
        self.kind.is_protectable() && tags.into_iter().flatten().any(is_protection)
    }
}

/// A resource that the template does not define, and that the spec declares as an existing one.
#[derive(Clone, Debug)]
pub struct ExistingResource {
    pub address: Address,
    /// The member of the declaration that identifies it.
    pub member: &'static str,
    pub value: Text,
}

/// The resources of a template, divided.
#[derive(Debug, Default)]
pub struct ResourceSelection<'a> {
    /// The resources that the spec declares, in the order of [`KINDS`].
    pub imported: Vec<ImportedResource<'a>>,
    /// The resources that the spec does not declare, in the order of the template.
    pub ignored: Vec<&'a TemplateResource<'a>>,
    /// The addresses of the imported resources by logical id.
    pub addresses: BTreeMap<&'a str, Address>,
    pub existing: Vec<ExistingResource>,
}

/// Selects the resources that the spec declares and gives them addresses.
///
/// Afterwards, every reference between them names the address of its target.
pub fn select<'a>(evaluator: &mut Evaluator<'a>) -> ResourceSelection<'a> {
    let mut selector = Selector::new(evaluator);
    selector.include_by_references();
    selector.include_referenced();
    selector.include_unless_foreign();
    selector.assign_addresses();
    selector.resolve_references();
    selector.into_selection()
}

/// Declares the resources that imported ones refer to and the template does not define.
///
/// Runs after every other reference has become a parameter, since their values may contain parameters.
pub fn declare_existing(selection: &mut ResourceSelection<'_>, evaluator: &mut Evaluator<'_>) {
    let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for address in selection.addresses.values().filter(|address| address.parent().is_none()) {
        let kind = kind_of_section(address.section());
        taken.entry(kind.section).or_default().insert(address.name().to_owned());
    }
    for imported in &selection.imported {
        for reference in imported.kind.template.references {
            let IfMissing::DeclareExisting(member) = reference.if_missing else { continue };
            let Some(value) = imported.properties.find(reference.property) else { continue };
            let Some(text) = value.as_text() else { continue };
            let is_defined = text.placeholders().any(|placeholder| {
                matches!(placeholder, Placeholder::Attribute { address, .. } if address.section() == reference.section)
            });
            let is_declared = selection.existing.iter().any(|existing| {
                existing.address.section() == reference.section && existing.value == *text
            });
            if is_defined || is_declared {
                continue;
            }
            let kind = kind_of_section(reference.section);
            let taken = taken.entry(kind.section).or_default();
            let address = match imported.address.parent() {
                Some(parent) if imported.kind.parent == Some(reference.section) => parent,
                _ => Address::top_level(reference.section, &existing_key(kind, text, taken)),
            };
            taken.insert(address.name().to_owned());
            let noun = kind.noun;
            let message =
                format!("the template does not define this {noun}: the spec has {address}");
            let help = format!("it is declared as an existing {noun}, by its `{member}:`");
            let note = Diagnostic::note("PV506", Location::Value(value.path.clone()), message);
            evaluator.diagnostics.push(note.with_help(help));
            selection.existing.push(ExistingResource { address, member, value: text.clone() });
        }
    }
}

/// A resource of a kind, before it is known whether and where the spec declares it.
struct Candidate<'a> {
    resource: &'a TemplateResource<'a>,
    /// The position of the resource in the template.
    position: usize,
    kind: &'static dyn Kind,
    properties: TemplateValue,
    /// For each reference of the kind, the index of the candidate to which it leads.
    targets: Vec<Option<usize>>,
    is_included: bool,
    address: Option<Address>,
}

struct Selector<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    /// In the order of [`KINDS`], then of the template.
    candidates: Vec<Candidate<'a>>,
    by_id: BTreeMap<&'a str, usize>,
    /// Positions of resources that the spec does not declare.
    ignored: BTreeSet<usize>,
    /// Keys in use, by parent and section.
    taken: BTreeMap<String, BTreeSet<String>>,
}

impl<'e, 'a> Selector<'e, 'a> {
    /// Finds the candidates, and evaluates their properties unless only a reference could include them.
    fn new(evaluator: &'e mut Evaluator<'a>) -> Self {
        let template = evaluator.template;
        let (mut candidates, mut ignored) = (Vec::new(), BTreeSet::new());
        for (position, resource) in template.resources.iter().enumerate() {
            let kind = KINDS.iter().copied().find(|kind| kind.type_name == resource.type_name);
            let Some(kind) = kind else {
                match is_unknown_type(resource.type_name) {
                    true => evaluator.diagnostics.push(unknown_type(resource)),
                    false => drop(ignored.insert(position)),
                }
                continue;
            };
            let path = resource.properties_path();
            let mut properties = TemplateValue { path, kind: ValueKind::Map(Vec::new()) };
            if kind.template.inclusion != Inclusion::IfReferenced {
                if !is_created(resource, evaluator) {
                    continue;
                }
                properties = evaluate_properties(resource, evaluator).unwrap_or(properties);
            }
            candidates.push(Candidate {
                resource,
                position,
                kind,
                properties,
                targets: Vec::new(),
                is_included: false,
                address: None,
            });
        }
        let rank = |kind: &'static dyn Kind| KINDS.iter().position(|row| *row == kind);
        candidates.sort_by_key(|candidate| rank(candidate.kind));
        let ids = candidates.iter().enumerate();
        let by_id = ids.map(|(index, candidate)| (candidate.resource.id, index)).collect();
        let mut selector = Self { evaluator, candidates, by_id, ignored, taken: BTreeMap::new() };
        for index in 0..selector.candidates.len() {
            selector.find_targets(index);
        }
        selector
    }

    fn find_targets(&mut self, index: usize) {
        let references = self.candidates[index].kind.template.references.iter();
        let targets = references.map(|reference| self.find_target(index, reference)).collect();
        self.candidates[index].targets = targets;
    }

    /// The candidate to which `reference` of the candidate with this index leads.
    fn find_target(&self, index: usize, reference: &Reference) -> Option<usize> {
        let text = self.text_at(index, reference.property)?;
        let parent = |index: usize| {
            let reference = self.candidates[index].kind.parent_reference()?;
            self.find_target(index, reference)
        };
        let is_target = |target: usize| {
            let kind = self.candidates[target].kind;
            let is_sibling = || parent(target) == parent(index);
            kind.section == reference.section && (kind.parent.is_none() || is_sibling())
        };
        match referenced_resource(&text) {
            Some(resource) => {
                self.by_id.get(&*resource.id).copied().filter(|target| is_target(*target))
            }
            // The value itself instead of a reference.
            None if text == Text::default() => None,
            None => (0..self.candidates.len()).find(|target| {
                let has_value = self.text_at(*target, reference.attribute).as_ref() == Some(&text);
                has_value && is_target(*target)
            }),
        }
    }

    /// Includes resources whose references lead into the spec. Targets are earlier in [`KINDS`].
    fn include_by_references(&mut self) {
        for index in self.with_inclusion(Inclusion::Always) {
            let candidate = &self.candidates[index];
            let missing = self.references(index).find_map(|(reference, target)| {
                let is_required =
                    matches!(reference.if_missing, IfMissing::LeaveAlone | IfMissing::Omit);
                (is_required && target.is_none()).then_some(reference)
            });
            match missing {
                Some(Reference { if_missing: IfMissing::Omit, property, section, .. }) => {
                    let Candidate { kind, resource, .. } = candidate;
                    let target = kind_of_section(section).noun;
                    let message =
                        format!("the template does not define the {target} of this {}", kind.noun);
                    let location = Location::Value(resource.properties_path().key(property));
                    let help =
                        format!("it is omitted; import the template that defines the {target}");
                    self.evaluator.warn("PV526", location, message, &help);
                }
                Some(_) => drop(self.ignored.insert(candidate.position)),
                None => self.candidates[index].is_included = self.is_supported_variant(index),
            }
        }
    }

    /// Includes resources that an included one refers to.
    fn include_referenced(&mut self) {
        let referenced = self.referenced();
        for index in self.with_inclusion(Inclusion::IfReferenced) {
            if referenced.get(&index) != Some(&true) {
                self.ignored.insert(self.candidates[index].position);
                continue;
            }
            let resource = self.candidates[index].resource;
            if !is_created(resource, self.evaluator) {
                continue;
            }
            if let Some(properties) = evaluate_properties(resource, self.evaluator) {
                self.candidates[index].properties = properties;
                self.find_targets(index);
            }
            self.candidates[index].is_included = true;
        }
    }

    /// Includes resources, unless only resources outside the spec refer to them.
    fn include_unless_foreign(&mut self) {
        let referenced = self.referenced();
        for index in self.with_inclusion(Inclusion::UnlessForeign) {
            let is_included = referenced.get(&index) != Some(&false);
            self.candidates[index].is_included = is_included;
            if !is_included {
                self.ignored.insert(self.candidates[index].position);
            }
        }
    }

    /// Gives every included resource an address, parents first.
    fn assign_addresses(&mut self) {
        for index in 0..self.candidates.len() {
            if !self.candidates[index].is_included {
                continue;
            }
            let kind = self.candidates[index].kind;
            let parent = kind.parent_reference().map(|parent| self.parent_address(index, parent));
            let address = match parent {
                Some(parent) if kind.is_singleton => {
                    let address = parent.singleton(kind.section);
                    let sections = self.taken.entry(parent.to_string()).or_default();
                    if !sections.insert(kind.section.to_owned()) {
                        self.candidates[index].is_included = false;
                        self.report_second(index, &parent);
                        continue;
                    }
                    address
                }
                Some(parent) => {
                    let key = self.key(index, Some(&parent));
                    parent.child(kind.section, &key)
                }
                None => Address::top_level(kind.section, &self.key(index, None)),
            };
            self.candidates[index].address = Some(address);
        }
    }

    /// Makes every reference between included resources name the address of its target.
    fn resolve_references(&mut self) {
        for index in 0..self.candidates.len() {
            if !self.candidates[index].is_included {
                continue;
            }
            let references: Vec<_> = self.references(index).collect();
            for (reference, target) in references {
                let Some(text) = self.text_at(index, reference.property) else { continue };
                let address = target.and_then(|target| self.candidates[target].address.clone());
                if let (Some(target), Some(address)) = (target, address) {
                    self.check_attribute(index, reference, target, &text);
                    let text = Text::attribute(&address, reference.attribute);
                    self.candidates[index].properties.set_text(reference.property, text);
                } else if let IfMissing::OmitPart(part) = reference.if_missing {
                    self.omit_part(index, reference, part, &text);
                }
            }
        }
    }

    fn into_selection(self) -> ResourceSelection<'a> {
        let template = self.evaluator.template;
        let mut selection = ResourceSelection::default();
        for Candidate { resource, kind, properties, address, .. } in self.candidates {
            let Some(address) = address else { continue };
            selection.addresses.insert(resource.id, address.clone());
            selection.imported.push(ImportedResource { kind, address, properties, resource });
        }
        let ignored = self.ignored.iter().map(|position| &template.resources[*position]);
        selection.ignored = ignored.collect();
        selection
    }

    fn with_inclusion(&self, inclusion: Inclusion) -> Vec<usize> {
        let has = |index: &usize| self.candidates[*index].kind.template.inclusion == inclusion;
        (0..self.candidates.len()).filter(has).collect()
    }

    fn text_at(&self, index: usize, property: &str) -> Option<Text> {
        self.candidates[index].properties.find(property)?.as_text().cloned()
    }

    /// The references of the candidate with this index, and the included candidates to which they lead.
    fn references(
        &self,
        index: usize,
    ) -> impl Iterator<Item = (&'static Reference, Option<usize>)> {
        let candidate = &self.candidates[index];
        let is_included = |target: &usize| self.candidates[*target].is_included;
        let targets = candidate.targets.iter().map(move |target| target.filter(is_included));
        candidate.kind.template.references.iter().zip(targets)
    }

    /// For each candidate that others refer to, whether an included one does.
    fn referenced(&self) -> BTreeMap<usize, bool> {
        let mut referenced = BTreeMap::new();
        for candidate in &self.candidates {
            for target in candidate.targets.iter().flatten() {
                *referenced.entry(*target).or_default() |= candidate.is_included;
            }
        }
        referenced
    }

    /// The address of the parent, which may be an existing resource that the template does not define.
    fn parent_address(&mut self, index: usize, reference: &Reference) -> Address {
        let is_parent = |(other, _): &(&Reference, _)| other.section == reference.section;
        let target = self.references(index).find(is_parent).and_then(|(_, target)| target);
        if let Some(address) = target.and_then(|target| self.candidates[target].address.clone()) {
            return address;
        }
        let text = self.text_at(index, reference.property).unwrap_or_default();
        let kind = self.candidates[index].kind;
        let has_same_parent = |other: &&Candidate<'_>| {
            let value = other.properties.find(reference.property);
            other.kind == kind && value.and_then(TemplateValue::as_text) == Some(&text)
        };
        let sibling = self.candidates[..index].iter().find(has_same_parent);
        if let Some(address) = sibling.and_then(|sibling| sibling.address.as_ref()?.parent()) {
            return address;
        }
        let taken = self.taken.entry(reference.section.to_owned()).or_default();
        let key = existing_key(kind_of_section(reference.section), &text, taken);
        taken.insert(key.clone());
        Address::top_level(reference.section, &key)
    }

    /// Derives the key of a resource from its name and its logical id.
    fn key(&mut self, index: usize, parent: Option<&Address>) -> String {
        let Candidate { kind, resource, properties, .. } = &self.candidates[index];
        let facts = &kind.template.key;
        let scope = match parent {
            Some(parent) => format!("{parent}/{}", kind.section),
            None => kind.section.to_owned(),
        };
        let taken = self.taken.entry(scope).or_default();
        let name = facts.source.and_then(|source| properties.get(source.property)?.as_text());
        let stack = self.evaluator.values.get("AWS::StackName").unwrap_or_default();
        let key =
            name.and_then(|name| key_from_name(*kind, name, stack, taken)).unwrap_or_else(|| {
                let name = name.map(without_placeholders).unwrap_or_default();
                let parent = parent.map(Address::name).unwrap_or_default();
                names::derive_key(facts, &[name.as_str(), resource.id], parent, taken)
            });
        taken.insert(key.clone());
        key
    }

    /// Whether a spec supports this variant of the type. Reports it otherwise.
    fn is_supported_variant(&mut self, index: usize) -> bool {
        let Candidate { kind, resource, .. } = &self.candidates[index];
        let Some(variants) = kind.template.variants else { return true };
        let text = self.text_at(index, variants.property).unwrap_or_default();
        let resolved = self.evaluator.values.resolve(&text).text;
        let variant = resolved.as_literal().unwrap_or_default();
        if variants.supported.contains(&variant) {
            return true;
        }
        let message = format!("a spec does not support a {} of the type `{variant}`", kind.noun);
        let location = Location::Value(resource.properties_path().key(variants.property));
        let hint = variants.unsupported.iter().find(|(value, _)| *value == variant);
        let hint = hint.map_or("use another type", |(_, hint)| hint);
        self.evaluator.warn("PV526", location, message, &format!("it is omitted; {hint}"));
        false
    }

    fn report_second(&mut self, index: usize, parent: &Address) {
        let Candidate { kind, resource, .. } = &self.candidates[index];
        let message = format!("{parent} already has a {}; this one is omitted", kind.noun);
        let location = Location::Key(resource.path.clone());
        self.evaluator.warn("PV526", location, message, "AWS allows one; remove one of the two");
    }

    /// Reports a reference to the wrong attribute of its target. The spec has the right one.
    fn check_attribute(&mut self, index: usize, reference: &Reference, target: usize, text: &Text) {
        let Some(Referenced { id, attribute, is_whole_text: true }) = referenced_resource(text)
        else {
            return;
        };
        let returned = match attribute.as_str() {
            REF => self.candidates[target].kind.template.ref_attribute,
            attribute => Some(attribute),
        };
        let Some(returned) = returned.filter(|name| *name != reference.attribute) else { return };
        let property = reference.property.rsplit('.').next().unwrap_or_default();
        let required = reference.attribute;
        let message = match attribute == REF {
            true => {
                format!("`{property}` requires `{id}.{required}`, but `Ref` returns `{returned}`")
            }
            false => format!("`{property}` requires `{id}.{required}`, not `{id}.{returned}`"),
        };
        let properties = self.candidates[index].resource.properties_path();
        let path = reference.property.split('.').fold(properties, DocumentPath::key);
        let help = format!("the spec is correct; in the template, write `!GetAtt {id}.{required}`");
        self.evaluator.warn("PV529", Location::Value(path), message, &help);
    }

    /// Removes a part of the properties whose reference leads nowhere.
    fn omit_part(&mut self, index: usize, reference: &Reference, part: &str, text: &Text) {
        if *text != Text::default() {
            let noun = kind_of_section(reference.section).noun;
            let value = self.candidates[index].properties.find(reference.property);
            let path = value.map(|value| value.path.clone()).unwrap_or_default();
            let name = part.rsplit('.').next().unwrap_or_default();
            let message = format!("the spec does not declare this {noun}; `{name}` is omitted");
            let help = format!("declare it under `{}:`, and refer to it", reference.section);
            self.evaluator.warn("PV526", Location::Value(path), message, &help);
        }
        self.candidates[index].properties.remove(part);
    }
}

/// Whether the condition of a resource holds.
fn is_created(resource: &TemplateResource<'_>, evaluator: &mut Evaluator<'_>) -> bool {
    let Some(condition) = resource.attribute("Condition").and_then(scalar) else { return true };
    let id = resource.id;
    let describe = |holds| match holds {
        true => format!("`{id}` is imported"),
        false => format!("`{id}` is omitted"),
    };
    let path = resource.path.clone().key("Condition");
    evaluator.holds(condition, &describe, &path).unwrap_or(false)
}

fn evaluate_properties<'a>(
    resource: &TemplateResource<'a>,
    evaluator: &mut Evaluator<'a>,
) -> Option<TemplateValue> {
    evaluator.evaluate(resource.attribute("Properties")?, &resource.properties_path())
}

fn is_unknown_type(type_name: &str) -> bool {
    type_name.starts_with(APPSYNC) && !GRAPHQL_TYPES.contains(&type_name)
}

fn unknown_type(resource: &TemplateResource<'_>) -> Diagnostic {
    let TemplateResource { id, type_name, path, .. } = resource;
    let message = format!("`{id}` has the type `{type_name}`, which is not supported");
    let help = "import the template without this resource, or with a newer version of `provision`";
    Diagnostic::error("PV514", Location::Key(path.clone()), message).with_help(help)
}

/// A resource that a text refers to.
struct Referenced {
    id: String,
    /// The attribute, or [`REF`].
    attribute: String,
    /// Whether the text is nothing but the reference.
    is_whole_text: bool,
}

/// Returns the resource that `text` refers to: `!GetAtt Api.ApiId`, or an ARN that ends with
/// `/${Role}`.
fn referenced_resource(text: &Text) -> Option<Referenced> {
    let placeholder = text.placeholders().last()?;
    let PlaceholderTarget::Resource { id, attribute } = target_of(placeholder) else { return None };
    let written = text.to_string();
    let before = written.strip_suffix(&resource_placeholder(id, attribute).to_string())?;
    (before.is_empty() || before.ends_with('/')).then(|| Referenced {
        id: id.to_owned(),
        attribute: attribute.to_owned(),
        is_whole_text: before.is_empty(),
    })
}

/// Returns the key with which a spec gives `name` by default, or the one that `name` contains.
fn key_from_name(
    kind: &'static dyn Kind,
    name: &Text,
    stack: &str,
    taken: &BTreeSet<String>,
) -> Option<String> {
    let part = kind.template.key.source?.part;
    let with_spaces = without_placeholders(name);
    let key = match part {
        NamePart::Whole => name.as_literal()?,
        NamePart::AfterStack => with_spaces.strip_prefix(stack)?.strip_prefix('-')?,
        NamePart::FirstLabel => name.as_literal()?.split('.').next()?,
    };
    names::as_key(key, taken)
}

/// Returns a key for a resource that is known only by a name or an ARN.
fn existing_key(kind: &'static dyn Kind, text: &Text, taken: &BTreeSet<String>) -> String {
    key_from_name(kind, text, "", taken).unwrap_or_else(|| {
        let text = text.to_string();
        let name = text.rsplit('/').next().unwrap_or_default();
        names::derive_key(&kind.template.key, &[name], "", taken)
    })
}

/// The literal parts of a text, with a space for each placeholder.
fn without_placeholders(text: &Text) -> String {
    let literal = text.resolve(&|_| Some(" ".to_owned()));
    literal.as_literal().unwrap_or_default().trim().to_owned()
}

fn kind_of_section(section: &str) -> &'static dyn Kind {
    let kind = KINDS.iter().copied().find(|kind| kind.section == section);
    kind.expect("every section has a kind")
}
