//! Subscriptions that outlive their connection: lost, it is opened again and everything subscribed anew.
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::time::Duration;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::ClientError;
use crate::socket::{Incoming, Socket};

/// What a subscriber tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
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
    Trouble {
        channel: String,
        error: ClientError,
    },
    /// What was published from here on until `Subscribed` will not come.
    Lost {
        error: ClientError,
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

type Tell<'a> = &'a mut (dyn FnMut(Told) -> ControlFlow<()> + Send);

/// Why a connection is no longer used.
enum End {
    /// Whoever listens wants no more.
    Enough,
    Error(ClientError),
}

impl From<ClientError> for End {
    fn from(error: ClientError) -> Self {
        Self::Error(error)
    }
}

impl Subscriber {
    /// Runs until `stop` is ready, until `tell` has enough, or until nothing helps. It takes leave then.
    pub async fn run(
        &self,
        tell: Tell<'_>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ClientError> {
        let mut stop = pin!(stop);
        let mut attempt = 0;
        let mut was_subscribed = false;
        loop {
            let mut complete = false;
            let error = match self.one(tell, stop.as_mut(), &mut complete).await {
                End::Enough => return Ok(()),
                End::Error(error) => error,
            };
            was_subscribed |= complete;
            attempt = if complete { 1 } else { attempt + 1 };
            // What never worked is not tried again and again: the mistake is probably here.
            let helps = was_subscribed && self.reconnects && error.is_passing();
            if !helps || attempt > self.client.timing.reconnects {
                return Err(error);
            }
            let after = self.client.timing.backoff(attempt);
            let told = [Told::Lost { error }, Told::Reconnecting { after, attempt }];
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
        tell: Tell<'_>,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
        complete: &mut bool,
    ) -> End {
        let mut socket = tokio::select! {
            () = &mut stop => return End::Enough,
            opened = Socket::open(&self.client, &self.connect_as) => match opened {
                Ok(socket) => socket,
                Err(error) => return End::Error(error),
            },
        };
        let mut ids = BTreeMap::new();
        let end = tokio::select! {
            () = &mut stop => End::Enough,
            end = self.listen(&mut socket, &mut ids, tell, complete) => end,
        };
        if matches!(end, End::Enough) {
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
        tell: Tell<'_>,
        complete: &mut bool,
    ) -> End {
        match self.listen_on(socket, ids, tell, complete).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn listen_on(
        &self,
        socket: &mut Socket,
        ids: &mut BTreeMap<String, String>,
        tell: Tell<'_>,
        complete: &mut bool,
    ) -> Result<std::convert::Infallible, End> {
        let mut say = |it: Told| match tell(it) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(End::Enough),
        };
        say(Told::Connected)?;
        for Subscription { channel, credentials } in &self.subscriptions {
            let subscribed = socket.subscribe(channel, credentials).await;
            let id = subscribed.map_err(|error| error.of_channel(channel))?;
            ids.insert(id, channel.clone());
            say(Told::Subscribed { channel: channel.clone() })?;
        }
        *complete = true;
        loop {
            let channel = |id: &str| ids.get(id).cloned().unwrap_or_default();
            match socket.next().await? {
                Incoming::Event { id, event } => say(Told::Event { channel: channel(&id), event })?,
                Incoming::Trouble { id, error } => {
                    say(Told::Trouble { channel: channel(&id), error })?;
                }
            }
        }
    }
}
