//! What an analysis of handler code results in.
use std::ops::Range;

use crate::diagnostic::Severity;

/// Nobody reads more at once, and broken code can have as many as it has characters.
pub const DIAGNOSTICS_MAX: usize = 100;

/// What there is to know of a handler's code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandlerAnalysis {
    pub on_publish: Option<Export>,
    pub on_subscribe: Option<Export>,
    /// By place, at most [`FINDINGS_MAX`].
    pub diagnostics: Vec<HandlerDiagnostic>,
}

/// One of the two names that AppSync looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Where the name stands.
    pub span: Range<usize>,
    pub kind: ExportKind,
}

/// What is exported under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// It runs without a data source.
    Function,
    /// It makes a data source's request and reads its answer.
    Object { request: bool, response: bool },
    /// Only running the code would show.
    Unknown,
}

/// Something that AppSync refuses, or that probably is not what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerDiagnostic {
    /// `PV310`.
    pub code: &'static str,
    pub severity: Severity,
    /// Bytes of the code.
    pub span: Range<usize>,
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}
