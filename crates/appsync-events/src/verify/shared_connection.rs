//! One connection that several namespaces use at once.
use std::collections::BTreeMap;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::credentials::Credentials;
use crate::error::{ClientError, Kind};
use crate::frame::Published;
use crate::socket::{Incoming, Socket};

/// What may wait to be sent.
const WAITING_MAX: usize = 64;

/// An event that came, when, and for whom.
#[derive(Debug)]
pub struct Heard {
    pub ear: usize,
    pub event: String,
    pub at: Instant,
}

/// A way to use the connection.
#[derive(Clone, Debug)]
pub struct Line {
    asks: mpsc::Sender<Ask>,
}

#[derive(Debug)]
enum Ask {
    Subscribe {
        channel: String,
        credentials: Credentials,
        ear: (usize, mpsc::UnboundedSender<Heard>),
        answer: oneshot::Sender<Result<(), ClientError>>,
    },
    Publish {
        channel: String,
        event: String,
        credentials: Credentials,
        answer: oneshot::Sender<Result<(Instant, Published), ClientError>>,
    },
}

impl Line {
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
        ear: (usize, mpsc::UnboundedSender<Heard>),
    ) -> Result<(), ClientError> {
        let (answer, answered) = oneshot::channel();
        let (channel, credentials) = (channel.to_owned(), credentials.clone());
        self.ask(Ask::Subscribe { channel, credentials, ear, answer }, answered, "subscribe").await
    }
    /// Publishes one event, and says when it went.
    pub async fn publish(
        &self,
        channel: &str,
        event: String,
        credentials: &Credentials,
    ) -> Result<(Instant, Published), ClientError> {
        let (answer, answered) = oneshot::channel();
        let (channel, credentials) = (channel.to_owned(), credentials.clone());
        self.ask(Ask::Publish { channel, event, credentials, answer }, answered, "publish").await
    }
    async fn ask<T>(
        &self,
        ask: Ask,
        answered: oneshot::Receiver<Result<T, ClientError>>,
        operation: &'static str,
    ) -> Result<T, ClientError> {
        let gone = || ClientError::new(Kind::Lost, operation, "the connection is gone");
        self.asks.send(ask).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn serve(mut socket: Socket, mut asked: mpsc::Receiver<Ask>) {
    let mut ears: BTreeMap<String, (usize, mpsc::UnboundedSender<Heard>)> = BTreeMap::new();
    let broken = loop {
        tokio::select! {
            ask = asked.recv() => match ask {
                Some(ask) => carry_out(&mut socket, ask, &mut ears).await,
                None => return socket.close().await,
            },
            next = socket.next() => match next {
                Ok(Incoming::Event { id, event }) => {
                    if let Some((ear, heard)) = ears.get(&id) {
                        // Who went away need not hear it.
                        let _ = heard.send(Heard { ear: *ear, event, at: Instant::now() });
                    }
                }
                Ok(Incoming::Trouble { error, .. }) => tracing::debug!(%error, "not delivered"),
                Err(error) => break error,
            },
        }
    };
    while let Some(ask) = asked.recv().await {
        match ask {
            Ask::Subscribe { answer, .. } => drop(answer.send(Err(broken.clone()))),
            Ask::Publish { answer, .. } => drop(answer.send(Err(broken.clone()))),
        }
    }
}

async fn carry_out(
    socket: &mut Socket,
    ask: Ask,
    ears: &mut BTreeMap<String, (usize, mpsc::UnboundedSender<Heard>)>,
) {
    match ask {
        Ask::Subscribe { channel, credentials, ear, answer } => {
            let subscribed = socket.subscribe(&channel, &credentials).await;
            let subscribed = subscribed.map(|id| drop(ears.insert(id, ear)));
            let _ = answer.send(subscribed);
        }
        Ask::Publish { channel, event, credentials, answer } => {
            let at = Instant::now();
            let published = socket.publish(&channel, &[event], &credentials).await;
            let _ = answer.send(published.map(|it| (at, it)));
        }
    }
}
