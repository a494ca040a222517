//! What clients send as JSON: messages over a WebSocket, and the body of a publish over HTTP.
//!
//! Only known members are kept, so a message takes no more memory than it has bytes, and parsing never
//! recurses with the depth of the JSON.
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::data_plane::auth::request::CredentialFields;
use crate::data_plane::error::DataPlaneError;

/// Events of one publish (docs/reference/quotas.md#publishing).
pub const EVENTS_PER_PUBLISH_MAX: usize = 5;
/// Bytes of one event (docs/reference/quotas.md#publishing).
pub const EVENT_BYTES_MAX: usize = 240 * 1024;
/// Bytes of one request to publish.
pub const REQUEST_BYTES_MAX: usize = EVENTS_PER_PUBLISH_MAX * EVENT_BYTES_MAX;

/// The error of a request that is too large.
pub fn too_large() -> DataPlaneError {
    DataPlaneError::bad_request("The request exceeds 1.2 MB")
}

/// A message or a body, with the known members.
#[derive(Default, Deserialize)]
pub struct ClientMessage {
    #[serde(default, rename = "type")]
    pub kind: TextMember,
    #[serde(default)]
    pub id: TextMember,
    #[serde(default)]
    pub channel: TextMember,
    #[serde(default)]
    pub events: EventsMember,
    /// Names in lower case.
    #[serde(default)]
    pub authorization: CredentialFields,
}

impl ClientMessage {
    /// Parses a JSON object.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        // Serde would also accept a list of the members.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        serde_json::from_slice(bytes).ok()
    }
}

/// A member that should be text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TextMember {
    #[default]
    Missing,
    Text(String),
    /// Any other value, which is not kept.
    Other,
}

impl TextMember {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The member `events`.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum EventsMember {
    #[default]
    Missing,
    /// The first events, up to the allowed number, and the number of all events.
    List { first: Vec<TextMember>, count: usize },
    /// Any other value, which is not kept.
    Other,
}

impl<'de> Deserialize<'de> for TextMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ShallowVisitor { is_deep: false })? {
            ShallowValue::Nothing => Ok(Self::Missing),
            ShallowValue::Text(text) => Ok(Self::Text(text)),
            _ => Ok(Self::Other),
        }
    }
}

impl<'de> Deserialize<'de> for EventsMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ShallowVisitor { is_deep: true })? {
            ShallowValue::Nothing => Ok(Self::Missing),
            ShallowValue::List(first, count) => Ok(Self::List { first, count }),
            _ => Ok(Self::Other),
        }
    }
}

impl<'de> Deserialize<'de> for CredentialFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ShallowVisitor { is_deep: true })? {
            ShallowValue::Object(fields) => Ok(Self { fields }),
            _ => Ok(Self::default()),
        }
    }
}

/// Any JSON value, to the depth of one level.
enum ShallowValue {
    Nothing,
    Text(String),
    List(Vec<TextMember>, usize),
    Object(BTreeMap<String, String>),
    Scalar,
}

/// Reads a [`ShallowValue`].
struct ShallowVisitor {
    /// Whether the contents of lists and objects are kept.
    is_deep: bool,
}

impl<'de> Visitor<'de> for ShallowVisitor {
    type Value = ShallowValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Scalar)
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Scalar)
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Scalar)
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Scalar)
    }
    fn visit_unit<E: Error>(self) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Nothing)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Text(text.to_owned()))
    }
    fn visit_string<E: Error>(self, text: String) -> Result<ShallowValue, E> {
        Ok(ShallowValue::Text(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ShallowValue, A::Error> {
        let (mut first, mut count) = (Vec::new(), 0);
        while self.is_deep && count < EVENTS_PER_PUBLISH_MAX {
            match items.next_element()? {
                Some(item) => first.push(item),
                None => return Ok(ShallowValue::List(first, count)),
            }
            count += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(ShallowValue::List(first, count))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ShallowValue, A::Error> {
        let mut fields = BTreeMap::new();
        if !self.is_deep {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(ShallowValue::Object(fields));
        }
        while let Some((name, value)) = members.next_entry::<String, TextMember>()? {
            if let TextMember::Text(text) = value {
                fields.insert(name.to_ascii_lowercase(), text);
            }
        }
        Ok(ShallowValue::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_members_are_kept_and_others_are_ignored() {
        let text = r#" {"payload":{"x":[1]},"type":"publish","id":7,"channel":"/a","events":["1",2,["x"],null,"5",{}],
            "authorization":{"X-Api-Key":"k","n":1,"host":"h","o":{"p":"q"}}}"#;
        let message = ClientMessage::parse(text.as_bytes()).unwrap();
        assert_eq!(message.kind.text(), Some("publish"));
        assert_eq!((message.id, message.channel.text()), (TextMember::Other, Some("/a")));
        let text = |text: &str| TextMember::Text(text.to_owned());
        let first =
            vec![text("1"), TextMember::Other, TextMember::Other, TextMember::Missing, text("5")];
        assert_eq!(message.events, EventsMember::List { first, count: 6 });
        let fields: Vec<_> = message.authorization.fields.into_iter().collect();
        let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields, [owned("host", "h"), owned("x-api-key", "k")]);
        let message = ClientMessage::parse(br#"{"events":"[1]","authorization":"k"}"#).unwrap();
        assert_eq!(message.events, EventsMember::Other);
        assert!(message.authorization.fields.is_empty() && message.kind == TextMember::Missing);
    }

    #[test]
    fn only_json_objects_are_parsed() {
        for invalid in [
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
            assert!(ClientMessage::parse(invalid.as_bytes()).is_none(), "{invalid}");
        }
        assert!(ClientMessage::parse(b"{\"id\":\"\xff\"}").is_none());
    }

    #[test]
    fn deeply_nested_messages_are_harmless() {
        for member in ["payload", "events", "authorization", "id"] {
            let deep = format!("{{\"{member}\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
            let _ = ClientMessage::parse(deep.as_bytes());
            let deep = format!("{{\"{member}\":{}", "{\"a\":".repeat(200_000));
            assert!(ClientMessage::parse(deep.as_bytes()).is_none());
        }
    }
}
