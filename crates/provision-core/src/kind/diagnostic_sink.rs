//! What is wrong with one declaration, while it is looked at.
use crate::diagnostic::{At, Diagnostic, Path};
use crate::kind::InvalidReading;

/// Collects what is wrong with one declaration; paths are relative to it.
#[derive(Debug)]
pub struct DiagnosticSink {
    base: Path,
    found: Vec<Diagnostic>,
}

impl DiagnosticSink {
    pub fn new(base: Path) -> Self {
        Self { base, found: Vec::new() }
    }
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
    /// An error at the value at `path`.
    pub fn error(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Value(self.path(path));
        self.push(Diagnostic::error(code, at, message))
    }
    /// An error at the value at `path`, if there is a reading of it that can't be.
    pub fn error_if_invalid(
        &mut self,
        unsound: Option<InvalidReading>,
        code: &'static str,
        path: &[PathStep<'_>],
        message: &str,
        help: &str,
    ) {
        if let Some(InvalidReading { label: told, .. }) = unsound {
            let problem = self.error(code, path, message.to_owned());
            problem.label = told;
            problem.help = Some(help.to_owned());
        }
    }
    /// An error at the key at `path`.
    pub fn error_at_key(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Key(self.path(path));
        self.push(Diagnostic::error(code, at, message))
    }
    pub fn warning(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Value(self.path(path));
        self.push(Diagnostic::warning(code, at, message))
    }
    pub fn warning_at_key(
        &mut self,
        code: &'static str,
        path: &[PathStep<'_>],
        message: String,
    ) -> &mut Diagnostic {
        let at = At::Key(self.path(path));
        self.push(Diagnostic::warning(code, at, message))
    }
    /// Whatever stands elsewhere than in this declaration.
    pub fn report(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }
    fn path(&self, steps: &[PathStep<'_>]) -> Path {
        steps.iter().fold(self.base.clone(), |path, step| match step {
            PathStep::Key(name) => path.key(name),
            PathStep::Index(n) => path.index(*n),
        })
    }
    fn push(&mut self, problem: Diagnostic) -> &mut Diagnostic {
        self.found.push(problem);
        self.found.last_mut().expect("it was just pushed")
    }
}

/// One step of a path inside a declaration.
#[derive(Clone, Copy, Debug)]
pub enum PathStep<'a> {
    Key(&'a str),
    Index(usize),
}
