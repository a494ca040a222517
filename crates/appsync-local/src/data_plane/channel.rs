//! Channels and their grammar (docs/reference/data-plane.md#channels), and the ids of operations.
use crate::data_plane::error::DataPlaneError;

const SEGMENTS_MAX: usize = 5;
const SEGMENT_MAX: usize = 50;
const OPERATION_ID_MAX: usize = 128;
/// Every channel below one, in a subscription.
const WILDCARD: &str = "*";

/// A channel, sound: its path begins with a slash and ends with none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// `/sample/room/1`; of a subscription perhaps `/sample/*`.
    pub path: String,
}

impl Channel {
    /// A channel that can be published to.
    pub fn parse_for_publish(text: &str) -> Result<Self, DataPlaneError> {
        Self::parse(text, false)
    }
    /// A channel that can be subscribed to: its last segment may stand for all that is below.
    pub fn parse_for_subscribe(text: &str) -> Result<Self, DataPlaneError> {
        Self::parse(text, true)
    }

    fn parse(text: &str, wild: bool) -> Result<Self, DataPlaneError> {
        let inner = text.strip_prefix('/').unwrap_or(text);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        // One more is enough to know.
        let segments: Vec<&str> = inner.split('/').take(SEGMENTS_MAX + 1).collect();
        let last = segments.len() - 1;
        let sound = segments.len() <= SEGMENTS_MAX
            && segments.iter().enumerate().all(|(n, segment)| {
                // A namespace comes first, so `/*` is none.
                is_segment(segment) || (wild && *segment == WILDCARD && n == last && n > 0)
            });
        match sound {
            true => Ok(Self { path: format!("/{inner}") }),
            false => Err(DataPlaneError::bad_request("Invalid Channel Format")),
        }
    }

    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').skip(1)
    }
    /// The channel namespace that it is in.
    pub fn namespace(&self) -> &str {
        self.segments().next().unwrap_or_default()
    }
    /// The channel below which all are meant, if it is a subscription's that ends with `*`.
    pub fn wildcard_parent(&self) -> Option<&str> {
        self.path.strip_suffix(WILDCARD)?.strip_suffix('/')
    }
    /// The channels that this one is below, the nearest first.
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
        && bytes.iter().all(|it| it.is_ascii_alphanumeric() || *it == b'-')
        && ends.iter().all(|it| it.is_some_and(u8::is_ascii_alphanumeric))
}

/// `^[a-zA-Z0-9-_+]{1,128}$`
pub fn is_operation_id(text: &str) -> bool {
    (1..=OPERATION_ID_MAX).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_+".contains(&it))
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
    fn a_channel_has_one_to_five_segments_and_its_outer_slashes_do_not_matter() {
        let check = |text: &str, expected: Option<&str>| {
            let channel = Channel::parse_for_publish(text).ok().map(|it| it.path);
            assert_eq!(channel.as_deref(), expected, "{text}");
            assert_eq!(
                Channel::parse_for_subscribe(text).ok().map(|it| it.path).as_deref(),
                expected
            );
        };
        check("/default/chat", Some("/default/chat"));
        check("default", Some("/default"));
        check("default/Chat/", Some("/default/Chat"));
        check("/a/b/c/d/e/", Some("/a/b/c/d/e"));
        check(&format!("/{}", "x".repeat(50)), Some(&format!("/{}", "x".repeat(50))));
        for wrong in [
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
            check(wrong, None);
        }
        check(&format!("/{}", "x".repeat(51)), None);
    }

    #[test]
    fn a_star_is_the_whole_last_segment_of_a_subscription_and_never_its_first() {
        let check = |text: &str, expected: Option<&str>| {
            let channel = Channel::parse_for_subscribe(text).ok();
            assert_eq!(channel.as_ref().map(|it| it.path.as_str()), expected, "{text}");
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
        fn what_is_a_channel_and_an_id_is_as_the_reference_says(
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
