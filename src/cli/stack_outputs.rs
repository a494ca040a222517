//! The outputs of a stack in every format, printed or written to a file. A file is written whole or not at all; one
//! with API keys is readable only by its owner.
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::files::{check_writable, write, write_private};
use crate::cli::io::json;
use crate::cli::{Exit, Failure, Io};
use crate::render::outputs::{self, Outputs, Variable, outputs, variables};
use provision_aws::proposal::Proposal;
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
    /// For shells: NAME=value lines for `eval`
    Env,
    /// For .env files
    Dotenv,
    /// For Terraform: name = "value" lines
    Tfvars,
    /// The argument of `Amplify.configure` as JSON, for one API
    Amplify,
    /// For GitHub Actions: name=value lines for the file $GITHUB_OUTPUT
    Github,
}

/// The options of `apply` and `destroy` that write the outputs to a file.
#[derive(Clone, Debug, clap::Args)]
pub struct OutputsFileArgs {
    /// Write the outputs to FILE at the end, even if nothing or only a part was changed
    #[arg(long, value_name = "FILE", help_heading = "Outputs")]
    outputs_file: Option<PathBuf>,
    /// The format of the outputs file
    #[arg(long, value_enum, default_value_t = Format::Json, value_name = "FORMAT", requires = "outputs_file", help_heading = "Outputs")]
    outputs_format: Format,
    /// Include the values of API keys; makes the file readable only by you
    #[arg(long, requires = "outputs_file", help_heading = "Outputs")]
    outputs_reveal: bool,
}

impl OutputsFileArgs {
    /// Checks, before anything is changed, that the file can be written afterwards.
    pub fn check(&self, desired: &DesiredState, io: &Io) -> Result<(), Failure> {
        let Some(file) = &self.outputs_file else { return Ok(()) };
        let path = io.path(file);
        if path.is_dir() {
            let message = format!("cannot write `{}`: it is a directory", path.display());
            return Err(Failure::error(message).with_hint("name a file in it; nothing was changed"));
        }
        check_writable(&path)?;
        let apis = desired.keys().filter(|address| address.section() == "apis").count();
        if self.outputs_format == Format::Amplify && apis > 1 {
            let message = "an Amplify configuration has one API, and the spec has several";
            return Err(Failure::new(Exit::Usage, message).with_hint(
                "write it after the apply with `provision outputs --format amplify --api KEY`",
            ));
        }
        Ok(())
    }
    /// Writes the outputs of the live state.
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
        io.eprint_unless_quiet(&format!("wrote the outputs to {}\n", file.display()));
        Ok(())
    }
}

/// The note below the outputs of an emulator that runs only for this command.
pub const EMULATOR_NOTE: &str =
    "the emulator is not running; while `provision local` runs, the outputs have its addresses\n";

/// Writes `text` to `path`. Appends to GitHub's output file, which also has the outputs of other steps.
pub fn write_file(path: &Path, text: &str, format: Format, secret: bool) -> Result<(), Failure> {
    if format != Format::Github || !path.exists() {
        return if secret { write_private(path, text) } else { write(path, text) };
    }
    let result = fs::read(path).and_then(|content| {
        let mut file = fs::File::options().append(true).open(path)?;
        let ends_line = content.is_empty() || content.ends_with(b"\n");
        file.write_all(if ends_line { b"" } else { b"\n" })?;
        file.write_all(text.as_bytes())
    });
    result.map_err(|error| Failure::error(format!("cannot write `{}`: {error}", path.display())))
}

/// Returns the outputs in `format`. Prints notes for people, and has GitHub mask secrets.
pub fn text(format: Format, outputs: &Outputs, io: &mut Io) -> Result<String, Failure> {
    let lines = |render: fn(&[Variable]) -> String| {
        let variables = variables(outputs).map_err(|reason| {
            Failure::error(reason)
                .with_hint("rename one of the two keys in the spec, or use `--format json`, which has no such names")
        });
        variables.map(|variables| render(&variables))
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

/// Returns the configuration of one API; of a stack without APIs, an empty one.
fn amplify(outputs: &Outputs, io: &mut Io) -> Result<String, Failure> {
    match outputs.apis.as_slice() {
        [] => Ok(json(&Value::Object(Default::default()))),
        [api] => {
            let amplify = outputs::amplify(api);
            for note in &amplify.notes {
                io.eprint_unless_quiet(&format!("{note}\n"));
            }
            Ok(json(&amplify.configuration))
        }
        apis => {
            let keys: Vec<&str> = apis.iter().map(|api_outputs| api_outputs.key.as_str()).collect();
            let message = format!(
                "an Amplify configuration has one API, and the stack has {}",
                keys.join(", ")
            );
            Err(Failure::error(message).with_hint(format!("choose one: `--api {}`", keys[0])))
        }
    }
}

/// Has GitHub mask the keys in everything that is logged from now on. The runner reads its commands from stderr, too;
/// outside GitHub Actions they must not be printed.
fn mask(outputs: &Outputs, io: &mut Io) {
    if io.environment.get("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        for secret in outputs.secrets() {
            io.eprint(&format!("::add-mask::{secret}\n"));
        }
    }
}

/// Returns the failure for an API that the stack does not have; `keys` are those that it has.
pub fn no_api(stack: &str, key: &str, keys: &[&str]) -> Failure {
    let hint = match closest_match(key, keys.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the stack has {}", keys.join(", ")),
    };
    Failure::error(format!("stack {stack} has no API `{key}`")).with_hint(hint)
}
