//! What nobody may see: no `Display`, and a `Debug` that says nothing.
use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The secret itself, for whoever has to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Replaces every API key in `message`; AppSync's error messages may quote the key that was sent.
pub fn without_keys(message: &str) -> String {
    let mut kept = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("da2-") {
        kept.push_str(before);
        kept.push_str("da2-…");
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
    }
    kept + rest
}
