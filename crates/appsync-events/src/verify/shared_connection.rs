//! One connection that several namespaces use at once.
use std::collections::BTreeMap;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::frame::PublishResponse;
use crate::socket::{Socket, SocketEvent};

/// What may wait to be sent.
const WAITING_MAX: usize = 64;

/// An event that came, when, and for whom.
#[derive(Debug)]
pub struct ReceivedEvent {
    pub ear: usize,
    pub event: String,
    pub at: Instant,
}

/// A way to use the connection.
#[derive(Clone, Debug)]
pub struct SharedConnection {
    asks: mpsc::Sender<ConnectionRequest>,
}

#[derive(Debug)]
enum ConnectionRequest {
    Subscribe {
        channel: String,
        credentials: Credentials,
        ear: (usize, mpsc::UnboundedSender<ReceivedEvent>),
        answer: oneshot::Sender<Result<(), Error>>,
    },
    Publish {
        channel: String,
        event: String,
        credentials: Credentials,
        answer: oneshot::Sender<Result<(Instant, PublishResponse), Error>>,
    },
}

impl SharedConnection {
    /// A line over `socket`, which takes leave when nobody uses it any more.
    pub fn over(socket: Socket) -> (Self, JoinHandle<()>) {
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        (Self { asks }, tokio::spawn(serve(socket, asked)))
    }
    /// Subscribes; events come to `ear`.
    pub async fn subscribe(
        &self,
        channel: &str,
        credentials: &Credentials,
        ear: (usize, mpsc::UnboundedSender<ReceivedEvent>),
    ) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let (channel, credentials) = (channel.to_owned(), credentials.clone());
        self.ask(
            ConnectionRequest::Subscribe { channel, credentials, ear, answer },
            answered,
            "subscribe",
        )
        .await
    }
    /// Publishes one event, and says when it went.
    pub async fn publish(
        &self,
        channel: &str,
        event: String,
        credentials: &Credentials,
    ) -> Result<(Instant, PublishResponse), Error> {
        let (answer, answered) = oneshot::channel();
        let (channel, credentials) = (channel.to_owned(), credentials.clone());
        self.ask(
            ConnectionRequest::Publish { channel, event, credentials, answer },
            answered,
            "publish",
        )
        .await
    }
    async fn ask<T>(
        &self,
        ask: ConnectionRequest,
        answered: oneshot::Receiver<Result<T, Error>>,
        operation: &'static str,
    ) -> Result<T, Error> {
        let gone = || Error::new(ErrorKind::Lost, operation, "the connection is gone");
        self.asks.send(ask).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn serve(mut socket: Socket, mut asked: mpsc::Receiver<ConnectionRequest>) {
    let mut ears: BTreeMap<String, (usize, mpsc::UnboundedSender<ReceivedEvent>)> = BTreeMap::new();
    let broken = loop {
        tokio::select! {
            ask = asked.recv() => match ask {
                Some(ask) => carry_out(&mut socket, ask, &mut ears).await,
                None => return socket.close().await,
            },
            next = socket.next() => match next {
                Ok(SocketEvent::Event { id, event }) => {
                    if let Some((ear, heard)) = ears.get(&id) {
                        // Who went away need not hear it.
                        let _ = heard.send(ReceivedEvent { ear: *ear, event, at: Instant::now() });
                    }
                }
                Ok(SocketEvent::DeliveryFailed { error, .. }) => tracing::debug!(%error, "not delivered"),
                Err(error) => break error,
            },
        }
    };
    while let Some(ask) = asked.recv().await {
        match ask {
            ConnectionRequest::Subscribe { answer, .. } => drop(answer.send(Err(broken.clone()))),
            ConnectionRequest::Publish { answer, .. } => drop(answer.send(Err(broken.clone()))),
        }
    }
}

async fn carry_out(
    socket: &mut Socket,
    ask: ConnectionRequest,
    ears: &mut BTreeMap<String, (usize, mpsc::UnboundedSender<ReceivedEvent>)>,
) {
    match ask {
        ConnectionRequest::Subscribe { channel, credentials, ear, answer } => {
            let subscribed = socket.subscribe(&channel, &credentials).await;
            let subscribed = subscribed.map(|id| drop(ears.insert(id, ear)));
            let _ = answer.send(subscribed);
        }
        ConnectionRequest::Publish { channel, event, credentials, answer } => {
            let at = Instant::now();
            let published = socket.publish(&channel, &[event], &credentials).await;
            let _ = answer.send(published.map(|it| (at, it)));
        }
    }
}
