//! Collects the diagnostics of one declaration while it is checked.
use crate::diagnostic::{Diagnostic, DocumentPath, Location};
use crate::kind::InvalidReading;

/// Collects the diagnostics of one declaration. Paths are relative to the declaration.
#[derive(Debug)]
pub struct DiagnosticSink {
    base: DocumentPath,
    found: Vec<Diagnostic>,
}

impl DiagnosticSink {
    /// Creates a sink for the declaration at `base`.
    pub fn new(base: DocumentPath) -> Self {
        Self { base, found: Vec::new() }
    }
    /// Returns the diagnostics, in the order of their reports.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
    /// Reports an error at the value at `path`.
    pub fn error(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = Location::Value(self.path(path));
        self.push(Diagnostic::error(code, at, message))
    }
    /// Reports an error at the value at `path`, if `invalid` is a value that it can resolve to.
    pub fn error_if_invalid(
        &mut self,
        unsound: Option<InvalidReading>,
        code: &'static str,
        path: &[PathStep<'_>],
        message: &str,
        help: &str,
    ) {
        if let Some(InvalidReading { label, .. }) = unsound {
            let diagnostic = self.error(code, path, message.to_owned());
            diagnostic.label = label;
            diagnostic.help = Some(help.to_owned());
        }
    }
    /// Reports an error at the key at `path`.
    pub fn error_at_key(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = Location::Key(self.path(path));
        self.push(Diagnostic::error(code, at, message))
    }
    /// Reports a warning at the value at `path`.
    pub fn warning(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = Location::Value(self.path(path));
        self.push(Diagnostic::warning(code, at, message))
    }
    /// Reports a warning at the key at `path`.
    pub fn warning_at_key(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = Location::Key(self.path(path));
        self.push(Diagnostic::warning(code, at, message))
    }
    /// Reports a diagnostic whose location is outside this declaration.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }
    fn path(&self, steps: &[PathStep<'_>]) -> DocumentPath {
        steps.iter().fold(self.base.clone(), |path, step| match step {
            PathStep::Key(name) => path.key(name),
            PathStep::Index(n) => path.index(*n),
        })
    }
    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.found.push(diagnostic);
        self.found.last_mut().expect("it was just pushed")
    }
}

/// One step of a path inside a declaration.
#[derive(Clone, Copy, Debug)]
pub enum PathStep<'a> {
    /// A member of a map.
    Key(&'a str),
    /// An item of a list, from 0.
    Index(usize),
}
