//! Events to publish: JSON text that AppSync accepts.
use serde::Serialize;
use serde::de::IgnoredAny;

/// The maximum size of one event in bytes, 240 KB.
///
/// AppSync does not always reject a larger event: it can also accept and never deliver it
/// (docs/reference/quotas.md#publishing).
pub const EVENT_BYTES_MAX: usize = 240 * 1024;

/// An event to publish: valid JSON of at most [`EVENT_BYTES_MAX`] bytes.
///
/// ```
/// use appsync_events::Event;
/// use serde_json::json;
///
/// let event = Event::new(&json!({ "message": "hello" }))?;
/// assert_eq!(event.as_str(), r#"{"message":"hello"}"#);
/// assert_eq!(Event::from_json("  [1, 2]\n")?.as_str(), "[1, 2]");
/// assert!(Event::from_json("{message: hello}").is_err());
/// # Ok::<(), appsync_events::InvalidEvent>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event(String);

impl Event {
    /// Serializes `payload` as JSON.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent::Json`] if `payload` can't be serialized, [`InvalidEvent::TooLarge`] if the
    /// JSON exceeds [`EVENT_BYTES_MAX`].
    pub fn new(payload: &impl Serialize) -> Result<Self, InvalidEvent> {
        Self::check_size(serde_json::to_string(payload)?)
    }

    /// Takes JSON text as it is, without the white space around it.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent::Json`] if `text` is not valid JSON, [`InvalidEvent::TooLarge`] if it exceeds
    /// [`EVENT_BYTES_MAX`].
    pub fn from_json(text: &str) -> Result<Self, InvalidEvent> {
        serde_json::from_str::<IgnoredAny>(text)?;
        Self::check_size(text.trim().to_owned())
    }

    fn check_size(text: String) -> Result<Self, InvalidEvent> {
        match text.len() {
            bytes if bytes > EVENT_BYTES_MAX => Err(InvalidEvent::TooLarge { bytes }),
            _ => Ok(Self(text)),
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Why something can't be published as an event.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// It is not JSON.
    #[error("not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is larger than [`EVENT_BYTES_MAX`].
    #[error("event too large: {bytes} bytes, at most {EVENT_BYTES_MAX} (240 KB) are allowed")]
    TooLarge {
        /// The size of the event.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_is_too_large_is_rejected_with_both_sizes() {
        assert!(Event::from_json(&"1".repeat(EVENT_BYTES_MAX)).is_ok());
        let error = Event::from_json(&"1".repeat(EVENT_BYTES_MAX + 1)).unwrap_err().to_string();
        assert_eq!(error, "event too large: 245761 bytes, at most 245760 (240 KB) are allowed");
        let error = Event::new(&"x".repeat(EVENT_BYTES_MAX)).unwrap_err();
        assert!(matches!(error, InvalidEvent::TooLarge { bytes } if bytes == EVENT_BYTES_MAX + 2));
    }

    #[test]
    fn text_that_is_not_json_is_rejected_with_the_position() {
        let error = Event::from_json("{a: 1}").unwrap_err().to_string();
        assert!(error.starts_with("not valid JSON: ") && error.contains("column 2"), "{error}");
    }
}
