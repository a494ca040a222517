//! Values of options that several commands have.
use std::time::Duration;

/// For whom results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// Reads a time as people write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    if duration.is_some_and(|duration| duration.is_zero()) {
        return Err("it must be above zero".to_owned());
    }
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "expected a time such as 90s, 10m or 1h30m".to_owned())
}

/// A region as a spec may name it.
pub fn region_name(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |text: &&str| {
        !text.is_empty() && text.chars().all(|character| character.is_ascii_lowercase())
    };
    let digits =
        |text: &&str| !text.is_empty() && text.chars().all(|character| character.is_ascii_digit());
    let sound = parts.len() >= 3
        && matches!(parts[0].len(), 2..=4)
        && parts[..parts.len() - 1].iter().all(word)
        && parts.last().is_some_and(digits);
    match sound {
        true => Ok(text.to_owned()),
        false => Err("expected a region such as ap-northeast-1".to_owned()),
    }
}
