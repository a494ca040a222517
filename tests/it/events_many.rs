//! Ten thousand subscribers of one emulator.
use std::io;
use std::sync::Arc;

use appsync_local::{DataPlane, Settings, router_with_data_plane};
use futures_util::stream::{self, StreamExt};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::client_async;

use crate::guard::unless_it_hangs;
use crate::plane::{Plane, SUBPROTOCOL, Socket, data};

const SUBSCRIBERS: usize = 10_000;
/// How many clients connect concurrently.
const CONCURRENT: usize = 200;

/// In-memory connections, which need no file descriptors.
struct Pipes(mpsc::Receiver<DuplexStream>);

impl axum::serve::Listener for Pipes {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(pipe) => (pipe, ()),
            None => std::future::pending().await,
        }
    }
    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_subscribers_get_each_event_and_no_connection_remains() {
    let plane = Plane::start().await;
    let served = DataPlane::new(Arc::clone(&plane.faulty.store), Settings::default());
    let (pipes, listener) = mpsc::channel(CONCURRENT);
    let router = router_with_data_plane(Arc::clone(&served));
    tokio::spawn(async move { axum::serve(Pipes(listener), router).await.unwrap() });
    let subscribed = stream::iter(0..SUBSCRIBERS).map(async |n| {
        let (client_end, server_end) = tokio::io::duplex(4 * 1024);
        pipes.send(server_end).await.unwrap();
        let request = plane.upgrade(Some(&format!("{}, {SUBPROTOCOL}", plane.credentials())), &[]);
        let (stream, _) = client_async(request, client_end).await.unwrap();
        let mut socket = Socket { stream };
        // Half of them subscribe to one channel, half to a wildcard.
        let channel = if n % 2 == 0 { "/default/all" } else { "/default/*" };
        socket.subscribe(&plane, "s", channel).await;
        socket
    });
    let mut sockets: Vec<_> = subscribed.buffer_unordered(CONCURRENT).collect().await;
    assert_eq!(served.connections().len(), SUBSCRIBERS);
    let mut publisher = sockets.pop().unwrap();
    publisher.send(&plane.publish_message("p", "/default/all", &["1", "2"])).await;
    for socket in &mut sockets {
        assert_eq!(socket.text().await, data("s", "1"));
        assert_eq!(socket.text().await, data("s", "2"));
    }
    drop((sockets, publisher));
    let all_closed = async {
        while !served.connections().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    unless_it_hangs(all_closed).await;
}
