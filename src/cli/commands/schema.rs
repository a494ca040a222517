//! `provision schema`: prints the JSON Schema of a spec, for editors.
use std::path::PathBuf;

use crate::cli::files::write;
use crate::cli::io::json;
use crate::cli::{Exit, Failure, Io};
use provision_core::spec::schema;

/// Print the JSON Schema of a spec
///
/// Editors complete and check a spec whose first line is
/// `# yaml-language-server: $schema=spec.schema.json`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision schema > spec.schema.json
  provision schema --out spec.schema.json")]
pub struct Args {
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    let text = json(schema());
    match &args.out {
        None => io.print_result(&text)?,
        Some(path) => {
            // The spec has a similar name: do not overwrite it by mistake.
            let content = std::fs::read_to_string(io.path(path)).unwrap_or_default();
            if !content.is_empty() && !content.trim_start().starts_with('{') {
                let message = format!("`{}` already exists and is not JSON", path.display());
                return Err(Failure::error(message).with_hint("choose another file"));
            }
            write(&io.path(path), &text)?;
        }
    }
    Ok(Exit::Done)
}
