//! Splits events into requests that AppSync accepts.
use std::iter::Peekable;

use crate::channel::Channel;
use crate::event::Event;

/// The maximum number of events in one request (docs/reference/quotas.md#publishing).
pub const EVENTS_MAX: usize = 5;
/// The maximum size of one request. Whether AppSync's megabyte has 1000 or 1024 kilobytes is not
/// documented; this is the smaller.
const REQUEST_BYTES_MAX: usize = 1_200_000;

/// Groups events into batches, each small enough to be published to `channel` in one request.
///
/// ```
/// use appsync_events::{Batches, Channel, Event};
///
/// let channel = Channel::parse("/default/room").unwrap();
/// let events = (0..12).map(|n| Event::new(&n).unwrap());
/// let sizes: Vec<usize> = Batches::new(&channel, events).map(|batch| batch.len()).collect();
/// assert_eq!(sizes, [5, 5, 2]);
/// ```
#[derive(Debug)]
pub struct Batches<I: Iterator<Item = Event>> {
    channel: Channel,
    events: Peekable<I>,
}

impl<I: Iterator<Item = Event>> Batches<I> {
    /// Groups `events` in their order.
    pub fn new(channel: &Channel, events: impl IntoIterator<IntoIter = I>) -> Self {
        Self { channel: channel.clone(), events: events.into_iter().peekable() }
    }
}

impl<I: Iterator<Item = Event>> Iterator for Batches<I> {
    type Item = Vec<Event>;

    fn next(&mut self) -> Option<Vec<Event>> {
        let mut batch = vec![self.events.next()?];
        let mut bytes = request_body(self.channel.as_str(), &batch).len();
        while batch.len() < EVENTS_MAX {
            let fits = |event: &Event| bytes + added_bytes(event) <= REQUEST_BYTES_MAX;
            let Some(event) = self.events.next_if(fits) else { break };
            bytes += added_bytes(&event);
            batch.push(event);
        }
        Some(batch)
    }
}

/// By how much an event makes a request longer: a comma, and the event as a JSON string.
fn added_bytes(event: &Event) -> usize {
    1 + json_string(event.as_str()).len()
}

/// The body of an HTTP request, which is also what is signed when publishing over a WebSocket: the
/// channel first, without white space.
pub fn request_body(channel: &str, events: &[Event]) -> String {
    let events: Vec<String> = events.iter().map(|event| json_string(event.as_str())).collect();
    format!(r#"{{"channel":{},"events":[{}]}}"#, json_string(channel), events.join(","))
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EVENT_BYTES_MAX;

    fn batches(events: Vec<String>) -> Vec<Vec<Event>> {
        let events = events.iter().map(|text| Event::from_json(text).unwrap());
        Batches::new(&Channel::parse("/a/b").unwrap(), events).collect()
    }

    fn sizes(events: Vec<String>) -> Vec<usize> {
        batches(events).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_five_events_or_fewer_if_they_are_large() {
        assert_eq!(sizes(vec!["1".to_owned(); 12]), [5, 5, 2]);
        assert_eq!(sizes(vec![]), [0; 0]);
        let large = format!("\"{}\"", "x".repeat(EVENT_BYTES_MAX - 2));
        assert_eq!(sizes(vec![large.clone(); 6]), [4, 2]);
        // A quote has two bytes in a request.
        let quotes = format!("[{}\"\"]", "\"\",".repeat((EVENT_BYTES_MAX - 4) / 3));
        assert_eq!(sizes(vec![quotes; 4]), [2, 2]);
        assert_eq!(batches(vec![large; 3]).concat().len(), 3);
    }

    #[test]
    fn no_batch_exceeds_the_size_of_a_request() {
        for bytes in [2, 1_000, 100_000, 200_000, EVENT_BYTES_MAX] {
            // Escaped backslashes: a pair has two bytes in the event and four in a request.
            let event = format!("\"{}\"", "\\".repeat((bytes - 2) / 2 * 2));
            for batch in batches(vec![event; 11]) {
                assert!(request_body("/a/b", &batch).len() <= REQUEST_BYTES_MAX, "{bytes}");
            }
        }
    }

    #[test]
    fn the_body_has_the_channel_first_and_events_as_strings() {
        let events = [r#"{"msg":"<hi>"}"#, "42"].map(|text| Event::from_json(text).unwrap());
        let expected = r#"{"channel":"/a","events":["{\"msg\":\"<hi>\"}","42"]}"#;
        assert_eq!(request_body("/a", &events), expected);
    }
}
