//! Outputs in a file: whole or not at all, and for its owner only where keys are in it.
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::commands::outputs::format::{Format, text};
use crate::cli::commands::render::{must_take_a_file, write, write_private};
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::outputs;
use provision_aws::backend::direct::Proposal;
use provision_core::kind::{Desired, Live};

/// What apply and destroy leave for other tools.
#[derive(Clone, Debug, clap::Args)]
pub struct OutputsFileArgs {
    /// Write the outputs to FILE in the end: also if nothing changed, or only a part of it
    #[arg(long, value_name = "FILE", help_heading = "Outputs")]
    outputs_file: Option<PathBuf>,
    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Json, value_name = "FORMAT", requires = "outputs_file", help_heading = "Outputs")]
    outputs_format: Format,
    /// Write the values of API keys too; only you may read the file then
    #[arg(long, requires = "outputs_file", help_heading = "Outputs")]
    outputs_reveal: bool,
}

impl OutputsFileArgs {
    /// Refuses, before anything is changed, what could not be written afterwards.
    pub fn check(&self, desired: &Desired, io: &Io) -> Result<(), Failure> {
        let Some(file) = &self.outputs_file else { return Ok(()) };
        let path = io.path(file);
        if path.is_dir() {
            let message = format!("{} can't be written: it is a folder", path.display());
            return Err(
                Failure::error(message).hint("name a file in it; nothing was changed so far")
            );
        }
        must_take_a_file(&path)?;
        let apis = desired.keys().filter(|it| it.section() == "apis").count();
        if self.outputs_format == Format::Amplify && apis > 1 {
            let message = "a configuration of Amplify has one API, and the spec has more";
            return Err(Failure::new(Exit::Usage, message)
                .hint("write it after the apply: `provision outputs --format amplify --api KEY`"));
        }
        Ok(())
    }
    /// Writes what is there now.
    pub fn write(
        &self,
        stack: &str,
        proposal: &Proposal,
        live: &Live,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let Some(file) = &self.outputs_file else { return Ok(()) };
        let outputs = outputs(stack, &proposal.site, live, self.outputs_reveal);
        let text = text(self.outputs_format, &outputs, io)?;
        put(&io.path(file), &text, self.outputs_format, self.outputs_reveal)?;
        io.note(&format!("the outputs are written to {}\n", file.display()));
        Ok(())
    }
}

/// Writes `text` to `path`; to what GitHub reads it is added, for other steps have written there.
pub fn put(path: &Path, text: &str, format: Format, secret: bool) -> Result<(), Failure> {
    if format != Format::Github || !path.exists() {
        return if secret { write_private(path, text) } else { write(path, text) };
    }
    let added = fs::read(path).and_then(|there| {
        let mut file = fs::File::options().append(true).open(path)?;
        let whole = there.is_empty() || there.ends_with(b"\n");
        file.write_all(if whole { b"" } else { b"\n" })?;
        file.write_all(text.as_bytes())
    });
    added.map_err(|error| Failure::error(format!("{} can't be written: {error}", path.display())))
}
