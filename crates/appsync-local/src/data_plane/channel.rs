//! The grammar of channels (docs/reference/data-plane.md#channels) and of operation ids.
use crate::data_plane::error::DataPlaneError;

const SEGMENTS_MAX: usize = 5;
const SEGMENT_MAX: usize = 50;
const OPERATION_ID_MAX: usize = 128;
/// The last segment of a subscription to every channel below another.
const WILDCARD: &str = "*";

/// A valid channel. Its path begins with a slash and does not end with one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// `/sample/room/1`, or in a subscription `/sample/*`.
    pub path: String,
}

impl Channel {
    /// Parses a channel to publish to.
    pub fn parse_for_publish(text: &str) -> Result<Self, DataPlaneError> {
        Self::parse(text, false)
    }
    /// Parses a channel to subscribe to: its last segment may be a wildcard.
    pub fn parse_for_subscribe(text: &str) -> Result<Self, DataPlaneError> {
        Self::parse(text, true)
    }

    fn parse(text: &str, wild: bool) -> Result<Self, DataPlaneError> {
        let inner = text.strip_prefix('/').unwrap_or(text);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        // One more than allowed is enough to reject the channel.
        let segments: Vec<&str> = inner.split('/').take(SEGMENTS_MAX + 1).collect();
        let last = segments.len() - 1;
        let is_valid = segments.len() <= SEGMENTS_MAX
            && segments.iter().enumerate().all(|(n, segment)| {
                // The first segment is a channel namespace, so `/*` is not valid.
                is_segment(segment) || (wild && *segment == WILDCARD && n == last && n > 0)
            });
        match is_valid {
            true => Ok(Self { path: format!("/{inner}") }),
            false => Err(DataPlaneError::bad_request("Invalid Channel Format")),
        }
    }

    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').skip(1)
    }
    /// Returns the name of the channel namespace.
    pub fn namespace(&self) -> &str {
        self.segments().next().unwrap_or_default()
    }
    /// Returns the path before a wildcard, if the channel ends with one.
    pub fn wildcard_parent(&self) -> Option<&str> {
        self.path.strip_suffix(WILDCARD)?.strip_suffix('/')
    }
    /// Returns the channels above this one, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.path.as_str();
        std::iter::from_fn(move || {
            rest = &rest[..rest.rfind('/')?];
            (!rest.is_empty()).then_some(rest)
        })
    }
}

/// `[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?`
fn is_segment(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    bytes.len() <= SEGMENT_MAX
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
}

/// `^[a-zA-Z0-9-_+]{1,128}$`
pub fn is_operation_id(text: &str) -> bool {
    (1..=OPERATION_ID_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
    use regex_lite::Regex;

    use super::*;

    /// The patterns of docs/reference/data-plane.md#channels.
    const PUBLISH: &str = r"^\/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:\/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,4}\/?$";
    const WILD: &str = r"^\/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:\/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,3}\/\*\/?$";
    const ID: &str = r"^[a-zA-Z0-9_+-]{1,128}$";

    #[test]
    fn a_channel_has_one_to_five_segments_and_outer_slashes_are_optional() {
        let check = |text: &str, expected: Option<&str>| {
            let channel = Channel::parse_for_publish(text).ok().map(|channel| channel.path);
            assert_eq!(channel.as_deref(), expected, "{text}");
            assert_eq!(
                Channel::parse_for_subscribe(text).ok().map(|channel| channel.path).as_deref(),
                expected
            );
        };
        check("/default/chat", Some("/default/chat"));
        check("default", Some("/default"));
        check("default/Chat/", Some("/default/Chat"));
        check("/a/b/c/d/e/", Some("/a/b/c/d/e"));
        check(&format!("/{}", "x".repeat(50)), Some(&format!("/{}", "x".repeat(50))));
        for invalid in [
            "",
            "/",
            "//",
            "//a",
            "a//",
            "a//b",
            "/a/b/c/d/e/f",
            "/-a",
            "/a-",
            "/a_b",
            "/ä",
            " a",
            "a\n",
            "*a",
            "/a/b*",
        ] {
            check(invalid, None);
        }
        check(&format!("/{}", "x".repeat(51)), None);
    }

    #[test]
    fn only_the_last_segment_of_a_subscription_may_be_a_wildcard() {
        let check = |text: &str, expected: Option<&str>| {
            let channel = Channel::parse_for_subscribe(text).ok();
            assert_eq!(channel.as_ref().map(|channel| channel.path.as_str()), expected, "{text}");
            assert!(Channel::parse_for_publish(text).is_err(), "{text}");
        };
        check("/default/*", Some("/default/*"));
        check("default/a/*", Some("/default/a/*"));
        check("/a/b/c/d/*", Some("/a/b/c/d/*"));
        check("/a/b/c/d/e/*", None);
        check("/*", None);
        check("*", None);
        check("/a/*/b", None);
        check("/a/**", None);
        let below = Channel::parse_for_subscribe("/a/b/*").unwrap();
        assert_eq!((below.wildcard_parent(), below.namespace()), (Some("/a/b"), "a"));
        let exact = Channel::parse_for_publish("/a/b/c").unwrap();
        assert_eq!(exact.wildcard_parent(), None);
        assert_eq!(exact.ancestors().collect::<Vec<_>>(), ["/a/b", "/a"]);
        assert_eq!(Channel::parse_for_publish("/a").unwrap().ancestors().count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn channels_and_operation_ids_match_the_patterns_of_the_reference(
            text in "[/]{0,2}([ab*-]{0,3}/?){0,7}", long in "/?[a-]{46,54}/?", any in ".{0,12}",
            id in "[a+_ -]{0,4}", repeated in 120..140_usize,
        ) {
            let (publish, wild) = (Regex::new(PUBLISH).unwrap(), Regex::new(WILD).unwrap());
            for text in [&text, &long, &any] {
                let matches = publish.is_match(text);
                prop_assert_eq!(Channel::parse_for_publish(text).is_ok(), matches);
                prop_assert_eq!(Channel::parse_for_subscribe(text).is_ok(), matches || wild.is_match(text));
            }
            let ids = Regex::new(ID).unwrap();
            for id in [&id, &any, &"a".repeat(repeated)] {
                prop_assert_eq!(is_operation_id(id), ids.is_match(id));
            }
        }
    }
}
