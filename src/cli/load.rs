//! Reads a spec and the files beside it.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::files::{BYTES_MAX, io_reason, is_pipe, is_stdin, read_file, read_named};
use crate::cli::{Exit, Failure, Io};
use crate::render::diagnostics::{self, SpecDiagnostics};
use provision_core::diagnostic::{Diagnostic, Location, ReferencedFile, Severity};
use provision_core::kind::Files;
use provision_core::saved_plan::SavedPlan;
use provision_core::source::Source;
use provision_core::spec::{ParameterValues, Spec, load_with_tolerated_errors};
use provision_core::suppression::{SuppressedDiagnostic, SuppressionResult, apply_suppressions};

/// A file that was read, whatever came of it.
#[derive(Debug)]
pub struct LoadedSpec {
    pub source: Source,
    pub spec: Option<Spec>,
    pub diagnostics: Vec<Diagnostic>,
    /// What comments in the files allow.
    pub suppressed: Vec<SuppressedDiagnostic>,
    /// The files beside it that it names, there or not.
    pub beside: Vec<PathBuf>,
}

impl LoadedSpec {
    pub fn diagnostics(&self) -> SpecDiagnostics<'_> {
        SpecDiagnostics {
            source: &self.source,
            diagnostics: &self.diagnostics,
            suppressed: &self.suppressed,
        }
    }
    /// Shows what is wrong with it, and goes on only if that is no error.
    pub fn into_valid(self, warns: WarningPolicy, io: &mut Io) -> Result<ValidSpec, Failure> {
        let Self { source, spec, diagnostics, .. } = self;
        let tells_all = !io.quiet && warns == WarningPolicy::Yes;
        let worth = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error || tells_all;
        let diagnostics: Vec<Diagnostic> = diagnostics.into_iter().filter(worth).collect();
        if !diagnostics.is_empty() {
            let text = diagnostics::text(&source, &diagnostics, io.error_colored());
            io.report(&text);
        }
        match spec {
            Some(spec) => Ok(ValidSpec { source, spec }),
            None => {
                let errors = diagnostics
                    .iter()
                    .filter(|diagnostic| diagnostic.severity == Severity::Error)
                    .count();
                let errors =
                    if errors == 1 { "1 error".into() } else { format!("{errors} errors") };
                Err(Failure::error(format!("{} has {errors}", source.name)))
            }
        }
    }
}

/// A spec that may be acted on, and its text.
#[derive(Debug)]
pub struct ValidSpec {
    pub source: Source,
    pub spec: Spec,
}

/// A file that was opened, whatever is in it: what comes through a pipe can be read once only.
#[derive(Debug)]
pub struct SpecFile {
    path: PathBuf,
    name: String,
    pub bytes: Result<Vec<u8>, String>,
}

/// Whether a command shows the warnings, too: one that brings nothing of the spec about does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningPolicy {
    Yes,
    No,
}

/// What a command finds wrong with a spec that is sound otherwise.
type Check<'a> = &'a dyn Fn(&Spec) -> Vec<Diagnostic>;

/// Every error counts.
const NONE_TOLERATED: &dyn Fn(&Diagnostic) -> bool = &|_| false;

/// Reads the spec at `path`, `-` for standard input, and all that is wrong with it.
pub fn read(path: &Path, given: &ParameterValues, io: &mut Io) -> Result<LoadedSpec, Failure> {
    let opened = open_file(path, io);
    reject_plan(&opened)?;
    Ok(read_with(&opened, given, &|_| Vec::new(), NONE_TOLERATED, io))
}

/// A saved plan is no spec: nothing of what a spec's errors say would help.
fn reject_plan(opened: &SpecFile) -> Result<(), Failure> {
    if !opened.bytes.as_ref().is_ok_and(|items| SavedPlan::is_saved_plan(items)) {
        return Ok(());
    }
    let name = &opened.name;
    Err(Failure::new(Exit::Usage, format!("{name} is a saved plan, and no spec")).with_hint(
        format!("a plan is carried out, also one that deletes, by `provision apply {name}`"),
    ))
}

/// Opens the file at `path`, `-` for standard input.
pub fn open_file(path: &Path, io: &mut Io) -> SpecFile {
    let (name, bytes) = read_named(path, io);
    SpecFile { path: path.to_owned(), name, bytes }
}

fn read_with(
    opened: &SpecFile,
    given: &ParameterValues,
    check: Check<'_>,
    mild: &dyn Fn(&Diagnostic) -> bool,
    io: &mut Io,
) -> LoadedSpec {
    let SpecFile { path, name, bytes } = opened;
    let stdin = is_stdin(path);
    let (source, mut diagnostics) = match bytes {
        Ok(bytes) => Source::parse(name, bytes),
        Err(reason) => {
            let message = format!("the spec can't be read: {reason}");
            let diagnostic = Diagnostic::error("PV001", Location::File, message);
            (Source::parse(name, b"").0, vec![diagnostic])
        }
    };
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if broken && source.is_empty() {
        let (suppressed, beside) = (Vec::new(), Vec::new());
        return LoadedSpec { source, spec: None, diagnostics, suppressed, beside };
    }
    // What comes through a pipe stands in no folder of its own.
    let piped = stdin || is_pipe(path);
    let folder = match piped {
        true => io.folder.clone(),
        false => io.path(path).parent().map_or_else(|| io.folder.clone(), Path::to_path_buf),
    };
    let spec = if piped { "" } else { name };
    let files = ReferencedFiles { spec, folder, read: RefCell::default() };
    let now_epoch_s = io.now_epoch_s();
    let (spec, more) = load_with_tolerated_errors(&source, &files, now_epoch_s, given, mild);
    diagnostics.extend(more);
    diagnostics.extend(spec.iter().flat_map(check));
    let broken = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error && !mild(diagnostic));
    let beside = files.requested_paths();
    let known = files.into_files();
    let SuppressionResult { diagnostics, suppressed } =
        apply_suppressions(&source, &known, diagnostics, now_epoch_s);
    LoadedSpec { source, spec: spec.filter(|_| !broken), diagnostics, suppressed, beside }
}

/// Reads the spec, shows what is wrong with it, and goes on only if that is no error.
pub fn load_valid_spec(
    path: &Path,
    given: &ParameterValues,
    warns: WarningPolicy,
    io: &mut Io,
) -> Result<Spec, Failure> {
    Ok(load_valid_spec_in(&open_file(path, io), given, warns, io)?.spec)
}

/// Reads a spec for a command that needs one handler of it: what is wrong with handlers' code is left to judge.
pub fn read_tolerating_handler_errors(
    path: &Path,
    given: &ParameterValues,
    io: &mut Io,
) -> Result<LoadedSpec, Failure> {
    let opened = open_file(path, io);
    reject_plan(&opened)?;
    let mild = |diagnostic: &Diagnostic| diagnostic.code.starts_with("PV3");
    Ok(read_with(&opened, given, &|_| Vec::new(), &mild, io))
}

/// The same for a file that was opened, with its text.
pub fn load_valid_spec_in(
    opened: &SpecFile,
    given: &ParameterValues,
    warns: WarningPolicy,
    io: &mut Io,
) -> Result<ValidSpec, Failure> {
    with_suppressions(opened, given, &|_| Vec::new(), warns, io)
}

/// The same for a command that has demands of its own.
pub fn load_valid_spec_with(
    path: &Path,
    given: &ParameterValues,
    check: Check<'_>,
    io: &mut Io,
) -> Result<Spec, Failure> {
    Ok(with_suppressions(&open_file(path, io), given, check, WarningPolicy::Yes, io)?.spec)
}

fn with_suppressions(
    opened: &SpecFile,
    given: &ParameterValues,
    check: Check<'_>,
    warns: WarningPolicy,
    io: &mut Io,
) -> Result<ValidSpec, Failure> {
    reject_plan(opened)?;
    read_with(opened, given, check, NONE_TOLERATED, io).into_valid(warns, io)
}

/// The files in the spec's folder and below; none outside it.
///
/// Each is read once, so that what was checked is what is used.
#[derive(Debug)]
struct ReferencedFiles<'a> {
    /// The spec, as people know it.
    spec: &'a str,
    folder: PathBuf,
    read: RefCell<BTreeMap<String, Result<Arc<ReferencedFile>, String>>>,
}

impl Files for ReferencedFiles<'_> {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        let mut read = self.read.borrow_mut();
        let file = || Ok(ReferencedFile::relative_to(self.spec, path, self.read(path)?).into());
        read.entry(path.to_owned()).or_insert_with(file).clone()
    }
}

impl ReferencedFiles<'_> {
    /// Where each file is that was asked for.
    fn requested_paths(&self) -> Vec<PathBuf> {
        self.read.borrow().keys().map(|key| self.folder.join(key)).collect()
    }
    /// The files that were read.
    fn into_files(self) -> Vec<Arc<ReferencedFile>> {
        self.read.into_inner().into_values().filter_map(Result::ok).collect()
    }
    fn read(&self, path: &str) -> Result<String, String> {
        let folder = self.folder.canonicalize().map_err(|error| io_reason(&error))?;
        if Path::new(path).is_absolute() {
            return Err("write it relative to the spec".to_owned());
        }
        let file = folder.join(path).canonicalize().map_err(|error| io_reason(&error))?;
        if !file.starts_with(&folder) {
            return Err("it lies outside the spec's folder".to_owned());
        }
        let bytes = read_file(&file)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(format!("it is larger than {} MB", BYTES_MAX / 1024 / 1024));
        }
        String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())
    }
}
