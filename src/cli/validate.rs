//! `provision validate`: everything that is wrong with a spec, at its place.
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::load::{Loaded, read};
use crate::cli::parameters::{ParameterArgs, reject_unsuited};
use crate::cli::plan::{Format, json};
use crate::cli::{Exit, Failure, Io};
use crate::diagnostic::{Diagnostic, Severity};
use crate::render::diagnostics;

/// Check specs without talking to AWS
///
/// Reports every mistake at once, each at its line and column. Warnings don't fail the check unless
/// you ask for it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision validate spec.yaml
  provision validate stacks/*.yaml --deny-warnings
  cat spec.yaml | provision validate - --format json")]
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

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.given(io)?;
    let loaded: Vec<Loaded> = args.specs.iter().map(|path| read(path, &given, io)).collect();
    for spec in loaded.iter().filter_map(|it| it.spec.as_ref()) {
        reject_unsuited(spec, &given)?;
    }
    match args.format {
        Format::Human => {
            for it in &loaded {
                let worth =
                    |problem: &&Diagnostic| problem.severity == Severity::Error || !io.quiet;
                let problems: Vec<Diagnostic> = it.problems.iter().filter(worth).cloned().collect();
                let text = diagnostics::text(&it.source, &problems, io.error_colored());
                io.say(&text);
            }
        }
        Format::Json => {
            let all: Vec<_> =
                loaded.iter().map(|it| (&it.source, it.problems.as_slice())).collect();
            let report: Value = diagnostics::json(&all);
            io.result(&json(&report)?)?;
        }
    }
    let count = |severity: Severity| {
        loaded.iter().flat_map(|it| &it.problems).filter(|it| it.severity == severity).count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let failed = errors > 0 || (args.deny_warnings && warnings > 0);
    if args.format == Format::Human {
        io.note(&format!("{}\n", summary(loaded.len(), errors, warnings)));
    }
    Ok(if failed { Exit::Error } else { Exit::Done })
}

fn summary(files: usize, errors: usize, warnings: usize) -> String {
    let plural = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let found = match (errors, warnings) {
        (0, 0) => return format!("{}: nothing to object to", plural(files, "spec")),
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => {
            format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
        }
    };
    format!("{}: {found}", plural(files, "spec"))
}
