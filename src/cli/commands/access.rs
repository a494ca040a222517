//! `provision access`: who may connect, publish and subscribe.
use std::path::PathBuf;

use crate::cli::io::json;
use crate::cli::load::{WarningPolicy, load_valid_spec};
use crate::cli::parameters::{ParameterArgs, reject_invalid};
use crate::cli::{Exit, Failure, Io};
use crate::render::access::{AccessDocument, markdown, mermaid, table};
use provision_core::access::Access;

/// Show who may connect, publish and subscribe
///
/// Every API and every channel namespace, after inheritance, with where it comes from. Talks to nobody.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision access spec.yaml
  provision access spec.yaml --format markdown >> \"$GITHUB_STEP_SUMMARY\"
  provision access spec.yaml --format json | jq -r '.apis[].namespaces[] | select(.publish.modes | index(\"API_KEY\")) | .channels'
  provision access spec.yaml --format mermaid > access.mmd")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// How to show it
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
    /// For programs
    Json,
    /// A picture, in Mermaid's words
    Mermaid,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let given = args.parameters.values(io)?;
    let spec = load_valid_spec(&args.spec, &given, WarningPolicy::Yes, io)?;
    reject_invalid(&spec, &given)?;
    // A name that waits for a value is shown as it is written: who may do what does not depend on it.
    let spec = spec.clone().with_values(&given).unwrap_or(spec);
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
    io.result(&text)?;
    Ok(Exit::Done)
}
