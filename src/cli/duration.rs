//! How long an option lets something take.
use std::time::Duration;

/// Reads a time as people write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    if duration.is_some_and(|it| it.is_zero()) {
        return Err("it must be above zero".to_owned());
    }
    duration
        .and_then(|it| Duration::try_from(it).ok())
        .ok_or_else(|| "expected a time such as 90s, 10m or 1h30m".to_owned())
}
