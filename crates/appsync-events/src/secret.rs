//! Text that must not appear in logs, error messages or debug output.
use std::fmt;

/// An API key or a token. It has no `Display`, and its `Debug` output hides the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to be sent to the service.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Replaces every API key in `message`. AppSync's error messages can quote the key that was sent.
pub fn redact_api_keys(message: &str) -> String {
    let mut redacted = String::new();
    let mut remaining = message;
    while let Some((before, after)) = remaining.split_once("da2-") {
        redacted.push_str(before);
        redacted.push_str("da2-…");
        remaining = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    }
    redacted + remaining
}
