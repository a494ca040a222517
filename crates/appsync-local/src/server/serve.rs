//! The emulator on the network: TLS and plain HTTP on one port, distinguished by the first byte.
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

/// How long operations in progress may take when the service stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);
/// Of a request: its first line and its headers, with a token in them.
const HEAD_MAX: usize = 64 * 1024;
/// How long a listener rests when the process has no more files to open.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);
/// The first byte of a TLS handshake, which no HTTP request begins with.
const TLS_HANDSHAKE_BYTE: u8 = 0x16;

/// Serves `plane` on each of `listeners` until `shutdown`; responses in progress are finished, if that
/// does not take long. With `tls` the same ports also speak TLS.
pub async fn serve(
    listeners: Vec<TcpListener>,
    plane: Arc<DataPlane>,
    tls: Option<Arc<ServerConfig>>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let acceptor = tls.map(TlsAcceptor::from);
    // Every conversation has a sender: when the last is gone, so is the last conversation.
    let (open, mut ended) = mpsc::channel(1);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept_connections(
            listener,
            Arc::clone(&plane),
            acceptor.clone(),
            open.clone(),
        ));
    }
    drop(open);
    shutdown.await;
    accepting.abort_all();
    plane.store.close();
    while accepting.join_next().await.is_some() {}
    let _ = ended.recv().await;
    plane.wait_until_closed().await;
    Ok(())
}

/// Accepts connections until it is dropped, each in a separate task.
async fn accept_connections(
    listener: TcpListener,
    plane: Arc<DataPlane>,
    acceptor: Option<TlsAcceptor>,
    open: mpsc::Sender<()>,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        // A small frame must not wait for the answer to the one before.
        let _ = stream.set_nodelay(true);
        let (plane, acceptor, open) = (Arc::clone(&plane), acceptor.clone(), open.clone());
        tokio::spawn(async move {
            let ending = async {
                plane.store.closed().await;
                tokio::time::sleep(SHUTDOWN_GRACE).await;
            };
            tokio::select! {
                () = serve_connection(stream, peer, &plane, acceptor) => {}
                () = ending => {}
            }
            drop(open);
        });
    }
}

/// Finds out what a connection speaks, and answers in it.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    plane: &Arc<DataPlane>,
    acceptor: Option<TlsAcceptor>,
) {
    let Some(Ok(first)) = with_time_limit(plane, first_byte(&stream)).await else { return };
    match (first, acceptor) {
        (TLS_HANDSHAKE_BYTE, None) => {}
        (TLS_HANDSHAKE_BYTE, Some(acceptor)) => {
            match with_time_limit(plane, acceptor.accept(stream)).await {
                Some(Ok(stream)) => serve_http(stream, peer, plane).await,
                Some(Err(error)) => tracing::debug!(%peer, %error, "no TLS"),
                None => {}
            }
        }
        _ => serve_http(stream, peer, plane).await,
    }
}

/// What `greeting` comes to, unless it takes too long or the service ends.
async fn with_time_limit<T>(plane: &DataPlane, greeting: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = timeout(plane.idle_timeout, greeting) => done.ok(),
        () = plane.store.closed() => None,
    }
}

async fn first_byte(stream: &TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    match stream.peek(&mut byte).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(byte[0]),
    }
}

/// Answers the requests of one connection.
async fn serve_http<S>(stream: S, peer: SocketAddr, plane: &Arc<DataPlane>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shared = Arc::clone(plane);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let plane = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(router::handle(State(plane), request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(plane.idle_timeout).max_buf_size(HEAD_MAX);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = plane.store.closed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // An error here is the client's going away, or a fault that closes the connection.
    if let Err(error) = ended {
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
    async fn connections_that_never_send_a_whole_request_do_not_delay_the_end() {
        let mut plane = testing::test_plane().await;
        assert_eq!(plane.idle_timeout, Duration::from_secs(30));
        // Longer than a test lasts, so that nothing but the end of the service closes them.
        Arc::get_mut(&mut plane).unwrap().idle_timeout = Duration::from_secs(3_600);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel::<()>();
        let service = tokio::spawn(serve(vec![listener], plane, None, async { drop(ended.await) }));
        let mut open = Vec::new();
        for begin in [&b""[..], b"\x16", b"P", b"POST /event HTTP/1.1\r\nhost: x\r\nx-api-"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begin).await.unwrap();
            open.push(stream);
        }
        // Connections are accepted in their order: once this one is answered, the others are open.
        let mut last = TcpStream::connect(address).await.unwrap();
        last.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        last.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        end.send(()).unwrap();
        service.await.unwrap().unwrap();
        drop(open);
    }
}
