//! Finds the code of a handler, its location and its diagnostics.
use serde_json::Value;

use crate::cli::{Failure, Io};
use crate::render::diagnostics;
use crate::render::evaluation::CodePlace;
use appsync_local::evaluation;
use provision_core::address::Address;
use provision_core::diagnostic::{self, Diagnostic, Location, ReferencedFile, Severity};
use provision_core::kind::DesiredResource;
use provision_core::source::Source;

/// The code of a handler, in a file or inline in the spec.
pub enum HandlerCode<'a> {
    File(ReferencedFile),
    Inline { text: &'a str, path: diagnostic::DocumentPath, source: &'a Source },
}

impl<'a> HandlerCode<'a> {
    pub fn find(
        address: &Address,
        resource: &'a DesiredResource,
        source: &'a Source,
    ) -> Result<Self, Failure> {
        let text = resource.properties.get("CodeHandlers").and_then(Value::as_str);
        let Some(text) = text else {
            return Err(Failure::error(format!("{address} has no handler code in the spec"))
                .with_hint("add a file with `handlers: { code: FILE }`"));
        };
        Ok(match resource.declared["handlers"]["code"].as_str() {
            Some(path) => {
                Self::File(ReferencedFile::relative_to(&source.name, path, text.to_owned()))
            }
            None => {
                let path = address.parts().chain(["handlers", "inline"]).collect();
                Self::Inline { text, path, source }
            }
        })
    }
    pub fn text(&self) -> &str {
        match self {
            Self::File(file) => &file.text,
            Self::Inline { text, .. } => text,
        }
    }
    /// Returns the name of the file that contains the code.
    pub fn name(&self) -> &str {
        match self {
            Self::File(file) => &file.name,
            Self::Inline { source, .. } => &source.name,
        }
    }
    pub fn shown(&self) -> &str {
        match self {
            Self::File(file) => &file.text,
            Self::Inline { source, .. } => &source.text,
        }
    }
    pub fn place(&self, at: evaluation::CodePosition) -> CodePlace {
        let (line, column) = match self {
            Self::File(_) => (at.line, at.column),
            Self::Inline { text, path, source } => {
                let before: usize =
                    text.split_inclusive('\n').take(at.line - 1).map(str::len).sum();
                let line = text[before..].lines().next().unwrap_or_default();
                let offset = line.char_indices().nth(at.column - 1).map_or(line.len(), |(n, _)| n);
                let byte = before + offset;
                let place = source
                    .position(&Location::SpanInValue { path: path.clone(), span: byte..byte });
                (place.line, place.column)
            }
        };
        CodePlace { file: self.name().to_owned(), line, column }
    }
}

/// Prints the diagnostics of this handler's code and fails if one is an error; ignores those of other code.
pub fn check(
    all: Vec<Diagnostic>,
    address: &Address,
    code: &HandlerCode<'_>,
    source: &Source,
    io: &mut Io,
) -> Result<(), Failure> {
    let namespace: diagnostic::DocumentPath = address.parts().collect();
    let is_about = |diagnostic: &Diagnostic| match &diagnostic.location {
        Location::ReferencedFile { file, .. } => file.name == code.name(),
        _ => diagnostic.path().is_some_and(|path| path.0.starts_with(&namespace.0)),
    };
    let mut diagnostics: Vec<Diagnostic> = all.into_iter().filter(is_about).collect();
    let has_errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error || !io.quiet);
    if !diagnostics.is_empty() {
        let text = diagnostics::text(source, &diagnostics, io.error_colored());
        io.eprint(&text);
    }
    match has_errors {
        true => Err(Failure::error(format!("the handler code of {address} has errors"))),
        false => Ok(()),
    }
}

/// Returns the position of the call that rejects: the engine reports the last expression that it evaluated before the
/// call, such as an argument.
pub fn error_call_position(code: &str, at: evaluation::CodePosition) -> evaluation::CodePosition {
    const CALLS: [&str; 2] = ["util.error(", "util.unauthorized("];
    let line = code.lines().nth(at.line - 1).unwrap_or_default();
    let (at_byte, _) = line.char_indices().nth(at.column - 1).unwrap_or((line.len(), ' '));
    let (before, after) = line.split_at(at_byte);
    if CALLS.iter().any(|call| after.starts_with(&call["util.".len()..])) {
        return at;
    }
    let last = CALLS.iter().filter_map(|call| before.rfind(call)).max();
    let column = last.map(|last| line[..last + "util.".len()].chars().count() + 1);
    evaluation::CodePosition { column: column.unwrap_or(at.column), ..at }
}
