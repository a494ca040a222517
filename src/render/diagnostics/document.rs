//! Sorts diagnostics by location, and lists them as a document in the form of `schemas/diagnostics.schema.json`.
use schemars::JsonSchema;
use serde::Serialize;

use provision_core::diagnostic::{Diagnostic, Location, Severity};
use provision_core::source::{Source, SourceMap, TextLocation};
use provision_core::suppression::SuppressedDiagnostic;

/// The diagnostics of one spec.
#[derive(Clone, Copy, Debug)]
pub struct SpecDiagnostics<'a> {
    pub source: &'a Source,
    pub diagnostics: &'a [Diagnostic],
    /// Diagnostics that comments suppress; only SARIF shows them.
    pub suppressed: &'a [SuppressedDiagnostic],
}

/// A diagnostic: the problem, its location, and how to fix it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticDocument<'a> {
    /// Stable, such as `PV103`; `provision explain` has a page for each.
    pub code: &'a str,
    pub severity: Severity,
    /// The problem.
    pub message: &'a str,
    /// How to fix it.
    pub help: Option<&'a str>,
    /// The path of the part of the spec, such as `apis.chat.namespaces.room.publish[0]`.
    pub path: Option<String>,
    /// The spec as named on the command line, `<stdin>`, or a file that the spec references.
    pub file: &'a str,
    /// The line in which it starts, from 1.
    pub line: usize,
    /// The first character in that line, from 1.
    pub column: usize,
    /// The line in which it ends.
    pub end_line: usize,
    /// The character after its last one.
    pub end_column: usize,
    /// Its first byte, from 0.
    pub byte_start: usize,
    /// The byte after its last one.
    pub byte_end: usize,
    /// Text that fixes it when it replaces the bytes.
    pub suggestion: Option<&'a str>,
}

/// Returns the diagnostics of all specs, by spec and location.
pub fn documents<'a>(specs: &[SpecDiagnostics<'a>]) -> Vec<DiagnosticDocument<'a>> {
    let each = specs
        .iter()
        .flat_map(|spec_diagnostics| sorted(spec_diagnostics.source, spec_diagnostics.diagnostics));
    let document = |(diagnostic, located): (&'a Diagnostic, TextLocation<'a>)| {
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
    each.map(document).collect()
}

/// Returns diagnostics with their locations: those in the spec first, then file by file.
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
