//! Subscriptions that outlive their connection: lost, it is opened again and everything subscribed anew.
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::time::Duration;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::socket::{Socket, SocketEvent};

/// What a subscriber tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum SubscriberEvent {
    Connected,
    /// Events of this channel come from now on.
    Subscribed {
        channel: String,
    },
    /// An event, as JSON text, by the subscription to `channel`.
    Event {
        channel: String,
        event: String,
    },
    /// An event that the server could not deliver.
    DeliveryFailed {
        channel: String,
        error: Error,
    },
    /// What was published from here on until `Subscribed` will not come.
    ConnectionLost {
        error: Error,
    },
    Reconnecting {
        after: Duration,
        attempt: u32,
    },
}

/// What to subscribe to, and as whom.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub client: Client,
    /// As whom to connect; an API may want that in another way than it wants subscriptions.
    pub connect_as: Credentials,
    pub subscriptions: Vec<Subscription>,
    /// Whether a lost connection is opened again.
    pub reconnects: bool,
}

/// A channel, and as whom to subscribe to it: each namespace accepts what it likes.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub channel: String,
    pub credentials: Credentials,
}

type EventHandler<'a> = &'a mut (dyn FnMut(SubscriberEvent) -> ControlFlow<()> + Send);

/// Why a connection is no longer used.
enum StopCause {
    /// Whoever listens wants no more.
    Enough,
    Error(Error),
}

impl From<Error> for StopCause {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Subscriber {
    /// Runs until `stop` is ready, until `tell` has enough, or until nothing helps. It takes leave then.
    pub async fn run(
        &self,
        tell: EventHandler<'_>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        let mut stop = pin!(stop);
        let mut attempt = 0;
        let mut was_subscribed = false;
        loop {
            let mut complete = false;
            let error = match self.one(tell, stop.as_mut(), &mut complete).await {
                StopCause::Enough => return Ok(()),
                StopCause::Error(error) => error,
            };
            was_subscribed |= complete;
            attempt = if complete { 1 } else { attempt + 1 };
            // What never worked is not tried again and again: the mistake is probably here.
            let helps = was_subscribed && self.reconnects && error.is_passing();
            if !helps || attempt > self.client.timing.reconnects {
                return Err(error);
            }
            let after = self.client.timing.backoff(attempt);
            let told = [
                SubscriberEvent::ConnectionLost { error },
                SubscriberEvent::Reconnecting { after, attempt },
            ];
            if told.into_iter().any(|it| tell(it).is_break()) {
                return Ok(());
            }
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(after) => {}
            }
        }
    }

    /// One connection, from its beginning to its end; `complete` says whether all was subscribed.
    async fn one(
        &self,
        tell: EventHandler<'_>,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
        complete: &mut bool,
    ) -> StopCause {
        let mut socket = tokio::select! {
            () = &mut stop => return StopCause::Enough,
            opened = Socket::open(&self.client, &self.connect_as) => match opened {
                Ok(socket) => socket,
                Err(error) => return StopCause::Error(error),
            },
        };
        let mut ids = BTreeMap::new();
        let end = tokio::select! {
            () = &mut stop => StopCause::Enough,
            end = self.listen(&mut socket, &mut ids, tell, complete) => end,
        };
        if matches!(end, StopCause::Enough) {
            for id in ids.keys() {
                if let Err(error) = socket.unsubscribe(id).await {
                    tracing::debug!(%error, "unsubscribed by leaving");
                    break;
                }
            }
        }
        socket.close().await;
        end
    }

    async fn listen(
        &self,
        socket: &mut Socket,
        ids: &mut BTreeMap<String, String>,
        tell: EventHandler<'_>,
        complete: &mut bool,
    ) -> StopCause {
        match self.listen_on(socket, ids, tell, complete).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn listen_on(
        &self,
        socket: &mut Socket,
        ids: &mut BTreeMap<String, String>,
        tell: EventHandler<'_>,
        complete: &mut bool,
    ) -> Result<std::convert::Infallible, StopCause> {
        let mut say = |it: SubscriberEvent| match tell(it) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(StopCause::Enough),
        };
        say(SubscriberEvent::Connected)?;
        for Subscription { channel, credentials } in &self.subscriptions {
            let subscribed = socket.subscribe(channel, credentials).await;
            let id = subscribed.map_err(|error| error.of_channel(channel))?;
            ids.insert(id, channel.clone());
            say(SubscriberEvent::Subscribed { channel: channel.clone() })?;
        }
        *complete = true;
        loop {
            let channel = |id: &str| ids.get(id).cloned().unwrap_or_default();
            match socket.next().await? {
                SocketEvent::Event { id, event } => {
                    say(SubscriberEvent::Event { channel: channel(&id), event })?
                }
                SocketEvent::DeliveryFailed { id, error } => {
                    say(SubscriberEvent::DeliveryFailed { channel: channel(&id), error })?;
                }
            }
        }
    }
}
