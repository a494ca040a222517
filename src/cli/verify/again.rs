//! The command line of what to do next, on the same spec and the same AWS.
use std::path::Path;

use crate::cli::parameters::ParameterArgs;
use crate::cli::target::TargetArgs;

/// The words that every further command on this spec takes.
#[derive(Clone, Debug, Default)]
pub struct Again {
    words: Vec<String>,
}

impl Again {
    pub fn of(spec: &Path, parameters: &ParameterArgs, target: &TargetArgs) -> Self {
        let mut words = vec![spec.display().to_string()];
        words.extend(parameters.words());
        words.extend(target.words());
        Self { words }
    }
    /// The command line of `name` that a shell takes as it stands.
    pub fn command(&self, name: &str) -> String {
        let words = self.words.iter().map(|it| format!(" {}", quoted(it)));
        format!("provision {name}{}", words.collect::<String>())
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "-_./:=@%+,".contains(it);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("--local=a/b"), "--local=a/b");
        assert_eq!(quoted("my spec.yaml"), "'my spec.yaml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
