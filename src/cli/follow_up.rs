//! Command lines that messages suggest to run next, with the options of the current one.
use std::path::Path;

use crate::cli::parameters::ParameterArgs;
use crate::cli::target::TargetArgs;
use crate::render::shell::word;

/// Returns the spec, parameters and target of a command, quoted for a shell.
pub fn follow_up_options(spec: &Path, parameters: &ParameterArgs, target: &TargetArgs) -> String {
    let spec = word(&spec.display().to_string());
    std::iter::once(spec)
        .chain(target.follow_up_options())
        .chain(parameters.follow_up_options())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The arguments of follow-up commands, for messages that are written later.
#[derive(Clone, Debug, Default)]
pub struct FollowUp(String);

impl FollowUp {
    pub fn new(spec: &Path, parameters: &ParameterArgs, target: &TargetArgs) -> Self {
        Self(follow_up_options(spec, parameters, target))
    }
    /// Returns the command line that runs the command `name` in a shell.
    pub fn command(&self, name: &str) -> String {
        format!("provision {name} {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        parameters: ParameterArgs,
        #[command(flatten)]
        target: TargetArgs,
    }

    fn options(arguments: &[&str]) -> String {
        let line = CommandLine::parse_from([&["provision"], arguments].concat());
        follow_up_options(Path::new("my spec.yaml"), &line.parameters, &line.target)
    }

    #[test]
    fn a_follow_up_command_has_the_parameters_and_the_target_of_this_one() {
        assert_eq!(options(&[]), "'my spec.yaml'");
        assert_eq!(options(&["--local"]), "'my spec.yaml' --local");
        for arguments in [
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
            let text = options(arguments);
            let words = shlex::split(text.strip_prefix("'my spec.yaml' ").unwrap()).unwrap();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(options(&words), text);
            arguments.iter().for_each(|word| assert!(words.contains(word), "{word} in {text}"));
        }
    }
}
