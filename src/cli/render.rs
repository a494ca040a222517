//! `provision render`: the same stack as a CloudFormation template.
use std::path::{Path, PathBuf};

use crate::cli::load::sound;
use crate::cli::plan::json;
use crate::cli::{Exit, Failure, Io};
use crate::render::{template, yaml};
use crate::spec::{Given, shared_ids};

/// Render the spec as a CloudFormation template
///
/// The same spec and the same --now give the same bytes. References become !GetAtt and !Sub, endpoints become outputs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision render spec.yaml --cfn > template.yaml
  provision render spec.yaml --cfn --format json --out template.json
  aws cloudformation deploy --template-file template.yaml --stack-name sample --capabilities CAPABILITY_IAM")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// As a CloudFormation template
    #[arg(long, required = true)]
    cfn: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// YAML with short-form intrinsics
    #[default]
    Yaml,
    /// JSON
    Json,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let spec = sound(&args.spec, &Given::new(), io)?;
    if let Some((id, first, second)) = shared_ids(&spec.desired).first() {
        let message = format!("{first} and {second} would share the logical id `{id}`");
        return Err(Failure::error(message).hint("give one of the two another `logicalId:`"));
    }
    let template = template::template(&spec);
    let text = match args.format {
        Format::Yaml => yaml::yaml(&template),
        Format::Json => json(&template)?,
    };
    match &args.out {
        None => io.result(&text)?,
        Some(path) => write(&io.path(path), &text)?,
    }
    Ok(Exit::Done)
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        // A temporary file is private; what a user asked for is as their other files.
        #[cfg(unix)]
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error| Failure::error(format!("{} can't be written: {error}", path.display())))
}
