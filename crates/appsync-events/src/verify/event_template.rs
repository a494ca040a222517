//! The events that a verification publishes, and how they are recognized when they arrive.
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{Event, InvalidEvent};

/// Is replaced by a nonce, a text that is used once.
const PLACEHOLDER: &str = "${nonce}";
/// As long as every nonce. It starts with a digit before a letter, so a placeholder outside of a JSON
/// string is not valid JSON.
const SAMPLE_NONCE: &str = "0a000000000000000000000000";
static NONCES: AtomicU64 = AtomicU64::new(0);

/// JSON with `${nonce}` in it, which is different in every event.
///
/// ```
/// use appsync_events::verify::EventTemplate;
///
/// assert!(EventTemplate::parse(r#"{"kind":"order","id":"${nonce}"}"#).is_ok());
/// assert!(EventTemplate::parse(r#"{"kind":"order","id":${nonce}}"#).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTemplate(String);

impl EventTemplate {
    /// Parses a template. `${nonce}` can be in any string, any number of times.
    ///
    /// # Errors
    ///
    /// If the template does not result in an [`Event`].
    pub fn parse(template: &str) -> Result<Self, InvalidEvent> {
        let template = Self(template.to_owned());
        template.event(SAMPLE_NONCE)?;
        Ok(template)
    }

    pub(crate) fn event(&self, nonce: &str) -> Result<Event, InvalidEvent> {
        Event::from_json(&self.0.replace(PLACEHOLDER, nonce))
    }

    fn has_placeholder(&self) -> bool {
        self.0.contains(PLACEHOLDER)
    }
}

impl Default for EventTemplate {
    fn default() -> Self {
        Self(format!(r#"{{"provision":{{"nonce":"{PLACEHOLDER}"}}}}"#))
    }
}

/// Recognizes the events of a template on a channel that no one else publishes to.
#[derive(Clone, Debug)]
pub(crate) struct EventMatcher {
    /// Whether every event on the channel counts: the template has no nonce, or a handler may have
    /// removed it.
    accepts_any: bool,
}

impl EventMatcher {
    pub(crate) fn new(template: &EventTemplate, has_handler: bool) -> Self {
        Self { accepts_any: has_handler || !template.has_placeholder() }
    }

    /// The index of the nonce in `payload`. If the payload has none of the nonces and need not have
    /// one, it is the last.
    pub(crate) fn find_nonce(&self, payload: &str, nonces: &[String]) -> Option<usize> {
        let index = nonces.iter().position(|nonce| payload.contains(nonce));
        index.or_else(|| nonces.len().checked_sub(1).filter(|_| self.accepts_any))
    }
}

/// A name that has not been used before: 26 letters and digits, short enough for a channel segment.
pub(crate) fn new_nonce() -> String {
    let mut bytes = [0; 13];
    // Without a source of randomness, a number that is unique in this process.
    if getrandom::fill(&mut bytes).is_err() {
        let count = NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes[..4].copy_from_slice(&std::process::id().to_be_bytes());
        bytes[5..].copy_from_slice(&count);
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_a_channel_segment_and_unique() {
        let (first, second) = (new_nonce(), new_nonce());
        assert_ne!(first, second);
        assert_eq!(first.len(), SAMPLE_NONCE.len());
        assert!(first.chars().all(|c| c.is_ascii_alphanumeric()), "{first}");
    }

    #[test]
    fn an_event_is_recognized_by_its_nonce_or_if_a_handler_changes_it_by_its_channel() {
        let nonces = ["n1".to_owned(), "n2".to_owned()];
        let template = EventTemplate::default();
        let event = template.event("n1").unwrap();
        assert_eq!(event.as_str(), r#"{"provision":{"nonce":"n1"}}"#);
        let matcher = EventMatcher::new(&template, false);
        assert_eq!(matcher.find_nonce(event.as_str(), &nonces), Some(0));
        assert_eq!(matcher.find_nonce("{}", &nonces), None);
        let with_handler = EventMatcher::new(&template, true);
        assert_eq!(with_handler.find_nonce("{}", &nonces), Some(1));
        assert_eq!(with_handler.find_nonce("{}", &[]), None);
        let without_nonce = EventTemplate::parse("{}").unwrap();
        let matcher = EventMatcher::new(&without_nonce, false);
        assert_eq!(matcher.find_nonce("{}", &nonces), Some(1));
    }

    #[test]
    fn every_placeholder_is_replaced() {
        let template = EventTemplate::parse(r#"{"id":"${nonce}","again":"${nonce}"}"#).unwrap();
        assert_eq!(template.event("n1").unwrap().as_str(), r#"{"id":"n1","again":"n1"}"#);
    }
}
