//! Parses any bytes as YAML: parsing ends, and every value has a position in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_core::diagnostic::{At, Path};
use provision::render::diagnostics::{Findings, github, json, sarif, text};
use provision_core::source::Source;
use provision_core::source::read::{Substitution, read};
use serde_json::Value;

/// Aliases can expand to a million values; checking the first of them is enough.
const PARTS_MAX: usize = 500;

fuzz_target!(|bytes: &[u8]| {
    let (source, mut diagnostics) = Source::parse("spec.yaml", bytes);
    let as_it_stands = |text: &str| Substitution { value: Some(Value::from(text)), objections: vec![] };
    for span in source.comments().iter().chain(source.blocks()) {
        check(&source, &At::Span(span.clone()));
    }
    let document = read(&source, &Value::Bool(true), &as_it_stands, &mut diagnostics);
    for diagnostic in &diagnostics {
        check(&source, &diagnostic.at);
    }
    let mut left = PARTS_MAX;
    parts(&source, &document, Path::default(), &mut left);
    diagnostics.truncate(PARTS_MAX);
    text(&source, &diagnostics, false);
    let findings = [Findings { source: &source, diagnostics: &diagnostics, allowed: &[] }];
    json(&findings);
    sarif(&findings);
    github(&findings);
});

fn parts(source: &Source, document: &Value, path: Path, left: &mut usize) {
    let Some(fewer) = left.checked_sub(1) else { return };
    *left = fewer;
    check(source, &At::Key(path.clone()));
    check(source, &At::Value(path.clone()));
    match document {
        Value::Object(map) => {
            map.iter().for_each(|(key, it)| parts(source, it, path.clone().key(key), left));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(n, it)| parts(source, it, path.clone().index(n), left));
        }
        _ => {}
    }
}

/// A position is in the text, between characters, and in one line.
fn check(source: &Source, at: &At) {
    let span = source.span(at);
    let text = source.text.get(span.clone());
    let text = text.unwrap_or_else(|| panic!("{at:?} is at {span:?}"));
    assert!(matches!(at, At::Span(_)) || !text.contains('\n'), "{at:?} is at {span:?}");
    let place = source.place(at);
    assert!(place.line >= 1 && place.column >= 1, "{at:?} is at {place:?}");
}
