//! The values that a user gives for a spec's parameters, and whether the spec can be applied then.
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
    /// The value of a parameter of the spec; may be repeated, and comes before --params-file
    #[arg(long = "param", value_name = "NAME=VALUE", help_heading = "Parameters")]
    params: Vec<String>,
    /// A YAML file of parameters and their values; of several, the later comes first
    #[arg(long, value_name = "FILE", help_heading = "Parameters")]
    params_file: Vec<PathBuf>,
}

impl ParameterArgs {
    pub fn is_empty(&self) -> bool {
        self.params.is_empty() && self.params_file.is_empty()
    }
    /// The files that values are read from.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.params_file.iter()
    }
    /// The same arguments, as a shell takes them.
    pub fn follow_up_options(&self) -> Vec<String> {
        let files = self.params_file.iter();
        let files =
            files.map(|path| format!("--params-file {}", word(&path.display().to_string())));
        files
            .chain(self.params.iter().map(|text| format!("--param {}", assignment(text))))
            .collect()
    }
    pub fn values(&self, io: &mut Io) -> Result<ParameterValues, Failure> {
        let mut given = ParameterValues::new();
        for path in &self.params_file {
            given.extend(read_values(path, io)?);
        }
        for param in &self.params {
            let Some((name, value)) = param.split_once('=') else {
                let message = format!("`--param {param}` gives no value");
                return Err(
                    Failure::new(Exit::Usage, message).with_hint("write `--param NAME=VALUE`")
                );
            };
            given.insert(name.to_owned(), value.to_owned());
        }
        Ok(given)
    }
}

/// The spec with a value in the place of every parameter, if it can be applied.
pub fn with_values(spec: Spec, given: &ParameterValues) -> Result<Spec, Failure> {
    let spec = spec.with_values(given).map_err(|reasons| failure(&reasons))?;
    let refused = |(address, resource): (&Address, &DesiredResource)| {
        resource
            .kind
            .unsupported_reason(&resource.properties)
            .map(|reason| format!("{address}: {reason}"))
    };
    let refused: Vec<String> = spec.desired.iter().filter_map(refused).collect();
    match refused.as_slice() {
        [] => Ok(spec),
        refused => Err(Failure::error(refused.join("\n       "))
            .with_hint("deploy it with CloudFormation: `provision render SPEC --cfn`")),
    }
}

/// The spec, whose name is sure.
pub fn with_name(spec: Spec, given: &ParameterValues) -> Result<Spec, Failure> {
    spec.with_resolved_name(given).map_err(|reasons| failure(&reasons))
}

/// Refuses values that the spec's parameters can't have. Values may be missing where only the spec
/// itself is looked at.
pub fn reject_invalid(spec: &Spec, given: &ParameterValues) -> Result<(), Failure> {
    let reasons = invalid_values(&spec.parameters, given);
    if reasons.is_empty() { Ok(()) } else { Err(failure(&reasons)) }
}

fn failure(reasons: &[String]) -> Failure {
    Failure::error(reasons.join("; "))
        .with_hint("give values with `--param NAME=VALUE` or `--params-file FILE`")
}

/// Reads names and values, each value as the text that it is.
fn read_values(path: &Path, io: &mut Io) -> Result<ParameterValues, Failure> {
    let unreadable = |reason: String| {
        Failure::error(format!("{} can't be read: {reason}", path.display()))
            .with_hint("`--params-file` takes a YAML file such as `stage: prod`")
    };
    let bytes = read_file(&io.path(path)).map_err(unreadable)?;
    let (source, mut diagnostics) = Source::parse(&path.display().to_string(), &bytes);
    let schema = json!({
        "type": "object",
        "additionalProperties": { "type": "string", "contentMediaType": "text/plain" },
    });
    let as_it_stands = |text: &str| Substitution { value: Some(Value::from(text)), errors: vec![] };
    let values = read(&source, &schema, &as_it_stands, &mut diagnostics);
    if !diagnostics.is_empty() {
        let text = diagnostics::text(&source, &diagnostics, io.error_colored());
        io.report(&text);
        return Err(Failure::error(format!("{} holds no values", source.name)));
    }
    Ok(serde_json::from_value(values).unwrap_or_default())
}
