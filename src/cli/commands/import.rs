//! `provision import`: a CloudFormation or SAM template as a spec.
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

/// Make a spec of a CloudFormation or SAM template
///
/// Takes YAML with tags or JSON. Resources of other services are left alone and listed; what a spec
/// can't say is named at its place in the template, and so is what was decided because a spec has no
/// conditions. Rendered again, the spec gives the same resources under the same logical ids. Don't
/// deploy that over a stack that has others: CloudFormation deletes what a template no longer has.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision import --template template.yaml > spec.yaml
  provision import --template template.yaml --out chat --stack chat --region eu-west-1
  provision import --template cdk.out/Chat.template.json --param Stage=prod --deny-warnings")]
pub struct Args {
    /// The template; `-` for standard input
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The folder to write spec.yaml, its schema and its handlers into; without it, the spec goes to
    /// standard output with the handlers in it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The name of the stack; without it, made from the template's file name
    #[arg(long, value_name = "NAME", value_parser = stack_name)]
    stack: Option<String>,
    /// The region that the spec names, and by which `AWS::Region` is decided where it matters
    #[arg(long, value_parser = region_name)]
    region: Option<String>,
    #[command(flatten)]
    parameters: ParameterArgs,
    /// How to report; `json` gives one document with the spec, its files and the findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Take warnings for errors
    #[arg(long)]
    deny_warnings: bool,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.values(io)?;
    let options = ImportOptions {
        stack: args.stack.clone().unwrap_or_else(|| stack_of(&args.template)),
        region: args.region.clone(),
        values: given,
        inline_code: args.out.is_none(),
        now_epoch_s: io.now_epoch_s(),
    };
    let (source, imported) = read(&args.template, &options, io);
    if let (Some(spec), Some(folder)) = (&imported.spec, &args.out) {
        write_all(spec, folder, io)?;
    }
    let findings = &imported.diagnostics;
    match args.format {
        Format::Human => {
            print_diagnostics(&source, findings, io);
            if let (Some(spec), None) = (&imported.spec, &args.out) {
                io.result(&spec.text)?;
            }
        }
        Format::Json => io.result(&json(&document(&source, &imported)))?,
    }
    if let (Some(_), Some(folder), Format::Human) = (&imported.spec, &args.out, args.format) {
        let spec = folder.join("spec.yaml");
        let spec = spec.display();
        io.note(&format!("{spec} is written; see what it makes: provision render {spec} --cfn\n"));
    }
    let has = |severity| findings.iter().any(|diagnostic| diagnostic.severity == severity);
    let failed = has(Severity::Error) || (args.deny_warnings && has(Severity::Warning));
    Ok(if failed { Exit::Error } else { Exit::Done })
}

/// Reads the template and makes a spec of it; a hopeless one has findings only.
fn read(path: &Path, options: &ImportOptions, io: &mut Io) -> (Source, ImportResult) {
    let (name, bytes) = read_named(path, io);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(reason) => {
            let message = format!("the template can't be read: {reason}");
            let findings = vec![Diagnostic::error("PV001", Location::File, message)];
            return (
                Source::parse(&name, b"").0,
                ImportResult { spec: None, diagnostics: findings },
            );
        }
    };
    let (source, diagnostics) = Source::parse(&name, &bytes);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let findings = diagnostics.into_iter().map(with_template_wording).collect();
        return (source, ImportResult { spec: None, diagnostics: findings });
    }
    let imported = import(&source, options);
    (source, imported)
}

/// What is wrong with YAML is told to those who write specs; here it is a template.
fn with_template_wording(diagnostic: Diagnostic) -> Diagnostic {
    let help = match diagnostic.code {
        "PV004" => "give a CloudFormation or SAM template, in YAML or JSON",
        "PV005" => "a template is one document",
        _ => return diagnostic,
    };
    diagnostic.with_help(help)
}

/// Findings for people: with their lines, and the long list of what is left alone in short.
fn print_diagnostics(source: &Source, findings: &[Diagnostic], io: &mut Io) {
    let (left, told): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        findings.iter().partition(|diagnostic| diagnostic.code == "PV540");
    let worth = |diagnostic: &&&Diagnostic| diagnostic.severity == Severity::Error || !io.quiet;
    let told: Vec<Diagnostic> =
        told.iter().filter(worth).map(|diagnostic| (*diagnostic).clone()).collect();
    io.report(&diagnostics::text(source, &told, io.error_colored()));
    if !left.is_empty() {
        let left: Vec<Diagnostic> = left.into_iter().cloned().collect();
        io.note(&diagnostics::list(source, "left alone", &left));
        io.note(
            "A template that is rendered from the spec does not have these: deployed over the same stack, \
             it would delete them. Keep them in their template, and give the spec a stack of its own.\n",
        );
    }
}

fn document(source: &Source, imported: &ImportResult) -> Value {
    let files: BTreeMap<&String, &String> =
        imported.spec.iter().flat_map(|spec| &spec.files).collect();
    let findings = SpecDiagnostics { source, diagnostics: &imported.diagnostics, suppressed: &[] };
    json!({
        "spec": imported.spec.as_ref().map(|spec| &spec.text),
        "files": files,
        "parameters": imported.spec.as_ref().map(|spec| &spec.replaced_expressions),
        "findings": diagnostics::documents(&[findings]),
    })
}

/// Writes the spec, its schema and its handlers. Never overwrites a file.
fn write_all(spec: &ImportedSpec, out: &Path, io: &mut Io) -> Result<(), Failure> {
    let folder = io.path(out);
    let schema = json(&schema());
    let own = [("spec.yaml", &spec.text), ("spec.schema.json", &schema)];
    let handlers = spec.files.iter().map(|(path, text)| (path.as_str(), text));
    let files: Vec<(&str, &String)> = own.into_iter().chain(handlers).collect();
    for (path, _) in &files {
        if folder.join(path).exists() {
            let message = format!("{} is there already", out.join(path).display());
            return Err(Failure::error(message).with_hint("choose another folder"));
        }
    }
    for (path, text) in files {
        let path = folder.join(path);
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        write(&path, text)?;
    }
    Ok(())
}

/// The longest name that CloudFormation takes for a stack.
const STACK_MAX: usize = 128;

fn stack_name(text: &str) -> Result<String, String> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let sound = text.starts_with(|character: char| character.is_ascii_alphabetic())
        && text.chars().all(allowed)
        && text.len() <= STACK_MAX;
    match sound {
        true => Ok(text.to_owned()),
        false => Err("a stack is named by a letter, then letters, digits and hyphens".to_owned()),
    }
}

/// The name of the stack that a template's file name suggests.
fn stack_of(template: &Path) -> String {
    let stem = template.file_stem().and_then(|file_stem| file_stem.to_str()).unwrap_or_default();
    let stem = stem.strip_suffix(".template").unwrap_or(stem);
    let sound = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let name: String = stem.chars().map(sound).take(STACK_MAX).collect();
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
            let name = stack_of(Path::new(file));
            assert_eq!(name, expected);
            assert_eq!(stack_name(&name).as_deref(), Ok(expected));
        }
    }
}
