//! The document of the spec: what a user would have written, without anything that is the default.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use provision_core::address::Address;
use provision_core::diagnostic::ReferencedFile;
use provision_core::kind::{
    CheckContext, Files, FirstNames, IfMissing, ImportContext, ParsedHandlers,
};
use provision_core::kinds::{KINDS, children_of};
use provision_core::model::Properties;
use provision_core::spec::{Parameters, insert_declaration, logical_id, to_spec_syntax};
use provision_core::text::Text;

use crate::import::resources::{ExistingResource, ImportedResource, ResourceSelection};

/// Maximum number of parts of a declaration for which the import tries whether they can be omitted; real ones have
/// fewer.
const TRIALS_MAX: usize = 64;

/// Members that come first in a declaration, because they name the resource.
const FIRST_MEMBERS: [&str; 2] = ["name", "logicalId"];

/// A document and the files that it names.
#[derive(Debug)]
pub struct WrittenSpec {
    pub document: Value,
    pub files: BTreeMap<String, String>,
}

/// The members of a spec besides its resources.
#[derive(Clone, Debug)]
pub struct DocumentHeader {
    pub stack: String,
    pub region: Option<String>,
    pub description: Option<String>,
    pub tags: BTreeMap<String, Text>,
    pub parameters: Parameters,
}

/// Files that are only data.
#[derive(Debug)]
pub struct MemoryFiles(pub BTreeMap<String, String>);

impl Files for MemoryFiles {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        let text = self.0.get(path).cloned().ok_or_else(|| "the file does not exist".to_owned())?;
        Ok(ReferencedFile::relative_to("spec.yaml", path, text).into())
    }
}

/// Writes the document for the selected resources, with handler code in it or in files.
pub fn write(
    selection: &ResourceSelection<'_>,
    resources: &[(&ImportedResource<'_>, Properties)],
    header: DocumentHeader,
    inline_code: bool,
) -> WrittenSpec {
    let mut document = header_document(header);
    let mut context = ImportContext { inline_code, ..ImportContext::default() };
    for kind in KINDS {
        for (imported, properties) in resources.iter().filter(|(other, _)| other.kind == *kind) {
            let ImportedResource { address, resource, .. } = imported;
            context.address = Some(address.clone());
            let properties = with_existing(imported, properties, selection);
            let mut declaration = kind.to_declaration(&properties, &mut context);
            if logical_id(address, None) != resource.id {
                declaration["logicalId"] = json!(resource.id);
            }
            insert_declaration(&mut document, address, declaration);
        }
        let mut existing = selection.existing.iter();
        while let Some(ExistingResource { address, member, value }) =
            existing.find(|existing| existing.address.section() == kind.section)
        {
            insert_declaration(&mut document, address, json!({ (*member): value }));
        }
    }
    let files = MemoryFiles(context.files);
    let shortened: Vec<(&Address, Map<String, Value>)> = resources
        .iter()
        .map(|(imported, _)| (&imported.address, shorten(imported, &document, &files)))
        .collect();
    for (address, declaration) in shortened {
        replace(&mut document, address, declaration);
    }
    WrittenSpec { document: to_spec_syntax(document), files: files.0 }
}

fn header_document(header: DocumentHeader) -> Value {
    let DocumentHeader { stack, region, description, tags, parameters } = header;
    let mut document = json!({ "version": 1, "stack": stack });
    if let Some(description) = description {
        document["description"] = json!(description);
    }
    if let Some(region) = region {
        document["region"] = json!(region);
    }
    if !tags.is_empty() {
        document["tags"] = json!(tags);
    }
    if !parameters.is_empty() {
        document["parameters"] = json!(parameters);
    }
    document
}

/// Returns the properties with references to existing resources in place of their names and ARNs.
fn with_existing(
    imported: &ImportedResource<'_>,
    properties: &Properties,
    selection: &ResourceSelection<'_>,
) -> Properties {
    let mut document = json!(properties);
    for reference in imported.kind.template.references {
        let IfMissing::DeclareExisting(_) = reference.if_missing else { continue };
        let pointer = format!("/{}", reference.property.replace('.', "/"));
        let Some(property) = document.pointer_mut(&pointer) else { continue };
        let mut existing = selection.existing.iter();
        let existing = existing.find(|existing| {
            existing.address.section() == reference.section
                && existing.value.to_value() == *property
        });
        if let Some(existing) = existing {
            *property = Text::attribute(&existing.address, reference.attribute).to_value();
        }
    }
    Properties::from_typed(&document)
}

/// Returns the declaration without the parts that make no difference.
fn shorten(
    imported: &ImportedResource<'_>,
    document: &Value,
    files: &MemoryFiles,
) -> Map<String, Value> {
    let context = CheckContext {
        address: imported.address.clone(),
        document,
        now_epoch_s: 0,
        files,
        placeholder_values: &BTreeMap::new(),
        unreadable: &[],
        first_names: &FirstNames::default(),
        parsed_handlers: &ParsedHandlers::default(),
    };
    let declaration = imported.address.parts().fold(document, |value, part| &value[part]);
    let mut declaration = declaration.clone();
    if let Value::Object(members) = &mut declaration {
        members.retain(|key, _| !is_subsection(imported.kind.section, key));
    }
    let expand = |declaration: &Value| imported.kind.expand(declaration, &context).ok().flatten();
    let properties = expand(&declaration);
    let mut paths = Vec::new();
    collect_paths(&declaration, &mut Vec::new(), &mut paths);
    // Outer parts first: without them, their inner parts need no trial.
    paths.sort_by_key(Vec::len);
    for path in paths.into_iter().take(TRIALS_MAX) {
        let mut shorter = declaration.clone();
        if path != ["logicalId"]
            && remove(&mut shorter, &path)
            && properties.is_some()
            && expand(&shorter) == properties
        {
            declaration = shorter;
        }
    }
    match declaration {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Whether a declaration of `section` has declarations of other resources under `key`.
fn is_subsection(section: &str, key: &str) -> bool {
    children_of(Some(section)).any(|kind| kind.section == key)
}

/// Collects the paths of all members of mappings.
fn collect_paths(value: &Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                paths.push(path.clone());
                collect_paths(value, path, paths);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                path.push(n.to_string());
                collect_paths(item, path, paths);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Removes the member at `path`. Returns whether it existed.
fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let parent = parents.iter().try_fold(value, |value, part| match value {
        Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        value => value.get_mut(part),
    });
    let parent = parent.and_then(Value::as_object_mut);
    parent.is_some_and(|map| map.shift_remove(last).is_some())
}

/// Replaces the declaration at `address`, but not the resources that are declared inside it.
fn replace(document: &mut Value, address: &Address, mut declaration: Map<String, Value>) {
    let place = address.parts().fold(document, |value, part| &mut value[part]);
    let mut members: Map<String, Value> = FIRST_MEMBERS
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), declaration.shift_remove(key)?)))
        .collect();
    members.extend(declaration);
    if let Value::Object(full) = std::mem::take(place) {
        let subsections = full.into_iter().filter(|(key, _)| is_subsection(address.section(), key));
        members.extend(subsections);
    }
    *place = Value::Object(members);
}
