//! Findings by place, and as a flat list whose form is `schemas/diagnostics.schema.json`.
use schemars::JsonSchema;
use serde::Serialize;

use provision_core::diagnostic::{Diagnostic, Location, Severity};
use provision_core::source::{Source, SourceMap, TextLocation};
use provision_core::suppression::SuppressedDiagnostic;

/// What is known of one spec.
#[derive(Clone, Copy, Debug)]
pub struct SpecDiagnostics<'a> {
    pub source: &'a Source,
    pub diagnostics: &'a [Diagnostic],
    /// What comments allow; only a format that can say so shows it.
    pub suppressed: &'a [SuppressedDiagnostic],
}

/// A finding: what is wrong, where, and what to do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticDocument<'a> {
    /// Stable, such as `PV103`; `provision explain` has a page for each.
    pub code: &'a str,
    pub severity: Severity,
    /// What is wrong.
    pub message: &'a str,
    /// What to do.
    pub help: Option<&'a str>,
    /// The way to the part of the spec, such as `apis.chat.namespaces.room.publish[0]`.
    pub path: Option<String>,
    /// The spec as it was named on the command line, `<stdin>`, or a file beside it.
    pub file: &'a str,
    /// The line in which it begins, from 1.
    pub line: usize,
    /// The character in its line, from 1.
    pub column: usize,
    /// The line in which it ends.
    pub end_line: usize,
    /// The character after its last one.
    pub end_column: usize,
    /// Its first byte, from 0.
    pub byte_start: usize,
    /// The byte after its last one.
    pub byte_end: usize,
    /// Text that would be right in its place.
    pub suggestion: Option<&'a str>,
}

/// The findings of all specs, in the order of the specs and of their places.
pub fn documents<'a>(specs: &[SpecDiagnostics<'a>]) -> Vec<DiagnosticDocument<'a>> {
    let each = specs
        .iter()
        .flat_map(|spec_diagnostics| sorted(spec_diagnostics.source, spec_diagnostics.diagnostics));
    let finding = |(diagnostic, located): (&'a Diagnostic, TextLocation<'a>)| {
        let path = diagnostic.path().map(ToString::to_string);
        DiagnosticDocument {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            path,
            file: located.name,
            line: located.start.line,
            column: located.start.column,
            end_line: located.end.line,
            end_column: located.end.column,
            byte_start: located.span.start,
            byte_end: located.span.end,
            suggestion: diagnostic.suggestion.as_deref(),
        }
    };
    each.map(finding).collect()
}

/// Findings with their places: the spec's own first, then file by file.
pub fn sorted<'a>(
    source: &'a Source,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
) -> Vec<(&'a Diagnostic, TextLocation<'a>)> {
    let places = SourceMap::new(source);
    let mut sorted: Vec<_> = diagnostics
        .into_iter()
        .map(|diagnostic| (diagnostic, places.locate(&diagnostic.location)))
        .collect();
    let other =
        |diagnostic: &Diagnostic| matches!(diagnostic.location, Location::ReferencedFile { .. });
    sorted.sort_by(|(a, at), (b, bt)| {
        let key = |diagnostic, located: &TextLocation<'a>| {
            (other(diagnostic), located.name, located.span.start)
        };
        key(a, at).cmp(&key(b, bt)).then(a.severity.cmp(&b.severity))
    });
    sorted
}
