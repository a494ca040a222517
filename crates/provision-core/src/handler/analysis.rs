//! The result of analyzing handler code: its exports and its diagnostics.
use std::ops::Range;

use crate::diagnostic::Severity;

/// Maximum number of diagnostics for one file; code that does not parse can have one for each character.
pub const DIAGNOSTICS_MAX: usize = 100;

/// The exports and the diagnostics of handler code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandlerAnalysis {
    /// The export `onPublish`.
    pub on_publish: Option<Export>,
    /// The export `onSubscribe`.
    pub on_subscribe: Option<Export>,
    /// Sorted by position, at most 100.
    pub diagnostics: Vec<HandlerDiagnostic>,
}

/// An export that AppSync calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The bytes of the exported name.
    pub span: Range<usize>,
    /// The form of the exported value.
    pub kind: ExportKind,
}

/// The form of an exported value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// A function, which runs without a data source.
    Function,
    /// An object whose functions build the request to a data source and read the response.
    Object {
        /// Whether the object has the function `request`.
        request: bool,
        /// Whether the object has the function `response`.
        response: bool,
    },
    /// A value that is not known before the code runs.
    Unknown,
}

/// A diagnostic in handler code. Unlike a [`Diagnostic`](crate::diagnostic::Diagnostic), it has a position in the
/// code, not in a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerDiagnostic {
    /// The code of the diagnostic, such as `PV310`.
    pub code: &'static str,
    /// Whether AppSync rejects the code.
    pub severity: Severity,
    /// Bytes of the handler code.
    pub span: Range<usize>,
    /// One line without a final period.
    pub message: String,
    /// How to fix the code.
    pub help: Option<String>,
}
