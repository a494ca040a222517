//! Reads the written spec again, and reports its diagnostics at the resources of the template.
use serde_json::Value;

use provision_core::address::Address;
use provision_core::diagnostic::{
    Diagnostic, DocumentPath, Location, PathSegment, ReferencedFile, Severity,
};
use provision_core::model::Properties;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, load};

use crate::import::document::{MemoryFiles, WrittenSpec};
use crate::import::resources::{ImportedResource, ResourceSelection};

/// Numbers above this are timestamps; no other property of a spec can be as large.
const TIMESTAMP_MIN: i64 = 1_000_000_000;
const HOUR_S: i64 = 3_600;

/// Returns the diagnostics of the spec, and a warning for each property that it changes.
pub fn validate(
    text: &str,
    written: &WrittenSpec,
    now_epoch_s: i64,
    selection: &ResourceSelection<'_>,
    resources: &[(&ImportedResource<'_>, Properties)],
) -> Vec<Diagnostic> {
    let (source, mut diagnostics) = Source::parse("spec.yaml", text.as_bytes());
    let files = MemoryFiles(written.files.clone());
    let (spec, more) = load(&source, &files, now_epoch_s, &ParameterValues::new());
    diagnostics.extend(more);
    let mut diagnostics: Vec<Diagnostic> = diagnostics
        .into_iter()
        .map(|diagnostic| match &diagnostic.location {
            Location::ReferencedFile { file, span } => {
                in_handler_code(&diagnostic, file, span.start, written, selection)
            }
            _ => in_spec(&diagnostic, selection),
        })
        .collect();
    let Some(spec) = spec else { return diagnostics };
    for (imported, properties) in resources {
        let Some(desired) = spec.desired.get(&imported.address) else { continue };
        for name in differing(properties, &desired.properties) {
            let location = Location::Value(imported.resource.properties_path().key(&name));
            let message = format!("`{name}` has another value in the spec");
            let help = format!("compare {} with `provision render`", imported.address);
            diagnostics.push(Diagnostic::warning("PV548", location, message).with_help(help));
        }
    }
    diagnostics
}

/// The names of the properties that differ. Tags have separate diagnostics.
fn differing(left: &Properties, right: &Properties) -> Vec<String> {
    let mut names: Vec<&String> = left.iter().chain(right.iter()).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let differs = |name: &&String| {
        *name != "Tags" && comparable(left.get(name)) != comparable(right.get(name))
    };
    names.into_iter().filter(differs).cloned().collect()
}

/// AppSync rounds timestamps down to the hour; do the same before comparing them.
fn comparable(value: Option<&Value>) -> Option<Value> {
    let value = value?;
    let timestamp = value.as_i64().filter(|number| *number > TIMESTAMP_MIN);
    let rounded = timestamp.map(|epoch_s| Value::from(epoch_s / HOUR_S * HOUR_S));
    Some(rounded.unwrap_or_else(|| value.clone()))
}

/// A diagnostic about the spec, at the part of the template from which it comes.
fn in_spec(diagnostic: &Diagnostic, selection: &ResourceSelection<'_>) -> Diagnostic {
    let path = diagnostic.path().cloned().unwrap_or_default();
    let location = template_path(&path, selection).map_or(Location::File, Location::Key);
    let place = match path.0.is_empty() {
        true => String::new(),
        false => format!(" at {path}"),
    };
    translated(diagnostic, location, &place)
}

/// A diagnostic about handler code, at the property that has the code.
fn in_handler_code(
    diagnostic: &Diagnostic,
    file: &ReferencedFile,
    byte: usize,
    written: &WrittenSpec,
    selection: &ResourceSelection<'_>,
) -> Diagnostic {
    let location = selection.imported.iter().find_map(|imported| {
        let declaration = imported.address.parts();
        let declaration = declaration.fold(&written.document, |value, part| &value[part]);
        let mut spec_paths = imported.kind.spec_paths.iter();
        let (property, _) = spec_paths.find(|(_, member)| {
            let value = member.split('.').fold(declaration, |value, name| &value[name]);
            *value == *file.name
        })?;
        Some(Location::Value(imported.resource.properties_path().key(property)))
    });
    let before = file.text.get(..byte).unwrap_or(&file.text);
    let line = before.matches('\n').count() + 1;
    let place = format!(" at {}, line {line}", file.name);
    translated(diagnostic, location.unwrap_or(Location::File), &place)
}

/// An error of the spec is an error of the import; anything else is a note.
fn translated(diagnostic: &Diagnostic, location: Location, place: &str) -> Diagnostic {
    let message = format!("the spec has {}{place}: {}", diagnostic.code, diagnostic.message);
    let translated = match diagnostic.severity {
        Severity::Error => Diagnostic::error("PV549", location, message),
        _ => Diagnostic::note("PV547", location, message),
    };
    match &diagnostic.help {
        Some(help) => translated.with_help(help),
        None => translated,
    }
}

/// The resource or the parameter of the template from which a part of the spec comes.
fn template_path(path: &DocumentPath, selection: &ResourceSelection<'_>) -> Option<DocumentPath> {
    let keys = path.0.iter().map_while(|segment| match segment {
        PathSegment::Key(key) => Some(key.as_str()),
        PathSegment::Index(_) => None,
    });
    let keys: Vec<&str> = keys.collect();
    if let ["parameters", name, ..] = keys.as_slice() {
        return Some(DocumentPath::default().key("Parameters").key(name));
    }
    let resource = |length: usize| {
        let address = Address::parse(&keys.get(..length)?.join("/"))?;
        selection.imported.iter().find(|imported| imported.address == address)
    };
    let imported = (2..=keys.len()).rev().find_map(resource)?;
    Some(imported.resource.path.clone())
}
