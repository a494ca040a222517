//! An authorized connection, without its socket: the effect of each message, and its response
//! (docs/reference/data-plane.md#messages).
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::data_plane::auth::request::{Identity, Operation, Presented};
use crate::data_plane::channel::{Channel, is_operation_id};
use crate::data_plane::feed::Happening;
use crate::data_plane::message::{Events, Given, Message, REQUEST_MAX, too_large};
use crate::data_plane::plane::DataPlane;
use crate::data_plane::problem::Problem;
use crate::data_plane::publication;
use crate::data_plane::source::Source;
use crate::data_plane::websocket::connections::Connection;
use crate::data_plane::websocket::frame;
use crate::data_plane::websocket::outbox::{End, Frame, Outbox};

/// Subscriptions of one connection (docs/reference/quotas.md#connections).
const SUBSCRIPTIONS_MAX: usize = 200;
/// Publishes of one connection in one second.
const PUBLISHES_MAX: usize = 25;
const PUBLISHES_PER: Duration = Duration::from_secs(1);
/// The most that is returned of a client's own text.
const ECHO_MAX: usize = 128;

/// It leaves when it is dropped.
pub struct Session {
    plane: Arc<DataPlane>,
    source: Source,
    connection: Arc<Connection>,
    rate: Rate,
}

/// When a connection published last.
#[derive(Debug, Default)]
struct Rate {
    published: VecDeque<Instant>,
}

impl Rate {
    /// Whether one more publish is taken at `now`. What is not taken does not count.
    fn take(&mut self, now: Instant) -> bool {
        while self.published.front().is_some_and(|it| now.duration_since(*it) >= PUBLISHES_PER) {
            self.published.pop_front();
        }
        let taken = self.published.len() < PUBLISHES_MAX;
        if taken {
            self.published.push_back(now);
        }
        taken
    }
}

/// What is signed to subscribe.
#[derive(Serialize)]
struct SignedSubscribe<'a> {
    channel: Option<&'a str>,
}

/// What is signed to publish.
#[derive(Serialize)]
struct SignedPublish<'a> {
    channel: Option<&'a str>,
    events: Vec<Option<&'a str>>,
}

impl Session {
    /// Lets a client in that presents `presented`, or says why not.
    pub async fn begin(
        plane: Arc<DataPlane>,
        source: Source,
        presented: Option<Presented>,
    ) -> Result<Self, Problem> {
        let result = admit(&plane, &source, presented).await;
        let connection = match result {
            Ok((identity, key)) => Connection {
                number: plane.connections.number(),
                place: source.place.clone(),
                mode: identity.mode,
                since_epoch_s: plane.store.now_epoch_s(),
                until_epoch_s: identity.until_epoch_s,
                key,
                outbox: Arc::default(),
                subscriptions: Default::default(),
            },
            Err(problem) => {
                publication::refused(&plane, &source, "connect", None, &problem);
                return Err(problem);
            }
        };
        let connection = Arc::new(connection);
        plane.connections.enter(&connection);
        plane.feed.tell(|| Happening::Connected {
            api_id: connection.place.api_id.clone(),
            connection: connection.number,
            mode: connection.mode.to_owned(),
        });
        Ok(Self { plane, source, connection, rate: Rate::default() })
    }

    /// Where its answers and events wait.
    pub fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.connection.outbox)
    }

    /// How often its client hears that the connection lives.
    pub fn keep_alive(&self) -> Duration {
        self.plane.keep_alive
    }

    /// Answers a message.
    pub async fn on(&mut self, text: &[u8]) {
        let Some(message) = Message::read(text) else {
            return self.on_other("The message is not a JSON object");
        };
        match message.kind.text() {
            Some("connection_init") => self.answer(frame::ack()),
            Some("subscribe") => self.on_subscribe(message).await,
            Some("unsubscribe") => self.on_unsubscribe(&message),
            Some("publish") => self.on_publish(message, text.len()).await,
            kind => {
                let kind: String = kind.unwrap_or_default().chars().take(ECHO_MAX).collect();
                let problem = Problem::new(400, "UnsupportedOperation")
                    .saying(format!("{kind} not supported through the realtime channel"));
                publication::refused(&self.plane, &self.source, "message", None, &problem);
                let id = message.id.text().filter(|it| is_operation_id(it));
                self.answer(frame::error("error", id, &problem));
            }
        }
    }

    /// Responds to a frame that is not a message.
    pub fn on_other(&self, wrong: &str) {
        let problem = Problem::bad_request(wrong);
        publication::refused(&self.plane, &self.source, "message", None, &problem);
        self.answer(frame::error("error", None, &problem));
    }

    async fn on_subscribe(&mut self, message: Message) {
        let Some(id) = self.id(&message.id, "subscribe_error") else { return };
        if let Err(problem) = self.subscribe(id, &message).await {
            let (source, channel) = (&self.source, message.channel.text());
            publication::refused(&self.plane, source, "subscribe", channel, &problem);
            self.answer(frame::error("subscribe_error", Some(id), &problem));
        }
    }

    async fn subscribe(&self, id: &str, message: &Message) -> Result<(), Problem> {
        let (plane, source) = (&*self.plane, &self.source);
        let channel = Channel::subscribe(message.channel.text().unwrap_or_default())?;
        self.check_room(id)?;
        let api = source.api(&plane.apis)?;
        let signed = write(&SignedSubscribe { channel: message.channel.text() });
        let presented = Presented { fields: message.authorization.0.clone() };
        let operation = Operation::Subscribe;
        let asked = source.asked(&api, operation, Some(&channel), &presented, &signed);
        let identity = plane.authorizer.authorize(&asked).await?;
        let namespace = publication::namespace(&api, &channel)?;
        let call = source.call(&api, namespace, &channel, &identity);
        plane.handlers.on_subscribe(&call).await?;
        let (id, connection): (Arc<str>, _) = (id.into(), &self.connection);
        // The answer goes before the first event.
        self.answer(frame::success("subscribe_success", &id));
        connection.subscriptions().insert(Arc::clone(&id), channel.clone());
        let (api_id, outbox) = (&source.place.api_id, &connection.outbox);
        plane.hub.subscribe(api_id, &channel, connection.number, &id, outbox);
        plane.feed.tell(|| Happening::Subscribed {
            api_id: api_id.clone(),
            connection: connection.number,
            id: id.to_string(),
            channel: channel.path.clone(),
            mode: identity.mode.to_owned(),
        });
        Ok(())
    }

    /// Whether there is room for one more subscription, by this id.
    fn check_room(&self, id: &str) -> Result<(), Problem> {
        let subscriptions = self.connection.subscriptions();
        if subscriptions.contains_key(id) {
            return Err(Problem::new(400, "DuplicatedOperationError")
                .saying(format!("Duplicated operation id {id}")));
        }
        if subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return Err(Problem::new(400, "MaxSubscriptionsReachedError")
                .saying(format!("Max number of {SUBSCRIPTIONS_MAX} subscriptions reached")));
        }
        Ok(())
    }

    fn on_unsubscribe(&self, message: &Message) {
        let Some(id) = self.id(&message.id, "unsubscribe_error") else { return };
        let Some((id, channel)) = self.connection.subscriptions().remove_entry(id) else {
            let problem = Problem::new(404, "UnknownOperationError")
                .saying(format!("Unknown operation id {id}"));
            return self.answer(frame::error("unsubscribe_error", Some(id), &problem));
        };
        self.forget(&id, &channel);
        self.answer(frame::success("unsubscribe_success", &id));
    }

    async fn on_publish(&mut self, message: Message, size: usize) {
        let Some(id) = self.id(&message.id, "publish_error") else { return };
        let result = match self.check_publish(size) {
            Ok(()) => {
                let signed = write(&signed_publish(&message));
                let presented = Presented { fields: message.authorization.0 };
                let (channel, events) = (&message.channel, message.events);
                let (plane, source) = (&self.plane, &self.source);
                publication::publish(plane, source, channel, events, &presented, &signed).await
            }
            Err(problem) => {
                let (source, channel) = (&self.source, message.channel.text());
                publication::refused(&self.plane, source, "publish", channel, &problem);
                Err(problem)
            }
        };
        self.answer(match result {
            Ok(receipt) => frame::published(id, &receipt),
            Err(problem) => frame::error("publish_error", Some(id), &problem),
        });
    }

    /// Whether one more publish, of a message of `size` bytes, is taken now.
    fn check_publish(&mut self, size: usize) -> Result<(), Problem> {
        if !self.rate.take(Instant::now()) {
            return Err(Problem::new(429, "LimitExceededError").saying("Rate limit exceeded"));
        }
        match size > REQUEST_MAX {
            true => Err(too_large()),
            false => Ok(()),
        }
    }

    /// The id of a message, or the response to a message without one.
    fn id<'m>(&self, id: &'m Given, error: &str) -> Option<&'m str> {
        let id = id.text();
        let sound = id.filter(|it| is_operation_id(it));
        if sound.is_none() {
            let problem = Problem::bad_request(
                "The message needs an id of 1 to 128 letters, digits, -, _ and +",
            );
            let echo = id.filter(|it| it.len() <= ECHO_MAX);
            let kind = if echo.is_some() { error } else { "error" };
            self.answer(frame::error(kind, echo, &problem));
        }
        sound
    }

    fn answer(&self, text: String) {
        self.connection.outbox.push(Frame::Text(text));
    }

    fn forget(&self, id: &Arc<str>, channel: &Channel) {
        let (api_id, connection) = (&self.source.place.api_id, self.connection.number);
        self.plane.hub.unsubscribe(api_id, channel, connection, id);
        self.plane.feed.tell(|| Happening::Unsubscribed {
            api_id: api_id.clone(),
            connection,
            id: id.to_string(),
            channel: channel.path.clone(),
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let subscriptions = std::mem::take(&mut *self.connection.subscriptions());
        for (id, channel) in &subscriptions {
            self.forget(id, channel);
        }
        self.plane.connections.leave(self.connection.number);
        self.plane.feed.tell(|| Happening::Disconnected {
            api_id: self.connection.place.api_id.clone(),
            connection: self.connection.number,
            why: self.connection.outbox.end_of().unwrap_or(End::Lost).why(),
        });
    }
}

/// Who the client is, and the API key that it came with, if it came with one.
async fn admit(
    plane: &DataPlane,
    source: &Source,
    presented: Option<Presented>,
) -> Result<(Identity, Option<String>), Problem> {
    let presented = presented.ok_or_else(|| {
        Problem::unauthorized("the subprotocol header-… is not base64url of JSON")
    })?;
    let api = source.api(&plane.apis)?;
    let asked = source.asked(&api, Operation::Connect, None, &presented, b"{}");
    let identity = plane.authorizer.authorize(&asked).await?;
    let key = presented.fields.get("x-api-key").filter(|_| identity.mode == "API_KEY");
    Ok((identity, key.cloned()))
}

fn signed_publish(message: &Message) -> SignedPublish<'_> {
    let events = match &message.events {
        Events::List { first, .. } => first.iter().map(|it| it.text()).collect(),
        _ => Vec::new(),
    };
    SignedPublish { channel: message.channel.text(), events }
}

fn write(signed: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(signed).expect("texts can be written as JSON")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
    use serde_json::Value;

    use crate::data_plane::source::Over;
    use crate::data_plane::testing;

    use super::*;

    async fn begin(plane: &Arc<DataPlane>) -> Session {
        let place = plane.apis.place("a").unwrap();
        let (headers, path) = (Default::default(), "/event/realtime".into());
        let source = Source { place, headers, path, peer: None, over: Over::WebSocket };
        let fields = [("x-api-key".to_owned(), "da2-k".to_owned())].into();
        let begun = Session::begin(Arc::clone(plane), source, Some(Presented { fields })).await;
        begun.map_err(|it| it.why).unwrap()
    }

    fn answers(session: &Session) -> Vec<Value> {
        let mut frames = Vec::new();
        while session.connection.outbox.take_now(&mut frames) {}
        frames.into_iter().map(|it| serde_json::from_str(&it.text()).unwrap()).collect()
    }

    #[tokio::test]
    async fn who_leaves_takes_its_subscriptions_along() {
        let plane = testing::plane().await;
        let mut session = begin(&plane).await;
        let subscribe = r#"{"type":"subscribe","id":"s","channel":"/default/*","authorization":{"x-api-key":"da2-k"}}"#;
        session.on(subscribe.as_bytes()).await;
        assert_eq!(answers(&session)[0]["type"], "subscribe_success");
        let channel = Channel::publish("/default/x").unwrap();
        assert_eq!((plane.hub.broadcast("a", &channel, "1"), plane.connections().len()), (1, 1));
        drop(session);
        assert_eq!((plane.hub.broadcast("a", &channel, "1"), plane.connections().len()), (0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases * 25 / 16, ..ProptestConfig::default() })]
        #[test]
        fn whatever_a_client_sends_gets_one_answer(
            kind in "(connection_init|subscribe|unsubscribe|publish|[a-z\\PC]{0,9})",
            members in prop::collection::vec(("(id|channel|events|authorization|payload)", "(\"[a-z/*\\PC&&[^\"\\\\]]{0,9}\"|\\[\"1\",null\\]|\\{\"x-api-key\":\"da2-k\"\\}|7|null|\\{|\\])"), 0..6),
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut session = begin(&testing::plane().await).await;
                let members: Vec<_> = members.iter().map(|(name, it)| format!(",\"{name}\":{it}")).collect();
                let message = format!("{{\"type\":{}{}}}", serde_json::json!(kind), members.concat());
                for text in [message.as_bytes(), &noise] {
                    session.on(text).await;
                    let answers = answers(&session);
                    prop_assert_eq!(answers.len(), 1);
                    prop_assert!(answers[0]["type"].is_string());
                }
                Ok(())
            })?;
        }
    }

    #[test]
    fn a_connection_may_publish_25_times_in_any_second() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!((0..25).all(|n| rate.take(at(n * 40))));
        assert!(!rate.take(at(961)) && !rate.take(at(999)));
        assert!(rate.take(at(1_000)) && !rate.take(at(1_001)));
        assert!(rate.take(at(1_040)));
        assert!((0..25).all(|_| rate.take(at(9_000))) && !rate.take(at(9_000)));
    }
}
