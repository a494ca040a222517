//! `provision import`: converts a CloudFormation or SAM template to a spec. Reads only the template.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::arguments::{Format, region_name};
use crate::cli::files::read_named;
use crate::cli::files::{make_folder, write};
use crate::cli::io::json;
use crate::cli::parameters::ParameterArgs;
use crate::cli::{Exit, Failure, Io};
use crate::render::diagnostics::{self, SpecDiagnostics};
use provision_cfn::import::{ImportOptions, ImportResult, ImportedSpec, import};
use provision_core::diagnostic::{Diagnostic, Location, Severity};
use provision_core::source::Source;
use provision_core::spec::schema;

/// Convert a CloudFormation or SAM template to a spec
///
/// Reads YAML, also with short-form intrinsics, or JSON. Resources of other services are listed and omitted. Anything
/// that a spec cannot express is reported at its location in the template, and so is every condition that had to be
/// decided. `render` returns the same resources under the same logical ids. Do not deploy the result over a stack that
/// has other resources: CloudFormation deletes resources that the template does not have.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision import --template template.yaml > spec.yaml
  provision import --template template.yaml --out chat --stack chat --region eu-west-1
  provision import --template cdk.out/Chat.template.json --param Stage=prod --deny-warnings")]
pub struct Args {
    /// The template; `-` for stdin
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// Write spec.yaml, its schema and its handlers to this folder; by default, the spec is printed to stdout with inline
    /// handlers
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The name of the stack [default: from the name of the template file]
    #[arg(long, value_name = "NAME", value_parser = stack_name)]
    stack: Option<String>,
    /// The region of the spec, also used to evaluate conditions on AWS::Region
    #[arg(long, value_parser = region_name)]
    region: Option<String>,
    #[command(flatten)]
    parameters: ParameterArgs,
    /// The output format; `json` prints one document with the spec, its files and the diagnostics
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let values = args.parameters.values(io)?;
    let options = ImportOptions {
        stack: args.stack.clone().unwrap_or_else(|| default_stack_name(&args.template)),
        region: args.region.clone(),
        values,
        inline_code: args.out.is_none(),
        now_epoch_s: io.now_epoch_s(),
    };
    let (source, result) = read(&args.template, &options, io);
    if let (Some(spec), Some(folder)) = (&result.spec, &args.out) {
        write_all(spec, folder, io)?;
    }
    let diagnostics = &result.diagnostics;
    match args.format {
        Format::Human => {
            print_diagnostics(&source, diagnostics, io);
            if let (Some(spec), None) = (&result.spec, &args.out) {
                io.print_result(&spec.text)?;
            }
        }
        Format::Json => io.print_result(&json(&document(&source, &result)))?,
    }
    if let (Some(_), Some(folder), Format::Human) = (&result.spec, &args.out, args.format) {
        let spec = folder.join("spec.yaml");
        let spec = spec.display();
        io.eprint_unless_quiet(&format!(
            "wrote {spec}; to see its resources: provision render {spec} --cfn\n"
        ));
    }
    let has = |severity| diagnostics.iter().any(|diagnostic| diagnostic.severity == severity);
    let failed = has(Severity::Error) || (args.deny_warnings && has(Severity::Warning));
    Ok(if failed { Exit::Error } else { Exit::Done })
}

/// Reads the template and converts it; an unreadable template has only diagnostics.
fn read(path: &Path, options: &ImportOptions, io: &mut Io) -> (Source, ImportResult) {
    let (name, bytes) = read_named(path, io);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(reason) => {
            let message = format!("cannot read the template: {reason}");
            let diagnostics = vec![Diagnostic::error("PV001", Location::File, message)];
            return (Source::parse(&name, b"").0, ImportResult { spec: None, diagnostics });
        }
    };
    let (source, diagnostics) = Source::parse(&name, &bytes);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let diagnostics = diagnostics.into_iter().map(with_template_wording).collect();
        return (source, ImportResult { spec: None, diagnostics });
    }
    let result = import(&source, options);
    (source, result)
}

/// Replaces the help of YAML diagnostics, which is about specs, by help about templates.
fn with_template_wording(diagnostic: Diagnostic) -> Diagnostic {
    let help = match diagnostic.code {
        "PV004" => "pass a CloudFormation or SAM template in YAML or JSON",
        "PV005" => "a template has one document",
        _ => return diagnostic,
    };
    diagnostic.with_help(help)
}

/// Prints diagnostics with their source lines, and the resources of other services as a short list.
fn print_diagnostics(source: &Source, all: &[Diagnostic], io: &mut Io) {
    let (omitted, others): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        all.iter().partition(|diagnostic| diagnostic.code == "PV540");
    let is_shown = |diagnostic: &&&Diagnostic| diagnostic.severity == Severity::Error || !io.quiet;
    let others: Vec<Diagnostic> =
        others.iter().filter(is_shown).map(|diagnostic| (*diagnostic).clone()).collect();
    io.eprint(&diagnostics::text(source, &others, io.error_colored()));
    if !omitted.is_empty() {
        let omitted: Vec<Diagnostic> = omitted.into_iter().cloned().collect();
        io.eprint_unless_quiet(&diagnostics::list(source, "omitted", &omitted));
        io.eprint_unless_quiet(
            "A template that is rendered from the spec does not have these resources: deployed over the same stack, \
             it would delete them. Keep them in their template, and use a separate stack for the spec.\n",
        );
    }
}

fn document(source: &Source, result: &ImportResult) -> Value {
    let files: BTreeMap<&String, &String> =
        result.spec.iter().flat_map(|spec| &spec.files).collect();
    let diagnostics = SpecDiagnostics { source, diagnostics: &result.diagnostics, suppressed: &[] };
    json!({
        "spec": result.spec.as_ref().map(|spec| &spec.text),
        "files": files,
        "parameters": result.spec.as_ref().map(|spec| &spec.replaced_expressions),
        "findings": diagnostics::documents(&[diagnostics]),
    })
}

/// Writes the spec, its schema and its handlers. Never overwrites a file.
fn write_all(spec: &ImportedSpec, out: &Path, io: &mut Io) -> Result<(), Failure> {
    let folder = io.path(out);
    let schema = json(&schema());
    let spec_files = [("spec.yaml", &spec.text), ("spec.schema.json", &schema)];
    let handlers = spec.files.iter().map(|(path, text)| (path.as_str(), text));
    let files: Vec<(&str, &String)> = spec_files.into_iter().chain(handlers).collect();
    for (path, _) in &files {
        if folder.join(path).exists() {
            let message = format!("`{}` already exists", out.join(path).display());
            return Err(Failure::error(message).with_hint("choose another directory"));
        }
    }
    for (path, text) in files {
        let path = folder.join(path);
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        write(&path, text)?;
    }
    Ok(())
}

/// The longest stack name that CloudFormation allows.
const STACK_MAX: usize = 128;

fn stack_name(text: &str) -> Result<String, String> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let is_valid = text.starts_with(|character: char| character.is_ascii_alphabetic())
        && text.chars().all(allowed)
        && text.len() <= STACK_MAX;
    match is_valid {
        true => Ok(text.to_owned()),
        false => {
            Err("a stack name has up to 128 letters, digits and hyphens, and starts with a letter"
                .to_owned())
        }
    }
}

/// Derives the name of the stack from the name of the template file.
fn default_stack_name(template: &Path) -> String {
    let stem = template.file_stem().and_then(|file_stem| file_stem.to_str()).unwrap_or_default();
    let stem = stem.strip_suffix(".template").unwrap_or(stem);
    let replace = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let name: String = stem.chars().map(replace).take(STACK_MAX).collect();
    let name = name
        .trim_start_matches(|character: char| !character.is_ascii_alphabetic())
        .trim_end_matches('-');
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_named_after_its_template() {
        for (file, expected) in [
            ("appsync-events.yaml", "appsync-events"),
            ("cdk.out/ChatStack.template.json", "ChatStack"),
            ("my_app.yml", "my-app"),
            ("2024-events.yaml", "events"),
            ("-", "imported"),
        ] {
            let name = default_stack_name(Path::new(file));
            assert_eq!(name, expected);
            assert_eq!(stack_name(&name).as_deref(), Ok(expected));
        }
    }
}
