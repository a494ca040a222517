//! Events in batches that AppSync takes: five at most, each and all of them small enough
//! (docs/reference/quotas.md#publishing).
use std::iter::Peekable;

/// Events of one request.
pub const EVENTS_MAX: usize = 5;
/// Bytes of one event. A larger one is not always refused: it may vanish.
pub const EVENT_BYTES_MAX: usize = 240 * 1024;
/// Bytes of one request; whether AppSync's megabyte has a thousand of a thousand is not known, so the smaller.
const REQUEST_BYTES_MAX: usize = 1_200_000;

/// An event that AppSync does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has {bytes} bytes, and {EVENT_BYTES_MAX} (240 KB) is the most")]
pub struct TooLarge {
    pub bytes: usize,
}

/// Says whether AppSync takes an event of this size.
pub fn sized(event: &str) -> Result<(), TooLarge> {
    match event.len() {
        bytes if bytes > EVENT_BYTES_MAX => Err(TooLarge { bytes }),
        _ => Ok(()),
    }
}

/// What is left of `events`, in batches for `channel`.
#[derive(Debug)]
pub struct Batches<I: Iterator<Item = String>> {
    channel: String,
    events: Peekable<I>,
}

impl<I: Iterator<Item = String>> Batches<I> {
    pub fn new(channel: &str, events: I) -> Self {
        Self { channel: channel.to_owned(), events: events.peekable() }
    }
}

impl<I: Iterator<Item = String>> Iterator for Batches<I> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        let mut batch = vec![self.events.next()?];
        let mut bytes = body(&self.channel, &batch).len();
        while batch.len() < EVENTS_MAX {
            // A comma and the event as a JSON string.
            let next = self.events.next_if(|it| bytes + 1 + quoted(it) <= REQUEST_BYTES_MAX);
            let Some(next) = next else { break };
            bytes += 1 + quoted(&next);
            batch.push(next);
        }
        Some(batch)
    }
}

fn quoted(event: &str) -> usize {
    serde_json::to_string(event).map_or(event.len(), |it| it.len())
}

/// The text that is sent over HTTP, and signed over a WebSocket: the channel first, compact.
pub fn body(channel: &str, events: &[String]) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let events: Vec<String> = events.iter().map(|it| quoted(it)).collect();
    format!(r#"{{"channel":{},"events":[{}]}}"#, quoted(channel), events.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(events: Vec<String>) -> Vec<usize> {
        Batches::new("/a/b", events.into_iter()).map(|it| it.len()).collect()
    }

    #[test]
    fn five_events_are_a_batch_and_fewer_if_they_are_large() {
        assert_eq!(sizes(vec!["1".to_owned(); 12]), [5, 5, 2]);
        assert_eq!(sizes(vec![]), [0; 0]);
        let large = format!("\"{}\"", "x".repeat(EVENT_BYTES_MAX - 2));
        assert_eq!(sized(&large), Ok(()));
        assert_eq!(sizes(vec![large.clone(); 6]), [4, 2]);
        // Quotes take two bytes each in a request.
        let quotes = format!("[{}\"\"]", "\"\",".repeat((EVENT_BYTES_MAX - 4) / 3));
        assert_eq!(sizes(vec![quotes.clone(); 4]), [2, 2]);
        let all: Vec<String> = Batches::new("/a", vec![large; 3].into_iter()).flatten().collect();
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn no_batch_is_larger_than_a_request_may_be() {
        for bytes in [1, 1_000, 100_000, 200_000, EVENT_BYTES_MAX] {
            let event = "\"".repeat(bytes);
            for batch in Batches::new("/a", vec![event; 11].into_iter()) {
                assert!(body("/a", &batch).len() <= REQUEST_BYTES_MAX, "{bytes}");
            }
        }
    }

    #[test]
    fn an_event_that_is_too_large_is_refused_with_both_sizes() {
        let refused = sized(&"1".repeat(EVENT_BYTES_MAX + 1)).unwrap_err().to_string();
        assert_eq!(refused, "it has 245761 bytes, and 245760 (240 KB) is the most");
    }

    #[test]
    fn the_body_has_the_channel_first_and_events_as_texts() {
        let events = [r#"{"msg":"<hi>"}"#.to_owned(), "42".to_owned()];
        let expected = r#"{"channel":"/a","events":["{\"msg\":\"<hi>\"}","42"]}"#;
        assert_eq!(body("/a", &events), expected);
    }
}
