//! Subscriptions by API and channel, and the broadcast of events to them. A broadcast takes time in proportion to
//! the segments of the channel and the receivers of the event. It never waits for a client.
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use indexmap::IndexMap;

use crate::data_plane::channel::Channel;
use crate::data_plane::websocket::outbox::{Frame, Outbox};
use crate::lock;

/// A connection and its id for a subscription.
type SubscriptionKey = (u64, Arc<str>);
/// The outboxes of the subscriptions to a channel.
type Subscribers = IndexMap<SubscriptionKey, Arc<Outbox>>;

/// The subscriptions of all APIs.
#[derive(Default)]
pub struct Hub {
    /// By the API's id.
    by_api: RwLock<HashMap<String, ApiSubscriptions>>,
}

/// The subscriptions of one API.
#[derive(Default)]
struct ApiSubscriptions {
    exact: HashMap<String, Subscribers>,
    /// By the path before the wildcard.
    wildcard: HashMap<String, Subscribers>,
}

impl Hub {
    pub fn subscribe(
        &self,
        api_id: &str,
        channel: &Channel,
        connection: u64,
        id: &Arc<str>,
        outbox: &Arc<Outbox>,
    ) {
        let mut audiences = lock::write(&self.by_api);
        let audience = audiences.entry(api_id.to_owned()).or_default();
        let (by_channel, path) = audience.index_for(channel);
        let subscribers = by_channel.entry(path.to_owned()).or_default();
        subscribers.insert((connection, Arc::clone(id)), Arc::clone(outbox));
    }

    pub fn unsubscribe(&self, api_id: &str, channel: &Channel, connection: u64, id: &Arc<str>) {
        let mut audiences = lock::write(&self.by_api);
        let Some(audience) = audiences.get_mut(api_id) else { return };
        let (by_channel, path) = audience.index_for(channel);
        if let Some(subscribers) = by_channel.get_mut(path) {
            subscribers.swap_remove(&(connection, Arc::clone(id)));
            if subscribers.is_empty() {
                by_channel.remove(path);
            }
        }
        if audience.exact.is_empty() && audience.wildcard.is_empty() {
            audiences.remove(api_id);
        }
    }

    /// Queues an event for every subscription to its channel, and returns the number of receivers.
    pub fn broadcast(&self, api_id: &str, channel: &Channel, event: &str) -> usize {
        let audiences = lock::read(&self.by_api);
        let Some(audience) = audiences.get(api_id) else { return 0 };
        let below = channel.ancestors().filter_map(|ancestor| audience.wildcard.get(ancestor));
        let all = audience.exact.get(&channel.path).into_iter().chain(below);
        let mut escaped: Option<Arc<str>> = None;
        let mut receivers = 0;
        for ((_, id), outbox) in all.flatten() {
            let event = escaped.get_or_insert_with(|| json_string(event).into());
            let (id, event) = (Arc::clone(id), Arc::clone(event));
            receivers += usize::from(outbox.push(Frame::Data { id, event }));
        }
        receivers
    }

    /// Removes the subscriptions to channel namespaces of the API that no longer exist.
    pub fn retain_namespaces(&self, api_id: &str, is_there: impl Fn(&str) -> bool) {
        let mut audiences = lock::write(&self.by_api);
        let Some(audience) = audiences.get_mut(api_id) else { return };
        for by_channel in [&mut audience.exact, &mut audience.wildcard] {
            by_channel.retain(|path, _| is_there(path.split('/').nth(1).unwrap_or_default()));
        }
    }
}

impl ApiSubscriptions {
    /// Returns the index for the subscriptions to `channel`, and the key in it.
    fn index_for<'c>(
        &mut self,
        channel: &'c Channel,
    ) -> (&mut HashMap<String, Subscribers>, &'c str) {
        match channel.wildcard_parent() {
            Some(below) => (&mut self.wildcard, below),
            None => (&mut self.exact, &channel.path),
        }
    }
}

/// Returns a text as a JSON string.
fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any text can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(outbox: &Outbox) -> Vec<String> {
        let mut frames = Vec::new();
        outbox.take_now(&mut frames);
        frames.into_iter().map(Frame::text).collect()
    }

    #[test]
    fn an_event_is_sent_once_to_each_subscription_that_covers_its_channel() {
        let hub = Hub::default();
        let outbox = Arc::new(Outbox::default());
        let channels = [("x", "/a/b"), ("y", "/a/*"), ("z", "/a/b/*"), ("n", "/a"), ("o", "/ab/*")];
        for (id, channel) in channels {
            let channel = Channel::parse_for_subscribe(channel).unwrap();
            hub.subscribe("api", &channel, 1, &id.into(), &outbox);
        }
        let check = |api: &str, channel: &str, expected: &[&str]| {
            let channel = Channel::parse_for_publish(channel).unwrap();
            assert_eq!(hub.broadcast(api, &channel, "1"), expected.len(), "{channel:?}");
            let data = |id: &&str| format!("{{\"type\":\"data\",\"id\":\"{id}\",\"event\":\"1\"}}");
            assert_eq!(
                texts(&outbox),
                expected.iter().map(data).collect::<Vec<_>>(),
                "{channel:?}"
            );
        };
        check("api", "/a/b", &["x", "y"]);
        check("api", "/a/b/c/d", &["z", "y"]);
        check("api", "/a", &["n"]);
        check("api", "/A/b", &[]);
        check("other", "/a/b", &[]);
        hub.unsubscribe("api", &Channel::parse_for_subscribe("/a/*").unwrap(), 1, &"y".into());
        check("api", "/a/b", &["x"]);
        hub.retain_namespaces("api", |namespace| namespace != "a");
        check("api", "/a/b", &[]);
        check("api", "/ab/c", &["o"]);
        hub.unsubscribe("api", &Channel::parse_for_subscribe("/ab/*").unwrap(), 1, &"o".into());
        assert!(hub.by_api.read().unwrap().is_empty());
    }
}
