//! Types and parsers of option values that several commands share.
use std::time::Duration;

/// The output format of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// Parses a duration such as `90s` or `1h30m`; rejects zero.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    if duration.is_some_and(|duration| duration.is_zero()) {
        return Err("must be greater than zero".to_owned());
    }
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "expected a duration such as 90s, 10m or 1h30m".to_owned())
}

/// Parses the name of an AWS region, with the rules that `region:` of a spec has.
pub fn region_name(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |text: &&str| {
        !text.is_empty() && text.chars().all(|character| character.is_ascii_lowercase())
    };
    let digits =
        |text: &&str| !text.is_empty() && text.chars().all(|character| character.is_ascii_digit());
    let is_valid = parts.len() >= 3
        && matches!(parts[0].len(), 2..=4)
        && parts[..parts.len() - 1].iter().all(word)
        && parts.last().is_some_and(digits);
    match is_valid {
        true => Ok(text.to_owned()),
        false => Err("expected a region such as ap-northeast-1".to_owned()),
    }
}
