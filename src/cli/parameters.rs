//! The values that a user passes for the parameters of a spec, and the check that the spec can be applied with them.
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::files::read_file;
use crate::cli::{Exit, Failure, Io};
use crate::render::diagnostics;
use crate::render::shell::{assignment, word};
use provision_core::address::Address;
use provision_core::kind::DesiredResource;
use provision_core::source::Source;
use provision_core::source::read::{Substitution, read};
use provision_core::spec::{ParameterValues, Spec, invalid_values};

#[derive(Clone, Debug, Default, clap::Args)]
pub struct ParameterArgs {
    /// Set a parameter of the spec; can be repeated, and overrides --params-file
    #[arg(long = "param", value_name = "NAME=VALUE", help_heading = "Parameters")]
    params: Vec<String>,
    /// Read parameters from a YAML file; can be repeated, and a later file overrides an earlier one
    #[arg(long, value_name = "FILE", help_heading = "Parameters")]
    params_file: Vec<PathBuf>,
}

impl ParameterArgs {
    pub fn is_empty(&self) -> bool {
        self.params.is_empty() && self.params_file.is_empty()
    }
    /// Returns the files that values are read from.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.params_file.iter()
    }
    /// Returns the same arguments, quoted for a shell.
    pub fn follow_up_options(&self) -> Vec<String> {
        let files = self.params_file.iter();
        let files =
            files.map(|path| format!("--params-file {}", word(&path.display().to_string())));
        files
            .chain(self.params.iter().map(|text| format!("--param {}", assignment(text))))
            .collect()
    }
    pub fn values(&self, io: &mut Io) -> Result<ParameterValues, Failure> {
        let mut values = ParameterValues::new();
        for path in &self.params_file {
            values.extend(read_values(path, io)?);
        }
        for param in &self.params {
            let Some((name, value)) = param.split_once('=') else {
                let message = format!("`--param {param}` has no value");
                return Err(
                    Failure::new(Exit::Usage, message).with_hint("write `--param NAME=VALUE`")
                );
            };
            values.insert(name.to_owned(), value.to_owned());
        }
        Ok(values)
    }
}

/// Replaces every parameter by its value; fails if a value is missing or the spec can only be rendered.
pub fn with_values(spec: Spec, values: &ParameterValues) -> Result<Spec, Failure> {
    let spec = spec.with_values(values).map_err(|reasons| failure(&reasons))?;
    let unsupported = |(address, resource): (&Address, &DesiredResource)| {
        resource
            .kind
            .unsupported_reason(&resource.properties)
            .map(|reason| format!("{address}: {reason}"))
    };
    let reasons: Vec<String> = spec.desired.iter().filter_map(unsupported).collect();
    match reasons.as_slice() {
        [] => Ok(spec),
        reasons => Err(Failure::error(reasons.join("\n       "))
            .with_hint("deploy it with CloudFormation: `provision render SPEC --cfn`")),
    }
}

/// Rejects values of the parameters in the stack's name that are missing or not valid.
pub fn check_stack_name(spec: &Spec, values: &ParameterValues) -> Result<(), Failure> {
    spec.check_stack_name_values(values).map_err(|reasons| failure(&reasons))
}

/// Rejects values that the parameters of the spec do not allow. Values may be missing: commands that only read the
/// spec do not need them.
pub fn reject_invalid(spec: &Spec, values: &ParameterValues) -> Result<(), Failure> {
    let reasons = invalid_values(&spec.parameters, values);
    if reasons.is_empty() { Ok(()) } else { Err(failure(&reasons)) }
}

fn failure(reasons: &[String]) -> Failure {
    Failure::error(reasons.join("; "))
        .with_hint("set values with `--param NAME=VALUE` or `--params-file FILE`")
}

/// Reads names and values; every value is text.
fn read_values(path: &Path, io: &mut Io) -> Result<ParameterValues, Failure> {
    let unreadable = |reason: String| {
        Failure::error(format!("cannot read `{}`: {reason}", path.display()))
            .with_hint("`--params-file` takes a YAML file such as `stage: prod`")
    };
    let bytes = read_file(&io.path(path)).map_err(unreadable)?;
    let (source, mut diagnostics) = Source::parse(&path.display().to_string(), &bytes);
    let schema = json!({
        "type": "object",
        "additionalProperties": { "type": "string", "contentMediaType": "text/plain" },
    });
    let without_substitution =
        |text: &str| Substitution { value: Some(Value::from(text)), errors: vec![] };
    let values = read(&source, &schema, &without_substitution, &mut diagnostics);
    if !diagnostics.is_empty() {
        let text = diagnostics::text(&source, &diagnostics, io.error_colored());
        io.eprint(&text);
        return Err(Failure::error(format!("`{}` is not a valid parameter file", source.name)));
    }
    Ok(serde_json::from_value(values).unwrap_or_default())
}
