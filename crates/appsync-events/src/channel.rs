//! A channel as a client may name it (docs/reference/data-plane.md#channels).
use std::fmt;

const SEGMENTS_MAX: usize = 5;
const SEGMENT_CHARS_MAX: usize = 50;

/// `/namespace/a/b`, always with the slash before and none behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel(String);

impl Channel {
    /// A channel to publish to.
    pub fn to_publish(text: &str) -> Result<Self, String> {
        let channel = Self::to_subscribe(text)?;
        match channel.0.ends_with('*') {
            true => Err("events go to one channel, and `*` stands for many".to_owned()),
            false => Ok(channel),
        }
    }
    /// A channel to subscribe to; a last segment `*` stands for all that is below.
    pub fn to_subscribe(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('/').unwrap_or(text);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let segments: Vec<&str> = inner.split('/').collect();
        if segments.len() > SEGMENTS_MAX {
            return Err(format!(
                "it has {} segments, and {SEGMENTS_MAX} is the most",
                segments.len()
            ));
        }
        for (n, segment) in segments.iter().enumerate() {
            let is_last = n + 1 == segments.len();
            if *segment == "*" && is_last && n > 0 {
                continue;
            }
            sound(segment, n)?;
        }
        Ok(Self(format!("/{inner}")))
    }
    /// The first segment, which names the namespace.
    pub fn namespace(&self) -> &str {
        self.0[1..].split('/').next().unwrap_or_default()
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn sound(segment: &str, n: usize) -> Result<(), String> {
    let letters = segment.chars().count();
    match segment {
        "" => Err("a segment of it is empty".to_owned()),
        "*" if n == 0 => {
            Err("a subscription is to channels of one namespace: `/NAMESPACE/*`".to_owned())
        }
        _ if segment.contains('*') => {
            Err("`*` may stand only for the whole last segment: `/NAMESPACE/*`".to_owned())
        }
        _ if letters > SEGMENT_CHARS_MAX => Err(format!(
            "the segment `{segment}` has {letters} characters, and {SEGMENT_CHARS_MAX} is the most"
        )),
        _ if segment.starts_with('-') || segment.ends_with('-') => {
            Err(format!("the segment `{segment}` begins or ends with a dash"))
        }
        _ if !segment.chars().all(|it| it.is_ascii_alphanumeric() || it == '-') => Err(format!(
            "the segment `{segment}` has other characters than letters, digits and dashes"
        )),
        _ => Ok(()),
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_written_with_or_without_its_outer_slashes() {
        for text in ["/sample/a", "sample/a", "/sample/a/", "sample/a/"] {
            let channel = Channel::to_publish(text).unwrap();
            assert_eq!((channel.as_str(), channel.namespace()), ("/sample/a", "sample"));
        }
        assert_eq!(Channel::to_subscribe("/sample/*").unwrap().as_str(), "/sample/*");
    }

    #[test]
    fn what_is_no_channel_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("/a//b", "empty"),
            ("/a/b/c/d/e/f", "6 segments"),
            ("/a/-b", "dash"),
            ("/a/b_c", "other characters"),
            ("/*", "one namespace"),
            ("/a/*/b", "last segment"),
            ("/a/b*", "last segment"),
        ] {
            let refused = Channel::to_subscribe(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
        assert!(Channel::to_publish("/a/*").unwrap_err().contains("many"));
        assert!(Channel::to_publish(&"x".repeat(51)).unwrap_err().contains("51 characters"));
    }
}
