//! `provision access`: shows who may connect, publish and subscribe.
use std::path::PathBuf;

use crate::cli::io::json;
use crate::cli::load::{WarningPolicy, load_valid_spec};
use crate::cli::parameters::{ParameterArgs, reject_invalid};
use crate::cli::{Exit, Failure, Io};
use crate::render::access::{AccessDocument, markdown, mermaid, table};
use provision_core::access::Access;

/// Show who may connect, publish and subscribe
///
/// Lists every API and channel namespace with its effective auth modes and where each comes from. Reads only
/// the spec.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision access spec.yaml
  provision access spec.yaml --format markdown >> \"$GITHUB_STEP_SUMMARY\"
  provision access spec.yaml --format json | jq -r '.apis[].namespaces[] | select(.publish.modes | index(\"API_KEY\")) | .channels'
  provision access spec.yaml --format mermaid > access.mmd")]
pub struct Args {
    /// The spec; `-` for stdin
    spec: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    parameters: ParameterArgs,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Table,
    /// Tables for a pull request
    Markdown,
    /// A JSON document
    Json,
    /// A Mermaid diagram
    Mermaid,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let values = args.parameters.values(io)?;
    let spec = load_valid_spec(&args.spec, &values, WarningPolicy::Yes, io)?;
    reject_invalid(&spec, &values)?;
    // Access does not depend on the stack's name, so a parameter without a value is shown as it is written.
    let spec = spec.clone().with_values(&values).unwrap_or(spec);
    let access = Access::from_resources(
        spec.desired.iter().map(|(address, resource)| (address, &resource.properties)),
    );
    let text = match args.format {
        Format::Table => table(&access),
        Format::Markdown => markdown(&access),
        Format::Json => {
            json(&AccessDocument { version: 1, stack: &spec.stack, apis: &access.apis })
        }
        Format::Mermaid => mermaid(&access),
    };
    io.print_result(&text)?;
    Ok(Exit::Done)
}
