//! Reads a spec and the files that it references, and reports its diagnostics.
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

/// A spec file that was read, valid or not.
#[derive(Debug)]
pub struct LoadedSpec {
    pub source: Source,
    pub spec: Option<Spec>,
    pub diagnostics: Vec<Diagnostic>,
    /// Diagnostics that comments in the files suppress.
    pub suppressed: Vec<SuppressedDiagnostic>,
    /// The files that the spec references, whether they exist or not.
    pub referenced_paths: Vec<PathBuf>,
}

impl LoadedSpec {
    pub fn diagnostics(&self) -> SpecDiagnostics<'_> {
        SpecDiagnostics {
            source: &self.source,
            diagnostics: &self.diagnostics,
            suppressed: &self.suppressed,
        }
    }
    /// Prints the diagnostics and returns the spec. Fails if the spec has an error that is not tolerated.
    pub fn into_valid(self, warns: WarningPolicy, io: &mut Io) -> Result<ValidSpec, Failure> {
        let Self { source, spec, diagnostics, .. } = self;
        let shows_all = !io.quiet && warns == WarningPolicy::Yes;
        let is_shown =
            |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error || shows_all;
        let diagnostics: Vec<Diagnostic> = diagnostics.into_iter().filter(is_shown).collect();
        if !diagnostics.is_empty() {
            let text = diagnostics::text(&source, &diagnostics, io.error_colored());
            io.eprint(&text);
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

/// A spec without errors, except for tolerated ones, and its text.
#[derive(Debug)]
pub struct ValidSpec {
    pub source: Source,
    pub spec: Spec,
}

/// The content of a spec file or a saved plan. It is kept because a pipe can be read only once.
#[derive(Debug)]
pub struct SpecFile {
    path: PathBuf,
    name: String,
    pub bytes: Result<Vec<u8>, String>,
}

/// Whether a command also prints warnings. A command that does not apply the spec prints only errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningPolicy {
    Yes,
    No,
}

/// A command's own check, which runs on a valid spec.
type Check<'a> = &'a dyn Fn(&Spec) -> Vec<Diagnostic>;

/// Tolerates no error.
const NONE_TOLERATED: &dyn Fn(&Diagnostic) -> bool = &|_| false;

/// Reads the spec at `path`, `-` for stdin, with all its diagnostics.
pub fn read(path: &Path, values: &ParameterValues, io: &mut Io) -> Result<LoadedSpec, Failure> {
    let file = read_spec_file(path, io);
    reject_plan(&file)?;
    Ok(read_with(&file, values, &|_| Vec::new(), NONE_TOLERATED, io))
}

/// Rejects a saved plan: its diagnostics as a spec would mislead.
fn reject_plan(file: &SpecFile) -> Result<(), Failure> {
    if !file.bytes.as_ref().is_ok_and(|bytes| SavedPlan::is_saved_plan(bytes)) {
        return Ok(());
    }
    let name = &file.name;
    Err(Failure::new(Exit::Usage, format!("`{name}` is a saved plan, not a spec")).with_hint(
        format!("apply it, also if it deletes the stack, with `provision apply {name}`"),
    ))
}

/// Reads the bytes of the file at `path`, `-` for stdin, without parsing them.
pub fn read_spec_file(path: &Path, io: &mut Io) -> SpecFile {
    let (name, bytes) = read_named(path, io);
    SpecFile { path: path.to_owned(), name, bytes }
}

/// Parses and checks a spec. Runs `check` if the spec is valid.
fn read_with(
    file: &SpecFile,
    values: &ParameterValues,
    check: Check<'_>,
    is_tolerated: &dyn Fn(&Diagnostic) -> bool,
    io: &mut Io,
) -> LoadedSpec {
    let SpecFile { path, name, bytes } = file;
    let stdin = is_stdin(path);
    let (source, mut diagnostics) = match bytes {
        Ok(bytes) => Source::parse(name, bytes),
        Err(reason) => {
            let message = format!("cannot read the spec: {reason}");
            let diagnostic = Diagnostic::error("PV001", Location::File, message);
            (Source::parse(name, b"").0, vec![diagnostic])
        }
    };
    let has_errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if has_errors && source.is_empty() {
        let (suppressed, referenced_paths) = (Vec::new(), Vec::new());
        return LoadedSpec { source, spec: None, diagnostics, suppressed, referenced_paths };
    }
    // A spec from a pipe references files relative to the folder of the command.
    let is_piped = stdin || is_pipe(path);
    let folder = match is_piped {
        true => io.folder.clone(),
        false => io.path(path).parent().map_or_else(|| io.folder.clone(), Path::to_path_buf),
    };
    let spec = if is_piped { "" } else { name };
    let files = ReferencedFiles { spec, folder, read: RefCell::default() };
    let now_epoch_s = io.now_epoch_s();
    let (spec, more) =
        load_with_tolerated_errors(&source, &files, now_epoch_s, values, is_tolerated);
    diagnostics.extend(more);
    diagnostics.extend(spec.iter().flat_map(check));
    let has_errors = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error && !is_tolerated(diagnostic));
    let referenced_paths = files.requested_paths();
    let files = files.into_files();
    let SuppressionResult { diagnostics, suppressed } =
        apply_suppressions(&source, &files, diagnostics, now_epoch_s);
    let spec = spec.filter(|_| !has_errors);
    LoadedSpec { source, spec, diagnostics, suppressed, referenced_paths }
}

/// Reads the spec at `path`, prints its diagnostics and returns it. Fails if there is an error.
pub fn load_valid_spec(
    path: &Path,
    values: &ParameterValues,
    warns: WarningPolicy,
    io: &mut Io,
) -> Result<Spec, Failure> {
    Ok(load_valid_spec_in(&read_spec_file(path, io), values, warns, io)?.spec)
}

/// Reads a spec for a command that needs only one of its handlers: errors in handler code do not make it invalid.
pub fn read_tolerating_handler_errors(
    path: &Path,
    values: &ParameterValues,
    io: &mut Io,
) -> Result<LoadedSpec, Failure> {
    let file = read_spec_file(path, io);
    reject_plan(&file)?;
    let is_tolerated = |diagnostic: &Diagnostic| diagnostic.code.starts_with("PV3");
    Ok(read_with(&file, values, &|_| Vec::new(), &is_tolerated, io))
}

/// Like [`load_valid_spec`], for a file that was already read. Also returns the text of the spec.
pub fn load_valid_spec_in(
    file: &SpecFile,
    values: &ParameterValues,
    warns: WarningPolicy,
    io: &mut Io,
) -> Result<ValidSpec, Failure> {
    check_valid_spec(file, values, &|_| Vec::new(), warns, io)
}

/// Like [`load_valid_spec`], for a command with its own check. Prints warnings, too.
pub fn load_valid_spec_with(
    path: &Path,
    values: &ParameterValues,
    check: Check<'_>,
    io: &mut Io,
) -> Result<Spec, Failure> {
    Ok(check_valid_spec(&read_spec_file(path, io), values, check, WarningPolicy::Yes, io)?.spec)
}

fn check_valid_spec(
    file: &SpecFile,
    values: &ParameterValues,
    check: Check<'_>,
    warns: WarningPolicy,
    io: &mut Io,
) -> Result<ValidSpec, Failure> {
    reject_plan(file)?;
    read_with(file, values, check, NONE_TOLERATED, io).into_valid(warns, io)
}

/// The files in the spec's folder and its subfolders; never files outside it.
///
/// Each file is read once, so that the text that was checked is the text that is used.
#[derive(Debug)]
struct ReferencedFiles<'a> {
    /// The display name of the spec.
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
    /// Returns the path of each file that was requested.
    fn requested_paths(&self) -> Vec<PathBuf> {
        self.read.borrow().keys().map(|key| self.folder.join(key)).collect()
    }
    /// Returns the files that were read.
    fn into_files(self) -> Vec<Arc<ReferencedFile>> {
        self.read.into_inner().into_values().filter_map(Result::ok).collect()
    }
    fn read(&self, path: &str) -> Result<String, String> {
        let folder = self.folder.canonicalize().map_err(|error| io_reason(&error))?;
        if Path::new(path).is_absolute() {
            return Err("the path must be relative to the spec".to_owned());
        }
        let file = folder.join(path).canonicalize().map_err(|error| io_reason(&error))?;
        if !file.starts_with(&folder) {
            return Err("it is outside the spec's folder".to_owned());
        }
        let bytes = read_file(&file)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(format!("it is larger than {} MB", BYTES_MAX / 1024 / 1024));
        }
        String::from_utf8(bytes).map_err(|_| "it is not valid UTF-8".to_owned())
    }
}
