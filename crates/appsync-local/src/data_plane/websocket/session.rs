//! An authorized connection, without its socket: the effect of each message, and the response to it
//! (docs/reference/data-plane.md#messages).
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::auth_mode::AuthMode;
use crate::data_plane::auth::request::{ClientOperation, CredentialFields, Identity};
use crate::data_plane::channel::{Channel, is_operation_id};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::feed::Activity;
use crate::data_plane::message::{
    ClientMessage, EventsMember, REQUEST_BYTES_MAX, TextMember, too_large,
};
use crate::data_plane::publication;
use crate::data_plane::request_context::RequestContext;
use crate::data_plane::state::DataPlane;
use crate::data_plane::websocket::connections::Connection;
use crate::data_plane::websocket::frame;
use crate::data_plane::websocket::outbox::{CloseReason, Frame, Outbox};

/// Subscriptions of one connection (docs/reference/quotas.md#connections).
const SUBSCRIPTIONS_MAX: usize = 200;
/// Publishes of one connection in one second.
const PUBLISHES_MAX: usize = 25;
const PUBLISHES_PER: Duration = Duration::from_secs(1);
/// Bytes of a client's own text that a response may contain.
const ECHO_MAX: usize = 128;

/// An authorized connection. Dropping it removes its subscriptions.
pub struct Session {
    data_plane: Arc<DataPlane>,
    request: RequestContext,
    connection: Arc<Connection>,
    rate: PublishRate,
}

/// The times of a connection's last publishes.
#[derive(Debug, Default)]
struct PublishRate {
    published: VecDeque<Instant>,
}

impl PublishRate {
    /// Returns whether one more publish is allowed at `now`. Rejected publishes do not count.
    fn try_acquire(&mut self, now: Instant) -> bool {
        while self
            .published
            .front()
            .is_some_and(|instant| now.duration_since(*instant) >= PUBLISHES_PER)
        {
            self.published.pop_front();
        }
        let is_allowed = self.published.len() < PUBLISHES_MAX;
        if is_allowed {
            self.published.push_back(now);
        }
        is_allowed
    }
}

/// The text that clients sign to subscribe.
#[derive(Serialize)]
struct SubscribePayload<'a> {
    channel: Option<&'a str>,
}

/// The text that clients sign to publish.
#[derive(Serialize)]
struct PublishPayload<'a> {
    channel: Option<&'a str>,
    events: Vec<Option<&'a str>>,
}

impl Session {
    /// Opens a connection for a client with these credentials, or returns why it is denied.
    pub async fn open(
        data_plane: Arc<DataPlane>,
        request: RequestContext,
        credentials: Option<CredentialFields>,
    ) -> Result<Self, DataPlaneError> {
        let result = authorize_connection(&data_plane, &request, credentials).await;
        let connection = match result {
            Ok((identity, key)) => Connection {
                number: data_plane.connections.next_number(),
                target: request.target.clone(),
                mode: identity.mode_name(),
                since_epoch_s: data_plane.store.now_epoch_s(),
                expires_epoch_s: identity.expires_epoch_s,
                api_key: key,
                outbox: Arc::default(),
                subscriptions: Default::default(),
            },
            Err(error) => {
                publication::report_rejection(&data_plane, &request, "connect", None, &error);
                return Err(error);
            }
        };
        let connection = Arc::new(connection);
        data_plane.connections.add(&connection);
        data_plane.feed.emit(|| Activity::Connected {
            api_id: connection.target.api_id.clone(),
            connection: connection.number,
            mode: connection.mode.to_owned(),
        });
        Ok(Self { data_plane, request, connection, rate: PublishRate::default() })
    }

    /// Returns the outbox for responses and events.
    pub fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.connection.outbox)
    }

    /// Returns the interval of keep-alive frames.
    pub fn keep_alive_interval(&self) -> Duration {
        self.data_plane.keep_alive_interval
    }

    /// Performs a message and responds to it.
    pub async fn handle_message(&mut self, text: &[u8]) {
        let Some(message) = ClientMessage::parse(text) else {
            return self.reject_frame("The message is not a JSON object");
        };
        match message.kind.text() {
            Some("connection_init") => self.send(frame::ack()),
            Some("subscribe") => self.handle_subscribe(message).await,
            Some("unsubscribe") => self.handle_unsubscribe(&message),
            Some("publish") => self.handle_publish(message, text.len()).await,
            kind => {
                let kind: String = kind.unwrap_or_default().chars().take(ECHO_MAX).collect();
                let error = DataPlaneError::new(400, "UnsupportedOperation")
                    .with_message(format!("{kind} not supported through the realtime channel"));
                publication::report_rejection(
                    &self.data_plane,
                    &self.request,
                    "message",
                    None,
                    &error,
                );
                let id = message.id.text().filter(|text| is_operation_id(text));
                self.send(frame::error("error", id, &error));
            }
        }
    }

    /// Responds to a frame that is not a message.
    pub fn reject_frame(&self, reason: &str) {
        let error = DataPlaneError::bad_request(reason);
        publication::report_rejection(&self.data_plane, &self.request, "message", None, &error);
        self.send(frame::error("error", None, &error));
    }

    async fn handle_subscribe(&mut self, message: ClientMessage) {
        let Some(id) = self.operation_id(&message.id, "subscribe_error") else { return };
        if let Err(error) = self.subscribe(id, &message).await {
            let (request, channel) = (&self.request, message.channel.text());
            publication::report_rejection(&self.data_plane, request, "subscribe", channel, &error);
            self.send(frame::error("subscribe_error", Some(id), &error));
        }
    }

    async fn subscribe(&self, id: &str, message: &ClientMessage) -> Result<(), DataPlaneError> {
        let (data_plane, request) = (&*self.data_plane, &self.request);
        let channel = Channel::parse_for_subscribe(message.channel.text().unwrap_or_default())?;
        self.check_subscription_limit(id)?;
        let api = request.api(&data_plane.apis)?;
        let signed_text = to_json(&SubscribePayload { channel: message.channel.text() });
        let credentials = message.authorization.clone();
        let operation = ClientOperation::Subscribe;
        let auth_request =
            request.auth_request(&api, operation, Some(&channel), &credentials, &signed_text);
        let identity = data_plane.authorizer.authorize(&auth_request).await?;
        let namespace = publication::namespace(&api, &channel)?;
        let call = request.handler_call(&api, namespace, &channel, &identity);
        data_plane.handlers.on_subscribe(&call).await?;
        let (id, connection): (Arc<str>, _) = (id.into(), &self.connection);
        // The response precedes the first event.
        self.send(frame::success("subscribe_success", &id));
        connection.subscriptions().insert(Arc::clone(&id), channel.clone());
        let (api_id, outbox) = (&request.target.api_id, &connection.outbox);
        data_plane.hub.subscribe(api_id, &channel, connection.number, &id, outbox);
        data_plane.feed.emit(|| Activity::Subscribed {
            api_id: api_id.clone(),
            connection: connection.number,
            id: id.to_string(),
            channel: channel.path.clone(),
            mode: identity.mode_name().to_owned(),
        });
        Ok(())
    }

    /// Checks whether the connection may have one more subscription, with this id.
    fn check_subscription_limit(&self, id: &str) -> Result<(), DataPlaneError> {
        let subscriptions = self.connection.subscriptions();
        if subscriptions.contains_key(id) {
            return Err(DataPlaneError::new(400, "DuplicatedOperationError")
                .with_message(format!("Duplicated operation id {id}")));
        }
        if subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return Err(DataPlaneError::new(400, "MaxSubscriptionsReachedError")
                .with_message(format!("Max number of {SUBSCRIPTIONS_MAX} subscriptions reached")));
        }
        Ok(())
    }

    fn handle_unsubscribe(&self, message: &ClientMessage) {
        let Some(id) = self.operation_id(&message.id, "unsubscribe_error") else { return };
        let Some((id, channel)) = self.connection.subscriptions().remove_entry(id) else {
            let error = DataPlaneError::new(404, "UnknownOperationError")
                .with_message(format!("Unknown operation id {id}"));
            return self.send(frame::error("unsubscribe_error", Some(id), &error));
        };
        self.remove_subscription(&id, &channel);
        self.send(frame::success("unsubscribe_success", &id));
    }

    async fn handle_publish(&mut self, message: ClientMessage, size: usize) {
        let Some(id) = self.operation_id(&message.id, "publish_error") else { return };
        let result = match self.check_publish(size) {
            Ok(()) => {
                let signed_text = to_json(&publish_payload(&message));
                let credentials = message.authorization;
                let (channel, events) = (&message.channel, message.events);
                let (data_plane, request) = (&self.data_plane, &self.request);
                publication::publish(
                    data_plane,
                    request,
                    channel,
                    events,
                    &credentials,
                    &signed_text,
                )
                .await
            }
            Err(error) => {
                let (request, channel) = (&self.request, message.channel.text());
                publication::report_rejection(
                    &self.data_plane,
                    request,
                    "publish",
                    channel,
                    &error,
                );
                Err(error)
            }
        };
        self.send(match result {
            Ok(response) => frame::publish_success(id, &response),
            Err(error) => frame::error("publish_error", Some(id), &error),
        });
    }

    /// Checks whether the connection may publish a message of `size` bytes now.
    fn check_publish(&mut self, size: usize) -> Result<(), DataPlaneError> {
        if !self.rate.try_acquire(Instant::now()) {
            return Err(
                DataPlaneError::new(429, "LimitExceededError").with_message("Rate limit exceeded")
            );
        }
        match size > REQUEST_BYTES_MAX {
            true => Err(too_large()),
            false => Ok(()),
        }
    }

    /// Returns the operation id of a message, or responds that it is not valid.
    fn operation_id<'m>(&self, id: &'m TextMember, kind: &str) -> Option<&'m str> {
        let id = id.text();
        let valid = id.filter(|text| is_operation_id(text));
        if valid.is_none() {
            let error = DataPlaneError::bad_request(
                "The message needs an id of 1 to 128 letters, digits, -, _ and +",
            );
            let echo = id.filter(|text| text.len() <= ECHO_MAX);
            let kind = if echo.is_some() { kind } else { "error" };
            self.send(frame::error(kind, echo, &error));
        }
        valid
    }

    fn send(&self, text: String) {
        self.connection.outbox.push(Frame::Text(text));
    }

    fn remove_subscription(&self, id: &Arc<str>, channel: &Channel) {
        let (api_id, connection) = (&self.request.target.api_id, self.connection.number);
        self.data_plane.hub.unsubscribe(api_id, channel, connection, id);
        self.data_plane.feed.emit(|| Activity::Unsubscribed {
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
            self.remove_subscription(id, channel);
        }
        self.data_plane.connections.remove(self.connection.number);
        self.data_plane.feed.emit(|| Activity::Disconnected {
            api_id: self.connection.target.api_id.clone(),
            connection: self.connection.number,
            why: self
                .connection
                .outbox
                .close_reason()
                .unwrap_or(CloseReason::ClientLost)
                .description(),
        });
    }
}

/// Returns the identity of a client that may connect, and the API key of its credentials, if they are one.
async fn authorize_connection(
    data_plane: &DataPlane,
    request: &RequestContext,
    credentials: Option<CredentialFields>,
) -> Result<(Identity, Option<String>), DataPlaneError> {
    let credentials = credentials.ok_or_else(|| {
        DataPlaneError::unauthorized("the subprotocol header-… is not JSON in base64url")
    })?;
    let api = request.api(&data_plane.apis)?;
    let auth_request =
        request.auth_request(&api, ClientOperation::Connect, None, &credentials, b"{}");
    let identity = data_plane.authorizer.authorize(&auth_request).await?;
    let key =
        credentials.fields.get("x-api-key").filter(|_| identity.mode == Some(AuthMode::ApiKey));
    Ok((identity, key.cloned()))
}

fn publish_payload(message: &ClientMessage) -> PublishPayload<'_> {
    let events = match &message.events {
        EventsMember::List { first, .. } => first.iter().map(|member| member.text()).collect(),
        _ => Vec::new(),
    };
    PublishPayload { channel: message.channel.text(), events }
}

fn to_json(signed_text: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(signed_text).expect("texts can be written as JSON")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
    use serde_json::Value;

    use crate::data_plane::request_context::Transport;
    use crate::data_plane::testing;

    use super::*;

    async fn begin(data_plane: &Arc<DataPlane>) -> Session {
        let target = data_plane.apis.find("a").unwrap();
        let (headers, path) = (Default::default(), "/event/realtime".into());
        let request =
            RequestContext { target, headers, path, peer: None, transport: Transport::WebSocket };
        let fields = [("x-api-key".to_owned(), "da2-k".to_owned())].into();
        let session =
            Session::open(Arc::clone(data_plane), request, Some(CredentialFields { fields })).await;
        session.map_err(|error| error.reason).unwrap()
    }

    fn responses(session: &Session) -> Vec<Value> {
        let mut frames = Vec::new();
        while session.connection.outbox.take_now(&mut frames) {}
        frames.into_iter().map(|frame| serde_json::from_str(&frame.text()).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_closed_session_removes_its_subscriptions() {
        let data_plane = testing::test_plane().await;
        let mut session = begin(&data_plane).await;
        let subscribe = r#"{"type":"subscribe","id":"s","channel":"/default/*","authorization":{"x-api-key":"da2-k"}}"#;
        session.handle_message(subscribe.as_bytes()).await;
        assert_eq!(responses(&session)[0]["type"], "subscribe_success");
        let channel = Channel::parse_for_publish("/default/x").unwrap();
        assert_eq!(
            (data_plane.hub.broadcast("a", &channel, "1"), data_plane.connections().len()),
            (1, 1)
        );
        drop(session);
        assert_eq!(
            (data_plane.hub.broadcast("a", &channel, "1"), data_plane.connections().len()),
            (0, 0)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases * 25 / 16, ..ProptestConfig::default() })]
        #[test]
        fn any_message_gets_one_response(
            kind in "(connection_init|subscribe|unsubscribe|publish|[a-z\\PC]{0,9})",
            members in prop::collection::vec(("(id|channel|events|authorization|payload)", "(\"[a-z/*\\PC&&[^\"\\\\]]{0,9}\"|\\[\"1\",null\\]|\\{\"x-api-key\":\"da2-k\"\\}|7|null|\\{|\\])"), 0..6),
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut session = begin(&testing::test_plane().await).await;
                let members: Vec<_> = members.iter().map(|(name, member)| format!(",\"{name}\":{member}")).collect();
                let message = format!("{{\"type\":{}{}}}", serde_json::json!(kind), members.concat());
                for text in [message.as_bytes(), &noise] {
                    session.handle_message(text).await;
                    let responses = responses(&session);
                    prop_assert_eq!(responses.len(), 1);
                    prop_assert!(responses[0]["type"].is_string());
                }
                Ok(())
            })?;
        }
    }

    #[test]
    fn a_connection_may_publish_25_times_in_any_second() {
        let (mut rate, start) = (PublishRate::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!((0..25).all(|n| rate.try_acquire(at(n * 40))));
        assert!(!rate.try_acquire(at(961)) && !rate.try_acquire(at(999)));
        assert!(rate.try_acquire(at(1_000)) && !rate.try_acquire(at(1_001)));
        assert!(rate.try_acquire(at(1_040)));
        assert!((0..25).all(|_| rate.try_acquire(at(9_000))) && !rate.try_acquire(at(9_000)));
    }
}
