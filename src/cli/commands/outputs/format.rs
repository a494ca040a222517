//! Outputs in the format that was asked for.
use serde_json::{Value, json};

use crate::cli::commands::plan::json;
use crate::cli::{Failure, Io};
use crate::render::outputs::{self, Outputs, Variable, variables};
use provision_cfn::yaml;

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

/// The outputs as `format` has them. What a person should know beside them is said.
pub fn text(format: Format, outputs: &Outputs, io: &mut Io) -> Result<String, Failure> {
    let lines = |render: fn(&[Variable]) -> String| {
        let variables = variables(outputs).map_err(|reason| {
            Failure::error(reason)
                .hint("give one of the two another key in the spec, or choose `json`, which has no such names")
        });
        variables.map(|it| render(&it))
    };
    match format {
        Format::Text => Ok(outputs::human(outputs)),
        Format::Json => json(outputs),
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
        [] => json(&Value::Object(Default::default())),
        [api] => {
            let amplify = outputs::amplify(api);
            for note in &amplify.notes {
                io.note(&format!("{note}\n"));
            }
            json(&amplify.configuration)
        }
        apis => {
            let keys: Vec<&str> = apis.iter().map(|it| it.key.as_str()).collect();
            let message = format!(
                "a configuration of Amplify has one API, and the stack has {}",
                keys.join(", ")
            );
            Err(Failure::error(message).hint(format!("choose one: `--api {}`", keys[0])))
        }
    }
}

/// Has GitHub hide the keys in everything that is logged from here on. Its runner takes that from
/// standard error as from standard output, and nobody else is to see them there.
fn mask(outputs: &Outputs, io: &mut Io) {
    if io.environment.get("GITHUB_ACTIONS").is_some_and(|it| it == "true") {
        for secret in outputs.secrets() {
            io.say(&format!("::add-mask::{secret}\n"));
        }
    }
}
