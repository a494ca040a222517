//! Channel names, checked before anything is sent (docs/reference/data-plane.md#channels).
use std::fmt;

const SEGMENTS_MAX: usize = 5;
const SEGMENT_CHARS_MAX: usize = 50;

/// A channel, `/namespace/a/b`, or with a `*` as its last segment a pattern for channels.
///
/// The slash at the start is optional when parsing, and so is one at the end.
///
/// ```
/// use appsync_events::Channel;
///
/// let channel = Channel::parse("default/room/1")?;
/// assert_eq!(channel.as_str(), "/default/room/1");
/// assert_eq!(channel.namespace(), "default");
/// assert!(Channel::parse("/default/*").is_err());
/// assert!(Channel::parse_pattern("/default/*").is_ok());
/// # Ok::<(), appsync_events::InvalidChannel>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel(String);

impl Channel {
    /// Parses a single channel, to publish or to subscribe to.
    ///
    /// # Errors
    ///
    /// If `text` is not a channel: one to five segments, each of 1 to 50 letters, digits and dashes
    /// that neither starts nor ends with a dash.
    pub fn parse(text: &str) -> Result<Self, InvalidChannel> {
        let channel = Self::parse_pattern(text)?;
        match channel.0.ends_with('*') {
            true => Err(InvalidChannel::new(text, "expected a single channel, without `*`")),
            false => Ok(channel),
        }
    }

    /// Parses a channel to subscribe to. A last segment `*` matches all channels below.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse), except for a `*` as the last of at least two segments.
    pub fn parse_pattern(text: &str) -> Result<Self, InvalidChannel> {
        let path = text.strip_prefix('/').unwrap_or(text);
        let path = path.strip_suffix('/').unwrap_or(path);
        match check(path) {
            Ok(()) => Ok(Self(format!("/{path}"))),
            Err(reason) => Err(InvalidChannel::new(text, reason)),
        }
    }

    /// The first segment, which is the name of the channel namespace.
    pub fn namespace(&self) -> &str {
        self.0[1..].split('/').next().unwrap_or_default()
    }

    /// The channel with a slash at the start and none at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(path: &str) -> Result<(), String> {
    let segments: Vec<&str> = path.split('/').collect();
    if segments.len() > SEGMENTS_MAX {
        return Err(format!(
            "it has {} segments, at most {SEGMENTS_MAX} are allowed",
            segments.len()
        ));
    }
    for (index, segment) in segments.iter().enumerate() {
        let is_wildcard = *segment == "*" && index > 0 && index + 1 == segments.len();
        if !is_wildcard {
            check_segment(segment, index)?;
        }
    }
    Ok(())
}

fn check_segment(segment: &str, index: usize) -> Result<(), String> {
    let characters = segment.chars().count();
    match segment {
        "" => Err("it has an empty segment".to_owned()),
        "*" if index == 0 => {
            Err("`*` must follow the name of a namespace, as in `/NAMESPACE/*`".to_owned())
        }
        _ if segment.contains('*') => {
            Err("`*` must be the whole last segment, as in `/NAMESPACE/*`".to_owned())
        }
        _ if characters > SEGMENT_CHARS_MAX => Err(format!(
            "segment `{segment}` has {characters} characters, at most {SEGMENT_CHARS_MAX} are allowed"
        )),
        _ if segment.starts_with('-') || segment.ends_with('-') => {
            Err(format!("segment `{segment}` starts or ends with a dash"))
        }
        _ if !segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
            Err(format!("segment `{segment}` has characters other than letters, digits and dashes"))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why text is not a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid channel: {reason}")]
pub struct InvalidChannel {
    text: String,
    reason: String,
}

impl InvalidChannel {
    fn new(text: &str, reason: impl Into<String>) -> Self {
        Self { text: text.to_owned(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_slashes_are_optional() {
        for text in ["/sample/a", "sample/a", "/sample/a/", "sample/a/"] {
            let channel = Channel::parse(text).unwrap();
            assert_eq!((channel.as_str(), channel.namespace()), ("/sample/a", "sample"));
        }
        assert_eq!(Channel::parse_pattern("/sample/*").unwrap().as_str(), "/sample/*");
    }

    #[test]
    fn an_invalid_channel_is_rejected_with_the_reason() {
        for (text, reason) in [
            ("", "empty segment"),
            ("/a//b", "empty segment"),
            ("/a/b/c/d/e/f", "6 segments"),
            ("/a/-b", "dash"),
            ("/a/b_c", "characters other than"),
            ("/*", "must follow the name of a namespace"),
            ("/a/*/b", "last segment"),
            ("/a/b*", "last segment"),
        ] {
            let error = Channel::parse_pattern(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is not a valid channel: "))
                    && error.contains(reason),
                "{error}"
            );
        }
        let error = |text: &str| Channel::parse(text).unwrap_err().to_string();
        assert!(error("/a/*").contains("a single channel"));
        assert!(error(&"x".repeat(51)).contains("51 characters"));
    }
}
