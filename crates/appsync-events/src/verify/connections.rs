//! One connection that the checks of several namespaces use at the same time.
use std::collections::BTreeMap;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::auth_mode::AuthMode;
use crate::channel::Channel;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Operation};
use crate::event::Event;
use crate::publish_response::PublishResponse;
use crate::publisher::Publisher;
use crate::socket::{Socket, SocketEvent};
use crate::verify::target::{ApiTarget, ModeCredentials};

/// The maximum number of requests that wait for the connection.
const QUEUE_MAX: usize = 64;

/// Where the events of one subscription go.
#[derive(Clone, Debug)]
pub struct ListenerSender {
    /// The listener, as an index that the receiver understands.
    pub listener: usize,
    pub arrivals: mpsc::UnboundedSender<Arrival>,
}

/// An event that arrived for a listener.
#[derive(Debug)]
pub struct Arrival {
    pub listener: usize,
    pub payload: String,
    pub time: Instant,
}

/// A handle to the connection. It is closed when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct SharedConnection {
    requests: mpsc::Sender<ConnectionRequest>,
}

#[derive(Debug)]
enum ConnectionRequest {
    Subscribe {
        channel: String,
        credentials: Credentials,
        listener: ListenerSender,
        reply: oneshot::Sender<Result<(), Error>>,
    },
    Publish {
        channel: String,
        event: Event,
        credentials: Credentials,
        reply: oneshot::Sender<Result<(Instant, PublishResponse), Error>>,
    },
}

impl SharedConnection {
    /// Starts a task that uses `socket`. The task ends after the connection is closed.
    pub fn new(socket: Socket) -> (Self, JoinHandle<()>) {
        let (requests, receiver) = mpsc::channel(QUEUE_MAX);
        (Self { requests }, tokio::spawn(serve(socket, receiver)))
    }

    /// Subscribes `listener` to `channel`.
    pub async fn subscribe(
        &self,
        channel: &str,
        credentials: &Credentials,
        listener: ListenerSender,
    ) -> Result<(), Error> {
        let (reply, result) = oneshot::channel();
        let (channel, credentials) = (channel.to_owned(), credentials.clone());
        let request = ConnectionRequest::Subscribe { channel, credentials, listener, reply };
        self.request(request, result, Operation::Subscribe).await
    }

    /// Publishes one event, and returns when it was sent.
    pub async fn publish(
        &self,
        channel: &str,
        event: Event,
        credentials: &Credentials,
    ) -> Result<(Instant, PublishResponse), Error> {
        let (reply, result) = oneshot::channel();
        let (channel, credentials) = (channel.to_owned(), credentials.clone());
        let request = ConnectionRequest::Publish { channel, event, credentials, reply };
        self.request(request, result, Operation::Publish).await
    }

    async fn request<T>(
        &self,
        request: ConnectionRequest,
        result: oneshot::Receiver<Result<T, Error>>,
        operation: Operation,
    ) -> Result<T, Error> {
        let closed =
            || Error::new(ErrorKind::ConnectionLost, operation, "the connection is closed");
        self.requests.send(request).await.map_err(|_| closed())?;
        result.await.map_err(|_| closed())?
    }
}

type Listeners = BTreeMap<String, ListenerSender>;

async fn serve(mut socket: Socket, mut requests: mpsc::Receiver<ConnectionRequest>) {
    let mut listeners = Listeners::new();
    let connection_error = loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => execute(&mut socket, request, &mut listeners).await,
                None => return socket.close().await,
            },
            event = socket.next() => match event {
                Ok(SocketEvent::Event { id, payload }) => {
                    if let Some(ListenerSender { listener, arrivals }) = listeners.get(&id) {
                        let arrival =
                            Arrival { listener: *listener, payload, time: Instant::now() };
                        // The namespace may have finished its checks.
                        let _ = arrivals.send(arrival);
                    }
                }
                Ok(SocketEvent::DeliveryFailed { error, .. }) => {
                    tracing::debug!(%error, "an event was not delivered");
                }
                Err(error) => break error,
            },
        }
    };
    while let Some(request) = requests.recv().await {
        let error = connection_error.clone();
        match request {
            ConnectionRequest::Subscribe { reply, .. } => drop(reply.send(Err(error))),
            ConnectionRequest::Publish { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

async fn execute(socket: &mut Socket, request: ConnectionRequest, listeners: &mut Listeners) {
    match request {
        ConnectionRequest::Subscribe { channel, credentials, listener, reply } => {
            let id = socket.subscribe(&channel, &credentials).await;
            let _ = reply.send(id.map(|id| drop(listeners.insert(id, listener))));
        }
        ConnectionRequest::Publish { channel, event, credentials, reply } => {
            let sent = Instant::now();
            let response = socket.publish(&channel, &[event], &credentials).await;
            let _ = reply.send(response.map(|response| (sent, response)));
        }
    }
}

/// A connection and a publisher for each auth mode.
pub struct ModeConnections {
    connections: Vec<(AuthMode, SharedConnection)>,
    publishers: Vec<(AuthMode, Mutex<Publisher>)>,
    /// What to report if no mode can connect.
    no_connection: String,
}

impl ModeConnections {
    /// Takes the connections that are open, and creates a publisher for each mode with credentials.
    pub fn new(target: &ApiTarget, connections: Vec<(AuthMode, SharedConnection)>) -> Self {
        let publisher = |mode: &ModeCredentials| {
            let credentials = mode.credentials.clone().ok()?;
            Some((mode.mode, Mutex::new(target.client.publisher(credentials))))
        };
        let modes: Vec<&str> = target.connect.iter().map(|mode| mode.as_str()).collect();
        Self {
            connections,
            publishers: target.credentials.iter().filter_map(publisher).collect(),
            no_connection: format!("no connection: connecting requires {}", modes.join(" or ")),
        }
    }

    /// The connection of `mode`, or else any: each frame has its own credentials.
    pub fn connection(&self, mode: AuthMode) -> Result<&SharedConnection, &str> {
        let own = self.connections.iter().find(|(other, _)| *other == mode);
        let connection = own.or(self.connections.first());
        connection.map(|(_, connection)| connection).ok_or(&self.no_connection)
    }

    /// A mode that has a publisher.
    pub fn any_publisher(&self) -> Option<AuthMode> {
        self.publishers.first().map(|(mode, _)| *mode)
    }

    /// Publishes one event over HTTP, and returns when it was sent.
    pub async fn publish(
        &self,
        mode: AuthMode,
        channel: &Channel,
        event: Event,
    ) -> Result<(Instant, PublishResponse), Error> {
        let publisher = self.publishers.iter().find(|(other, _)| *other == mode);
        let Some((_, publisher)) = publisher else {
            let message = "no credentials for this mode";
            return Err(Error::new(ErrorKind::MissingCredentials, Operation::Publish, message));
        };
        let mut publisher = publisher.lock().await;
        let sent = Instant::now();
        publisher.publish(channel, &[event]).await.map(|response| (sent, response))
    }
}
