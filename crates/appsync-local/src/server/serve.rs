//! Connections: TLS and plain HTTP on one port, distinguished by the first byte. Which requests there are is the
//! router's concern.
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::data_plane::DataPlane;
use crate::server::router;

/// How long operations in progress may take when the emulator stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);
/// The size of a request's first line and headers, which may have a token.
const HEAD_MAX: usize = 64 * 1024;
/// How long a listener waits if the process cannot open more files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);
/// The first byte of a TLS handshake, with which no HTTP request begins.
const TLS_HANDSHAKE_BYTE: u8 = 0x16;

/// Serves `plane` on each of `listeners` until `shutdown` completes. Responses in progress are completed if that
/// does not take long. With `tls`, the same ports also accept TLS.
///
/// # Errors
///
/// This version never fails.
pub async fn serve(
    listeners: Vec<TcpListener>,
    data_plane: Arc<DataPlane>,
    tls: Option<Arc<ServerConfig>>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let acceptor = tls.map(TlsAcceptor::from);
    // Every connection has a sender: when the last sender is dropped, the last connection is closed.
    let (open_connections, mut all_closed) = mpsc::channel(1);
    let mut accept_tasks = JoinSet::new();
    for listener in listeners {
        accept_tasks.spawn(accept_connections(
            listener,
            Arc::clone(&data_plane),
            acceptor.clone(),
            open_connections.clone(),
        ));
    }
    drop(open_connections);
    shutdown.await;
    accept_tasks.abort_all();
    data_plane.store.close();
    while accept_tasks.join_next().await.is_some() {}
    let _ = all_closed.recv().await;
    data_plane.wait_until_closed().await;
    Ok(())
}

/// Accepts connections until it is dropped, and serves each in a separate task.
async fn accept_connections(
    listener: TcpListener,
    data_plane: Arc<DataPlane>,
    acceptor: Option<TlsAcceptor>,
    open_connections: mpsc::Sender<()>,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        // A small frame must not wait for the acknowledgment of the one before.
        let _ = stream.set_nodelay(true);
        let (data_plane, acceptor, open_connections) =
            (Arc::clone(&data_plane), acceptor.clone(), open_connections.clone());
        tokio::spawn(async move {
            let grace_period = async {
                data_plane.store.closed().await;
                tokio::time::sleep(SHUTDOWN_GRACE).await;
            };
            tokio::select! {
                () = serve_connection(stream, peer, &data_plane, acceptor) => {}
                () = grace_period => {}
            }
            drop(open_connections);
        });
    }
}

/// Recognizes the protocol of a connection, and serves it.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    data_plane: &Arc<DataPlane>,
    acceptor: Option<TlsAcceptor>,
) {
    let Some(Ok(first)) = with_time_limit(data_plane, first_byte(&stream)).await else { return };
    match (first, acceptor) {
        (TLS_HANDSHAKE_BYTE, None) => {}
        (TLS_HANDSHAKE_BYTE, Some(acceptor)) => {
            match with_time_limit(data_plane, acceptor.accept(stream)).await {
                Some(Ok(stream)) => serve_http(stream, peer, data_plane).await,
                Some(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
                None => {}
            }
        }
        _ => serve_http(stream, peer, data_plane).await,
    }
}

/// The result of `handshake`, unless it takes too long or the emulator stops.
async fn with_time_limit<T>(
    data_plane: &DataPlane,
    handshake: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        result = timeout(data_plane.idle_timeout, handshake) => result.ok(),
        () = data_plane.store.closed() => None,
    }
}

async fn first_byte(stream: &TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    match stream.peek(&mut byte).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(byte[0]),
    }
}

/// Handles the requests of one connection.
async fn serve_http<S>(stream: S, peer: SocketAddr, data_plane: &Arc<DataPlane>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shared = Arc::clone(data_plane);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let data_plane = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(router::handle(State(data_plane), request).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(data_plane.idle_timeout)
        .max_buf_size(HEAD_MAX);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = data_plane.store.closed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // It fails if the client disconnects, or if an injected fault closes the connection.
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;
    use crate::data_plane::testing;

    #[tokio::test]
    async fn connections_without_a_complete_request_do_not_delay_the_shutdown() {
        let mut data_plane = testing::test_plane().await;
        assert_eq!(data_plane.idle_timeout, Duration::from_secs(30));
        // Longer than a test, so that only the shutdown closes them.
        Arc::get_mut(&mut data_plane).unwrap().idle_timeout = Duration::from_secs(3_600);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, shutdown_requested) = oneshot::channel::<()>();
        let service = tokio::spawn(serve(vec![listener], data_plane, None, async {
            drop(shutdown_requested.await);
        }));
        let mut open_connections = Vec::new();
        for start in [&b""[..], b"\x16", b"P", b"POST /event HTTP/1.1\r\nhost: x\r\nx-api-"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(start).await.unwrap();
            open_connections.push(stream);
        }
        // Connections are accepted in order: once this one has a response, the others are open.
        let mut last = TcpStream::connect(address).await.unwrap();
        last.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut response = String::new();
        last.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 403"), "{response}");
        shutdown.send(()).unwrap();
        service.await.unwrap().unwrap();
        drop(open_connections);
    }
}
