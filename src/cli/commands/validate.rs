//! `provision validate`: reports all diagnostics of specs. Reads only the specs and the files that they reference.
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::io::json;
use crate::cli::load::{LoadedSpec, read};
use crate::cli::parameters::{ParameterArgs, reject_invalid};
use crate::cli::{Exit, Failure, Io};
use crate::render::diagnostics::{self, SpecDiagnostics};
use provision_core::diagnostic::{Diagnostic, Severity};

/// Check specs without talking to AWS
///
/// Reports all diagnostics at once, each with its line and column. Warnings fail the check only with --deny-warnings.
/// A comment `# provision: allow PV204 until 2027-01-31 REASON` suppresses a warning in its line or, if the comment is
/// alone in its line, in the next line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision validate spec.yaml
  provision validate stacks/*.yaml --deny-warnings
  cat spec.yaml | provision validate - --format json
  provision validate spec.yaml --format sarif > provision.sarif")]
pub struct Args {
    /// The specs; `-` for stdin
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    parameters: ParameterArgs,
}

/// The output format of diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs: a JSON list, as in schemas/diagnostics.schema.json
    Json,
    /// For code scanning services and editors: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions, which annotates the lines
    Github,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if args.specs.iter().filter(|spec| *spec == Path::new("-")).count() > 1 {
        let message = "`-` is repeated, but stdin can be read only once";
        return Err(Failure::new(Exit::Usage, message));
    }
    let values = args.parameters.values(io)?;
    let specs = args.specs.iter().map(|path| read(path, &values, io));
    let specs = specs.collect::<Result<Vec<LoadedSpec>, Failure>>()?;
    for spec in specs.iter().filter_map(|spec| spec.spec.as_ref()) {
        reject_invalid(spec, &values)?;
    }
    let all: Vec<SpecDiagnostics<'_>> = specs.iter().map(LoadedSpec::diagnostics).collect();
    match args.format {
        Format::Human => {
            for spec in &specs {
                let is_shown =
                    |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error || !io.quiet;
                let diagnostics: Vec<Diagnostic> =
                    spec.diagnostics.iter().filter(is_shown).cloned().collect();
                let text = diagnostics::text(&spec.source, &diagnostics, io.error_colored());
                io.eprint(&text);
            }
        }
        Format::Json => io.print_result(&json(&diagnostics::documents(&all)))?,
        Format::Sarif => io.print_result(&json(&diagnostics::sarif(&all)))?,
        Format::Github => io.print_result(&diagnostics::github(&all))?,
    }
    io.eprint_unless_quiet(&format!("{}\n", summary(&all)));
    let worst = all
        .iter()
        .flat_map(|spec_diagnostics| spec_diagnostics.diagnostics)
        .min_by_key(|diagnostic| diagnostic.severity);
    if let (Some(worst), Format::Human) = (worst, args.format) {
        io.eprint_unless_quiet(&format!("For more: provision explain {}\n", worst.code));
    }
    let failed = worst.is_some_and(|diagnostic| match diagnostic.severity {
        Severity::Error => true,
        Severity::Warning => args.deny_warnings,
        Severity::Note => false,
    });
    if failed && worst.is_some_and(|diagnostic| diagnostic.severity == Severity::Warning) {
        io.eprint_unless_quiet("Warnings are denied: `--deny-warnings`\n");
    }
    Ok(if failed { Exit::Error } else { Exit::Done })
}

/// Returns the number of diagnostics of each severity.
fn summary(specs: &[SpecDiagnostics<'_>]) -> String {
    let plural = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let count = |severity: Severity| {
        specs
            .iter()
            .flat_map(|spec_diagnostics| spec_diagnostics.diagnostics)
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| (count(severity), severity.as_str()));
    let parts = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| plural(n, noun));
    let mut parts: Vec<String> = parts.collect();
    let suppressed: usize = specs.iter().map(|diagnostics| diagnostics.suppressed.len()).sum();
    let specs = plural(specs.len(), "spec");
    let is_valid = parts.is_empty();
    if suppressed > 0 {
        parts.push(format!("{suppressed} suppressed by comments"));
    }
    match (is_valid, parts.is_empty()) {
        (true, true) => format!("{specs} valid"),
        (true, false) => format!("{specs} valid, {}", parts.join(", ")),
        (false, _) => format!("{specs}: {}", parts.join(", ")),
    }
}
