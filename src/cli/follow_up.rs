//! Command lines that people are told to run next: with what they gave for this one.
use std::path::Path;

use crate::cli::parameters::ParameterArgs;
use crate::cli::target::TargetArgs;
use crate::render::shell::word;

/// The spec, its parameters and the AWS that were given, as a shell takes them.
pub fn follow_up_options(spec: &Path, parameters: &ParameterArgs, target: &TargetArgs) -> String {
    let spec = word(&spec.display().to_string());
    std::iter::once(spec)
        .chain(target.follow_up_options())
        .chain(parameters.follow_up_options())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same, for commands that are told later.
#[derive(Clone, Debug, Default)]
pub struct FollowUp(String);

impl FollowUp {
    pub fn new(spec: &Path, parameters: &ParameterArgs, target: &TargetArgs) -> Self {
        Self(follow_up_options(spec, parameters, target))
    }
    /// The command line of `name` that a shell takes as it stands.
    pub fn command(&self, name: &str) -> String {
        format!("provision {name} {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        parameters: ParameterArgs,
        #[command(flatten)]
        target: TargetArgs,
    }

    fn said(given: &[&str]) -> String {
        let line = Line::parse_from([&["provision"], given].concat());
        follow_up_options(Path::new("my spec.yaml"), &line.parameters, &line.target)
    }

    #[test]
    fn a_command_to_run_next_has_the_parameters_and_the_aws_of_this_one() {
        assert_eq!(said(&[]), "'my spec.yaml'");
        assert_eq!(said(&["--local"]), "'my spec.yaml' --local");
        for given in [
            &["--local=a b", "--region", "eu-west-1", "--param", "a=it's"][..],
            &["--region", "eu-west-1", "--profile", "p q", "--endpoint-url", "http://h:1"],
            &[
                "--params-file",
                "a.yaml",
                "--params-file",
                "b.yaml",
                "--param",
                "x=",
                "--param",
                "y=$z",
            ],
        ] {
            let told = said(given);
            let words = shlex::split(told.strip_prefix("'my spec.yaml' ").unwrap()).unwrap();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(said(&words), told);
            given.iter().for_each(|text| assert!(words.contains(text), "{text} in {told}"));
        }
    }
}
