//! `provision render`: renders the spec as CloudFormation templates. Reads only the spec.
use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::files::{make_folder, write};
use crate::cli::load::load_valid_spec_with;
use crate::cli::{Exit, Failure, Io};
use provision_cfn::render::{RenderedTemplate, limits, render_per_api, render_template};
use provision_cfn::yaml;
use provision_core::spec::{ParameterValues, Spec, shared_ids};

/// Render the spec as a CloudFormation template
///
/// The same spec and the same --now always render the same bytes. References become !GetAtt and !Sub, parameters stay
/// parameters, endpoints become outputs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision render spec.yaml --cfn > template.yaml
  provision render spec.yaml --cfn --format json --out template.json
  provision render spec.yaml --cfn --split --out templates/
  aws cloudformation deploy --template-file template.yaml --stack-name sample --capabilities CAPABILITY_IAM")]
pub struct Args {
    /// The spec; `-` for stdin
    spec: PathBuf,
    /// Render a CloudFormation template
    #[arg(long, required = true)]
    cfn: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write to FILE instead of stdout; with --split, to a folder of that name
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Render one template per API, with its roles and domains
    #[arg(long, requires = "out")]
    split: bool,
    /// Add the values of API keys to the outputs, where everyone who may read the stack can see them
    #[arg(long)]
    export_keys: bool,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// YAML with short-form intrinsics
    #[default]
    Yaml,
    /// JSON
    Json,
}

impl Format {
    fn text(self, template: &Value) -> String {
        match self {
            Self::Yaml => yaml::to_string(template),
            Self::Json => format!("{template:#}\n"),
        }
    }
    fn suffix(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    // The check renders the templates; keep them for writing.
    let rendered = RefCell::new(Vec::new());
    let check = |spec: &Spec| {
        let templates = match args.split {
            true => render_per_api(spec, args.export_keys),
            false => vec![render_template(spec, args.export_keys)],
        };
        let text = |template: RenderedTemplate| (args.format.text(&template.document), template);
        let texts: Vec<(String, RenderedTemplate)> = templates.into_iter().map(text).collect();
        let diagnostics = limits::check(spec, &texts, args.split);
        rendered.replace(texts);
        diagnostics
    };
    let spec = load_valid_spec_with(&args.spec, &ParameterValues::new(), &check, io)?;
    if let Some((id, first, second)) = shared_ids(&spec.desired).first() {
        let message = format!("{first} and {second} would share the logical id `{id}`");
        return Err(Failure::error(message).with_hint("give one of the two another `logicalId:`"));
    }
    if spec.desired.is_empty() {
        return Err(Failure::error("a template needs a resource, and this spec declares none")
            .with_hint("declare an API under `apis:`"));
    }
    if args.out.as_ref().is_some_and(|out| is_same(&io.path(out), &io.path(&args.spec))) {
        let message = "--out is the spec itself, which the template would overwrite";
        return Err(Failure::new(Exit::Usage, message).with_hint("choose another file"));
    }
    let rendered = rendered.into_inner();
    match (&args.out, args.split) {
        (Some(folder), true) => write_each(&rendered, folder, args.format, io)?,
        (Some(path), false) => write(&io.path(path), &rendered[0].0)?,
        (None, _) => io.print_result(&rendered[0].0)?,
    }
    Ok(Exit::Done)
}

/// Returns whether both paths lead to the same file.
fn is_same(one: &Path, two: &Path) -> bool {
    match (one.canonicalize(), two.canonicalize()) {
        (Ok(one), Ok(two)) => one == two,
        _ => false,
    }
}

/// Writes one template per API, named after the API, and one for the remaining resources.
fn write_each(
    rendered: &[(String, RenderedTemplate)],
    folder: &Path,
    format: Format,
    io: &mut Io,
) -> Result<(), Failure> {
    make_folder(&io.path(folder))?;
    for (text, template) in rendered {
        let name = template.api.as_ref().map(|api| format!("{api}.")).unwrap_or_default();
        let path = folder.join(format!("{name}template.{}", format.suffix()));
        write(&io.path(&path), text)?;
        io.eprint_unless_quiet(&format!("wrote {}\n", path.display()));
    }
    Ok(())
}
