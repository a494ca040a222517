//! Subscriptions that outlive their connection: a lost connection is reopened, and every channel is
//! subscribed to again. Events published in between are not delivered; AppSync does not store them.
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::channel::Channel;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::socket::{Socket, SocketEvent};

/// Capacity of the queue of received events. While the queue is full, nothing more is read from the
/// connection.
const QUEUE_MAX: usize = 64;

/// What to subscribe to. [`start`](Self::start) opens the connection.
#[derive(Clone, Debug)]
pub struct Subscriber {
    client: Client,
    connect_credentials: Credentials,
    channels: Vec<(Channel, Credentials)>,
    reconnect: bool,
}

impl Client {
    /// A subscriber without channels that connects with these credentials.
    pub fn subscriber(&self, connect_credentials: Credentials) -> Subscriber {
        Subscriber::new(self.clone(), connect_credentials)
    }

    /// Subscribes to one channel, and returns when AppSync has accepted the subscription: events
    /// published from now on are received.
    ///
    /// # Errors
    ///
    /// If the API is unreachable, or denies connecting or subscribing.
    pub async fn subscribe(
        &self,
        channel: Channel,
        credentials: Credentials,
    ) -> Result<Subscription, Error> {
        let subscriber = self.subscriber(credentials.clone()).with_channel(channel, credentials);
        let mut subscription = subscriber.start();
        while let Some(event) = subscription.next().await {
            if let SubscriberEvent::Subscribed { .. } = event? {
                break;
            }
        }
        Ok(subscription)
    }
}

impl Subscriber {
    /// A subscriber without channels that reopens lost connections.
    pub fn new(client: Client, connect_credentials: Credentials) -> Self {
        Self { client, connect_credentials, channels: Vec::new(), reconnect: true }
    }

    /// Adds a channel, or a pattern for channels. The credentials are separate because each channel
    /// namespace can require another auth mode.
    pub fn with_channel(mut self, channel: Channel, credentials: Credentials) -> Self {
        self.channels.push((channel, credentials));
        self
    }

    /// Whether a lost connection is reopened.
    pub fn with_reconnect(self, reconnect: bool) -> Self {
        Self { reconnect, ..self }
    }

    /// Starts a task that connects, subscribes and receives events.
    ///
    /// # Panics
    ///
    /// If it is called outside of a Tokio runtime.
    pub fn start(self) -> Subscription {
        let (sender, events) = mpsc::channel(QUEUE_MAX);
        let (stop, stop_signal) = oneshot::channel();
        let task = tokio::spawn(self.run(sender, stop_signal));
        Subscription { events, stop, task }
    }

    /// Runs until `stop_signal`, or until an error that reconnecting cannot fix. That error is the last
    /// item.
    async fn run(self, sender: EventSender, mut stop_signal: oneshot::Receiver<()>) {
        let mut reconnects = 0;
        let mut was_subscribed = false;
        loop {
            let connection = self.run_connection(&sender, &mut stop_signal).await;
            let StopCause::Error(error) = connection.cause else { return };
            was_subscribed |= connection.was_fully_subscribed;
            reconnects = if connection.was_fully_subscribed { 1 } else { reconnects + 1 };
            // If the first connection fails, the cause is more likely the configuration.
            let is_worth_retrying = was_subscribed && self.reconnect && error.is_transient();
            if !is_worth_retrying || reconnects > self.client.timing.max_reconnects {
                let _ = sender.send(Err(error)).await;
                return;
            }
            let delay = self.client.timing.backoff(reconnects);
            let wait = async {
                emit(&sender, SubscriberEvent::ConnectionLost { error }).await?;
                emit(&sender, SubscriberEvent::Reconnecting { delay, attempt: reconnects }).await?;
                tokio::time::sleep(delay).await;
                Ok::<(), StopCause>(())
            };
            tokio::select! {
                _ = &mut stop_signal => return,
                wait_result = wait => if wait_result.is_err() { return },
            }
        }
    }

    /// Opens one connection, and closes it in the end.
    async fn run_connection(
        &self,
        sender: &EventSender,
        stop_signal: &mut oneshot::Receiver<()>,
    ) -> ConnectionEnd {
        let socket_result = tokio::select! {
            _ = &mut *stop_signal => Err(StopCause::Requested),
            result = Socket::open(&self.client, &self.connect_credentials) => {
                result.map_err(StopCause::Error)
            }
        };
        let mut socket = match socket_result {
            Ok(socket) => socket,
            Err(cause) => return ConnectionEnd { cause, was_fully_subscribed: false },
        };
        let mut channels = BTreeMap::new();
        let cause = tokio::select! {
            _ = stop_signal => StopCause::Requested,
            cause = self.receive(&mut socket, &mut channels, sender) => match cause {
                Ok(never) => match never {},
                Err(cause) => cause,
            },
        };
        if matches!(cause, StopCause::Requested) {
            for id in channels.keys() {
                if let Err(error) = socket.unsubscribe(id).await {
                    tracing::debug!(%error, "closing the connection without unsubscribing");
                    break;
                }
            }
        }
        socket.close().await;
        ConnectionEnd { cause, was_fully_subscribed: channels.len() == self.channels.len() }
    }

    /// Subscribes to all channels and receives events. `channels` maps the ids of the subscriptions
    /// to their channels.
    async fn receive(
        &self,
        socket: &mut Socket,
        channels: &mut BTreeMap<String, Channel>,
        sender: &EventSender,
    ) -> Result<Infallible, StopCause> {
        emit(sender, SubscriberEvent::Connected).await?;
        for (channel, credentials) in &self.channels {
            let id = socket.subscribe(channel.as_str(), credentials).await;
            let id = id.map_err(|error| StopCause::Error(error.with_channel(channel)))?;
            channels.insert(id, channel.clone());
            emit(sender, SubscriberEvent::Subscribed { channel: channel.clone() }).await?;
        }
        loop {
            match socket.next().await.map_err(StopCause::Error)? {
                SocketEvent::Event { id, payload } => match channels.get(&id).cloned() {
                    Some(channel) => {
                        let event = ReceivedEvent { channel, payload };
                        emit(sender, SubscriberEvent::Event(event)).await?;
                    }
                    None => tracing::debug!(id, "event for an unknown subscription"),
                },
                SocketEvent::DeliveryFailed { id, error } => {
                    let channel = channels.get(&id).cloned();
                    emit(sender, SubscriberEvent::DeliveryFailed { channel, error }).await?;
                }
            }
        }
    }
}

type EventSender = mpsc::Sender<Result<SubscriberEvent, Error>>;

async fn emit(sender: &EventSender, event: SubscriberEvent) -> Result<(), StopCause> {
    sender.send(Ok(event)).await.map_err(|_| StopCause::Requested)
}

/// How a connection ended.
struct ConnectionEnd {
    cause: StopCause,
    /// Whether all channels had been subscribed to.
    was_fully_subscribed: bool,
}

/// Why a connection was given up.
enum StopCause {
    /// The caller closed or dropped the subscription.
    Requested,
    Error(Error),
}

/// What a [`Subscription`] reports.
#[derive(Clone, Debug, PartialEq)]
pub enum SubscriberEvent {
    /// The connection is open.
    Connected,
    /// AppSync accepted the subscription: events of the channel are received from now on.
    Subscribed {
        /// The channel or pattern.
        channel: Channel,
    },
    /// An event was received.
    Event(ReceivedEvent),
    /// AppSync could not deliver an event. The subscription continues.
    DeliveryFailed {
        /// The channel or pattern of the subscription, unless AppSync does not name it.
        channel: Option<Channel>,
        /// AppSync's reason.
        error: Error,
    },
    /// The connection was lost, or could not be reopened. Events published from now on until the
    /// next `Subscribed` are not received.
    ConnectionLost {
        /// The reason.
        error: Error,
    },
    /// The connection will be reopened.
    Reconnecting {
        /// After this time.
        delay: Duration,
        /// For how many times in a row, from 1.
        attempt: u32,
    },
}

/// An event of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// The channel or pattern that was subscribed to. AppSync does not report to which channel of
    /// a pattern an event was published.
    pub channel: Channel,
    /// The event, as JSON text.
    pub payload: String,
}

impl ReceivedEvent {
    /// Parses the payload.
    ///
    /// # Errors
    ///
    /// If the payload is not JSON for a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.payload)
    }
}

/// A running subscription: a stream of [`SubscriberEvent`]s. If it ends with an error, that is its
/// last item.
///
/// Events must be taken in time: while 64 of them wait, nothing is read from the connection.
///
/// [`close`](Self::close) unsubscribes and waits until the connection is closed. Dropping the
/// subscription does the same in the background.
///
/// ```no_run
/// use appsync_events::{Channel, Client, Credentials, Endpoint, Secret};
/// use serde_json::Value;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new(Endpoint::parse("https://events.example.com/event")?);
/// let key = Credentials::ApiKey(Secret::new("da2-…"));
/// let mut subscription = client.subscribe(Channel::parse_pattern("/default/*")?, key).await?;
/// while let Some(event) = subscription.next_event().await? {
///     println!("{}", event.json::<Value>()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Subscription {
    events: mpsc::Receiver<Result<SubscriberEvent, Error>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Subscription {
    /// Waits for what happens next; `None` after an error. This method is cancel safe.
    pub async fn next(&mut self) -> Option<Result<SubscriberEvent, Error>> {
        self.events.recv().await
    }

    /// Waits for the next event and skips everything else that happens; `None` after an error. This
    /// method is cancel safe.
    ///
    /// # Errors
    ///
    /// If the subscription ended, for example because reconnecting failed too often.
    pub async fn next_event(&mut self) -> Result<Option<ReceivedEvent>, Error> {
        while let Some(event) = self.next().await {
            if let SubscriberEvent::Event(event) = event? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Unsubscribes from all channels and closes the connection.
    pub async fn close(self) {
        let Self { events, stop, task } = self;
        // Both fail only if the task has already ended.
        let _ = stop.send(());
        let _ = task.await;
        drop(events);
    }
}

impl Stream for Subscription {
    type Item = Result<SubscriberEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(cx)
    }
}
