//! What clients send as JSON: messages over a WebSocket, the body of a publish over HTTP.
//!
//! Only what is asked for is kept, so that a message takes no more memory than it has bytes, and nothing
//! recurses with its depth.
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::data_plane::problem::Problem;

/// Events of one publish (docs/reference/quotas.md#publishing).
pub const EVENTS_MAX: usize = 5;
/// Bytes of one event (docs/reference/quotas.md#publishing).
pub const EVENT_MAX: usize = 240 * 1024;
/// Bytes of one request to publish.
pub const REQUEST_MAX: usize = EVENTS_MAX * EVENT_MAX;

/// A request with more bytes than it may have.
pub fn too_large() -> Problem {
    Problem::bad_request("The request exceeds 1.2 MB")
}

/// A message, or a body, with the members that count; others are passed over.
#[derive(Default, Deserialize)]
pub struct Message {
    #[serde(default, rename = "type")]
    pub kind: Given,
    #[serde(default)]
    pub id: Given,
    #[serde(default)]
    pub channel: Given,
    #[serde(default)]
    pub events: Events,
    /// Names in lower case.
    #[serde(default)]
    pub authorization: Fields,
}

impl Message {
    /// Reads an object.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        // A list of the members would do for serde.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        serde_json::from_slice(bytes).ok()
    }
}

/// A member that should be text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Given {
    #[default]
    Nothing,
    Text(String),
    /// Something else, which is not kept.
    Other,
}

impl Given {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The member `events`.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Events {
    #[default]
    Nothing,
    /// The first of them, no more than there may be, and how many there are.
    List { first: Vec<Given>, count: usize },
    /// Something else, which is not kept.
    Other,
}

/// Members of an object that are texts. No `Debug`: they are credentials.
#[derive(Default)]
pub struct Fields(pub BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Any { inside: false })? {
            Seen::Nothing => Ok(Self::Nothing),
            Seen::Text(text) => Ok(Self::Text(text)),
            _ => Ok(Self::Other),
        }
    }
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Any { inside: true })? {
            Seen::Nothing => Ok(Self::Nothing),
            Seen::List(first, count) => Ok(Self::List { first, count }),
            _ => Ok(Self::Other),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Any { inside: true })? {
            Seen::Object(fields) => Ok(Self(fields)),
            _ => Ok(Self::default()),
        }
    }
}

/// Any value, one level deep.
enum Seen {
    Nothing,
    Text(String),
    List(Vec<Given>, usize),
    Object(BTreeMap<String, String>),
    Scalar,
}

struct Any {
    /// Whether the contents of lists and objects are checked.
    inside: bool,
}

impl<'de> Visitor<'de> for Any {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Seen, E> {
        Ok(Seen::Scalar)
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::Scalar)
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Seen, E> {
        Ok(Seen::Scalar)
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::Scalar)
    }
    fn visit_unit<E: Error>(self) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Seen, E> {
        Ok(Seen::Text(text.to_owned()))
    }
    fn visit_string<E: Error>(self, text: String) -> Result<Seen, E> {
        Ok(Seen::Text(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        let (mut first, mut count) = (Vec::new(), 0);
        while self.inside && count < EVENTS_MAX {
            match items.next_element()? {
                Some(item) => first.push(item),
                None => return Ok(Seen::List(first, count)),
            }
            count += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Seen::List(first, count))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Seen, A::Error> {
        let mut fields = BTreeMap::new();
        if !self.inside {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Seen::Object(fields));
        }
        while let Some((name, value)) = members.next_entry::<String, Given>()? {
            if let Given::Text(text) = value {
                fields.insert(name.to_ascii_lowercase(), text);
            }
        }
        Ok(Seen::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_count_are_kept_and_others_passed_over() {
        let text = r#" {"payload":{"x":[1]},"type":"publish","id":7,"channel":"/a","events":["1",2,["x"],null,"5",{}],
            "authorization":{"X-Api-Key":"k","n":1,"host":"h","o":{"p":"q"}}}"#;
        let message = Message::read(text.as_bytes()).unwrap();
        assert_eq!(message.kind.text(), Some("publish"));
        assert_eq!((message.id, message.channel.text()), (Given::Other, Some("/a")));
        let text = |it: &str| Given::Text(it.to_owned());
        let first = vec![text("1"), Given::Other, Given::Other, Given::Nothing, text("5")];
        assert_eq!(message.events, Events::List { first, count: 6 });
        let fields: Vec<_> = message.authorization.0.into_iter().collect();
        let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields, [owned("host", "h"), owned("x-api-key", "k")]);
        let message = Message::read(br#"{"events":"[1]","authorization":"k"}"#).unwrap();
        assert_eq!(message.events, Events::Other);
        assert!(message.authorization.0.is_empty() && message.kind == Given::Nothing);
    }

    #[test]
    fn only_json_objects_are_parsed() {
        for wrong in [
            "",
            "[]",
            "[\"publish\"]",
            "null",
            "{",
            "{\"id\":}",
            "\"{}\"",
            "{} {}",
            "{\"id\":1,\"id\":2}",
        ] {
            assert!(Message::read(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(Message::read(b"{\"id\":\"\xff\"}").is_none());
    }

    #[test]
    fn depth_overflows_nothing() {
        for member in ["payload", "events", "authorization", "id"] {
            let deep = format!("{{\"{member}\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
            let _ = Message::read(deep.as_bytes());
            let deep = format!("{{\"{member}\":{}", "{\"a\":".repeat(200_000));
            assert!(Message::read(deep.as_bytes()).is_none());
        }
    }
}
