//! A stack's outputs in every format, printed or in a file: whole or not at all, and for its owner only where keys are
//! in it.
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::files::{check_writable, write, write_private};
use crate::cli::io::json;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{self, Outputs, Variable, outputs, variables};
use provision_aws::backend::direct::Proposal;
use provision_cfn::yaml;
use provision_core::kind::{DesiredState, LiveState};
use provision_core::suggest::closest_match;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// The same document as YAML
    Yaml,
    /// For shells: NAME=value lines, for `eval`
    Env,
    /// For .env files
    Dotenv,
    /// For Terraform: name = "value" lines
    Tfvars,
    /// What `Amplify.configure` takes, as JSON; of one API
    Amplify,
    /// For a step of GitHub Actions: name=value lines for the file at $GITHUB_OUTPUT
    Github,
}

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
    pub fn check(&self, desired: &DesiredState, io: &Io) -> Result<(), Failure> {
        let Some(file) = &self.outputs_file else { return Ok(()) };
        let path = io.path(file);
        if path.is_dir() {
            let message = format!("{} can't be written: it is a folder", path.display());
            return Err(
                Failure::error(message).with_hint("name a file in it; nothing was changed so far")
            );
        }
        check_writable(&path)?;
        let apis = desired.keys().filter(|address| address.section() == "apis").count();
        if self.outputs_format == Format::Amplify && apis > 1 {
            let message = "a configuration of Amplify has one API, and the spec has more";
            return Err(Failure::new(Exit::Usage, message).with_hint(
                "write it after the apply: `provision outputs --format amplify --api KEY`",
            ));
        }
        Ok(())
    }
    /// Writes what is there now.
    pub fn write(
        &self,
        stack: &str,
        proposal: &Proposal,
        live: &LiveState,
        io: &mut Io,
    ) -> Result<(), Failure> {
        let Some(file) = &self.outputs_file else { return Ok(()) };
        let outputs = outputs(stack, &proposal.site, live, self.outputs_reveal);
        let text = text(self.outputs_format, &outputs, io)?;
        write_file(&io.path(file), &text, self.outputs_format, self.outputs_reveal)?;
        io.note(&format!("the outputs are written to {}\n", file.display()));
        Ok(())
    }
}

/// Writes `text` to `path`; to what GitHub reads it is added, for other steps have written there.
pub fn write_file(path: &Path, text: &str, format: Format, secret: bool) -> Result<(), Failure> {
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

/// The outputs as `format` has them. What a person should know beside them is said.
pub fn text(format: Format, outputs: &Outputs, io: &mut Io) -> Result<String, Failure> {
    let lines = |render: fn(&[Variable]) -> String| {
        let variables = variables(outputs).map_err(|reason| {
            Failure::error(reason)
                .with_hint("give one of the two another key in the spec, or choose `json`, which has no such names")
        });
        variables.map(|items| render(&items))
    };
    match format {
        Format::Text => Ok(outputs::human(outputs)),
        Format::Json => Ok(json(outputs)),
        Format::Yaml => Ok(yaml::to_string(&json!(outputs))),
        Format::Env => lines(outputs::env),
        Format::Dotenv => lines(outputs::dotenv),
        Format::Tfvars => lines(outputs::tfvars),
        Format::Amplify => amplify(outputs, io),
        Format::Github => {
            mask(outputs, io);
            lines(outputs::github)
        }
    }
}

/// A client talks to one API; where there is none, there is nothing to configure.
fn amplify(outputs: &Outputs, io: &mut Io) -> Result<String, Failure> {
    match outputs.apis.as_slice() {
        [] => Ok(json(&Value::Object(Default::default()))),
        [api] => {
            let amplify = outputs::amplify(api);
            for note in &amplify.notes {
                io.note(&format!("{note}\n"));
            }
            Ok(json(&amplify.configuration))
        }
        apis => {
            let keys: Vec<&str> = apis.iter().map(|api_outputs| api_outputs.key.as_str()).collect();
            let message = format!(
                "a configuration of Amplify has one API, and the stack has {}",
                keys.join(", ")
            );
            Err(Failure::error(message).with_hint(format!("choose one: `--api {}`", keys[0])))
        }
    }
}

/// Has GitHub hide the keys in everything that is logged from here on. Its runner takes that from
/// standard error as from standard output, and nobody else is to see them there.
fn mask(outputs: &Outputs, io: &mut Io) {
    if io.environment.get("GITHUB_ACTIONS").is_some_and(|github_actions| github_actions == "true") {
        for secret in outputs.secrets() {
            io.report(&format!("::add-mask::{secret}\n"));
        }
    }
}

/// What is said of an API that a stack does not have; `keys` are those that it has.
pub fn no_api(stack: &str, key: &str, keys: &[&str]) -> Failure {
    let hint = match closest_match(key, keys.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it has {}", keys.join(", ")),
    };
    Failure::error(format!("stack {stack} has no API called `{key}`")).with_hint(hint)
}
