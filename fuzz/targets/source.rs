//! Parses any bytes as YAML: parsing ends, and every value has a position in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_core::diagnostic::{DocumentPath, Location};
use provision::render::diagnostics::{SpecDiagnostics, documents, github, sarif, text};
use provision_core::source::Source;
use provision_core::source::read::{Substitution, read};
use serde_json::Value;

/// Aliases can expand to a million values; checking the first of them is enough.
const PARTS_MAX: usize = 500;

fuzz_target!(|bytes: &[u8]| {
    let (source, mut diagnostics) = Source::parse("spec.yaml", bytes);
    let unchanged = |text: &str| Substitution { value: Some(Value::from(text)), errors: vec![] };
    for span in source.comments().iter().chain(source.code_blocks()) {
        check(&source, &Location::Span(span.clone()));
    }
    let document = read(&source, &Value::Bool(true), &unchanged, &mut diagnostics);
    for diagnostic in &diagnostics {
        check(&source, &diagnostic.location);
    }
    let mut left = PARTS_MAX;
    parts(&source, &document, DocumentPath::default(), &mut left);
    diagnostics.truncate(PARTS_MAX);
    text(&source, &diagnostics, false);
    let findings = [SpecDiagnostics { source: &source, diagnostics: &diagnostics, suppressed: &[] }];
    documents(&findings);
    sarif(&findings);
    github(&findings);
});

fn parts(source: &Source, document: &Value, path: DocumentPath, left: &mut usize) {
    let Some(fewer) = left.checked_sub(1) else { return };
    *left = fewer;
    check(source, &Location::Key(path.clone()));
    check(source, &Location::Value(path.clone()));
    match document {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| parts(source, value, path.clone().key(key), left));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(n, item)| parts(source, item, path.clone().index(n), left));
        }
        _ => {}
    }
}

/// A position is in the text, between characters, and in one line.
fn check(source: &Source, at: &Location) {
    let span = source.span(at);
    let text = source.text.get(span.clone());
    let text = text.unwrap_or_else(|| panic!("{at:?} is at {span:?}"));
    assert!(matches!(at, Location::Span(_)) || !text.contains('\n'), "{at:?} is at {span:?}");
    let place = source.position(at);
    assert!(place.line >= 1 && place.column >= 1, "{at:?} is at {place:?}");
}
