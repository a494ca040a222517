//! `provision validate`: everything that is wrong with a spec, at its place.
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
/// Reports every mistake at once, each at its line and column. Warnings don't fail the check unless
/// you ask for it. A comment `# provision: allow PV204 until 2027-01-31 why` accepts a warning in its
/// line, or alone in a line, in the next.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision validate spec.yaml
  provision validate stacks/*.yaml --deny-warnings
  cat spec.yaml | provision validate - --format json
  provision validate spec.yaml --format sarif > provision.sarif")]
pub struct Args {
    /// The specs; `-` for standard input
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Take warnings for errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    parameters: ParameterArgs,
}

/// For whom findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs: a list, as in schemas/diagnostics.schema.json
    Json,
    /// For code scanning services and editors: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions, which shows each in its line
    Github,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if args.specs.iter().filter(|spec| *spec == Path::new("-")).count() > 1 {
        let message = "`-` is given twice, and standard input can be read once";
        return Err(Failure::new(Exit::Usage, message));
    }
    let given = args.parameters.values(io)?;
    let loaded = args.specs.iter().map(|path| read(path, &given, io));
    let loaded = loaded.collect::<Result<Vec<LoadedSpec>, Failure>>()?;
    for spec in loaded.iter().filter_map(|loaded_spec| loaded_spec.spec.as_ref()) {
        reject_invalid(spec, &given)?;
    }
    let findings: Vec<SpecDiagnostics<'_>> = loaded.iter().map(LoadedSpec::diagnostics).collect();
    match args.format {
        Format::Human => {
            for it in &loaded {
                let worth =
                    |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error || !io.quiet;
                let diagnostics: Vec<Diagnostic> =
                    it.diagnostics.iter().filter(worth).cloned().collect();
                let text = diagnostics::text(&it.source, &diagnostics, io.error_colored());
                io.report(&text);
            }
        }
        Format::Json => io.result(&json(&diagnostics::documents(&findings)))?,
        Format::Sarif => io.result(&json(&diagnostics::sarif(&findings)))?,
        Format::Github => io.result(&diagnostics::github(&findings))?,
    }
    io.note(&format!("{}\n", summary(&findings)));
    let worst = findings
        .iter()
        .flat_map(|spec_diagnostics| spec_diagnostics.diagnostics)
        .min_by_key(|diagnostic| diagnostic.severity);
    if let (Some(worst), Format::Human) = (worst, args.format) {
        io.note(&format!("For more: provision explain {}\n", worst.code));
    }
    let failed = worst.is_some_and(|diagnostic| match diagnostic.severity {
        Severity::Error => true,
        Severity::Warning => args.deny_warnings,
        Severity::Note => false,
    });
    if failed && worst.is_some_and(|diagnostic| diagnostic.severity == Severity::Warning) {
        io.note("Warnings are denied: `--deny-warnings`\n");
    }
    Ok(if failed { Exit::Error } else { Exit::Done })
}

/// How many findings there are of each severity.
fn summary(specs: &[SpecDiagnostics<'_>]) -> String {
    let plural = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let count = |severity: Severity| {
        specs
            .iter()
            .flat_map(|spec_diagnostics| spec_diagnostics.diagnostics)
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let counted = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| (count(severity), severity.as_str()));
    let found = counted.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| plural(n, noun));
    let mut found: Vec<String> = found.collect();
    if found.is_empty() {
        found.push("nothing to object to".to_owned());
    }
    let suppressed: usize = specs.iter().map(|diagnostics| diagnostics.suppressed.len()).sum();
    if suppressed > 0 {
        found.push(format!("{suppressed} allowed by comments"));
    }
    format!("{}: {}", plural(specs.len(), "spec"), found.join(", "))
}
