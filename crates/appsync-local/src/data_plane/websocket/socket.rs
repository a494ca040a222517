//! The socket under a session: frames in, frames out, signs of life, and the end.
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderValue, Response};
use futures_util::SinkExt;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, interval_at, timeout};

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::message::REQUEST_MAX;
use crate::data_plane::plane::DataPlane;
use crate::data_plane::publication;
use crate::data_plane::request_context::RequestContext;
use crate::data_plane::websocket::frame;
use crate::data_plane::websocket::handshake::{Handshake, SUBPROTOCOL, Subprotocol};
use crate::data_plane::websocket::outbox::{BYTES_MAX, CloseReason, Frame};
use crate::data_plane::websocket::session::Session;

/// How long the other end may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a client that may not connect has for its first word.
const FIRST_MESSAGE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a socket may take nothing at all before it counts as dead.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// The close code: AppSync uses one for every reason (docs/reference/data-plane.md#close-codes).
const NORMAL_CLOSURE: u16 = 1_000;
/// Room for credentials in addition to the largest publish.
const MESSAGE_MAX: usize = REQUEST_MAX + 256 * 1024;
/// Small, since most of ten thousand connections are idle most of the time.
const BUFFER: usize = 4 * 1024;
/// Answers to pings wait here too, as long as the other end does not read: no more than what waits elsewhere,
/// and room for the largest frame.
const WRITE_BUFFER_MAX: usize = BYTES_MAX + BUFFER + 1024;
/// Frames that a quiet connection keeps room for.
const IDLE_CAPACITY: usize = 8;

/// Answers an upgrade. A denied client receives the error after it, since a browser does not show an earlier one.
pub fn open(
    plane: Arc<DataPlane>,
    source: RequestContext,
    offer: Handshake,
    mut upgrade: WebSocketUpgrade,
) -> Response<Body> {
    if offer.subprotocol == Subprotocol::Supported {
        upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    }
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .on_upgrade(|socket| serve_socket(plane, source, offer, socket))
}

async fn serve_socket(
    plane: Arc<DataPlane>,
    source: RequestContext,
    offer: Handshake,
    mut socket: WebSocket,
) {
    let _open = plane.connections.open_socket();
    let unsupported = |name: &'static str| {
        let problem = DataPlaneError::new(400, name)
            .with_reason(format!("the client must offer the subprotocol {SUBPROTOCOL}"));
        publication::report_rejection(&plane, &source, "connect", None, &problem);
        frame::protocol_error(name)
    };
    let refusal = match offer.subprotocol {
        Subprotocol::Missing => unsupported("NoProtocolError"),
        Subprotocol::Unsupported => unsupported("SubProtocolNotSupportedError"),
        // On the heap: whatever judging needs is not kept for as long as the connection lasts.
        Subprotocol::Supported => {
            match Box::pin(Session::open(plane, source, offer.credentials)).await {
                Ok(session) => {
                    // Who reads too slowly would not read it.
                    if run_session(&mut socket, session).await != CloseReason::ClientTooSlow {
                        close(socket).await;
                    }
                    return;
                }
                Err(problem) => frame::error("connection_error", None, &without_message(problem)),
            }
        }
    };
    // A client that is gone needs no response.
    let _ = timeout(CLOSE_TIMEOUT, socket.send(Message::Text(refusal.into()))).await;
    // Most clients send `connection_init` in any case, and some fail if the connection is closed already.
    let _ = timeout(FIRST_MESSAGE_TIMEOUT, socket.recv()).await;
    close(socket).await;
}

/// AppSync does not say why a connection is not allowed.
fn without_message(mut problem: DataPlaneError) -> DataPlaneError {
    if problem.error_type == "UnauthorizedException" {
        problem.message = None;
    }
    problem
}

type PendingAnswer = Pin<Box<dyn Future<Output = Session> + Send>>;

/// What the session does: one message after the other, while events go out.
enum SessionState {
    Idle(Box<Session>),
    Busy(PendingAnswer),
}

/// Carries frames both ways until either end is gone, or the connection is over.
async fn run_session(socket: &mut WebSocket, session: Session) -> CloseReason {
    let (outbox, keep_alive) = (session.outbox(), session.keep_alive_interval());
    let mut doing = SessionState::Idle(Box::new(session));
    let mut frames = Vec::new();
    let mut alive = interval_at(Instant::now() + keep_alive, keep_alive);
    let end = loop {
        let next = tokio::select! {
            next = doing.next(socket) => next,
            () = outbox.take(&mut frames) => SocketEvent::FramesReady,
            _ = alive.tick() => SocketEvent::KeepAliveDue,
            end = outbox.closed() => break end,
        };
        match next {
            SocketEvent::Answered(session) => doing = SessionState::Idle(Box::new(session)),
            SocketEvent::KeepAliveDue => frames.push(Frame::Text(frame::keep_alive())),
            SocketEvent::FramesReady => {}
            SocketEvent::Received(Some(Ok(Message::Close(_)))) => break CloseReason::ClientClosed,
            SocketEvent::Received(None | Some(Err(_))) => break CloseReason::ClientLost,
            SocketEvent::Received(Some(Ok(message))) => doing = start_answer(doing, message),
        }
        if !frames.is_empty() {
            tokio::select! {
                sent = send(socket, &mut frames) => if let Err(end) = sent { break end },
                end = outbox.closed() => break end,
            }
        }
    };
    // The session reports it when it is dropped.
    outbox.close(end);
    // A requested operation is completed, even if no one receives its result.
    if let SessionState::Busy(work) = doing {
        tokio::spawn(work);
    }
    end
}

impl SessionState {
    /// What happens next: an answer is there, or, before there is something to answer, a message. Nothing is
    /// lost if the caller stops waiting.
    async fn next(&mut self, socket: &mut WebSocket) -> SocketEvent {
        match self {
            Self::Busy(work) => SocketEvent::Answered(work.await),
            Self::Idle(_) => SocketEvent::Received(socket.recv().await),
        }
    }
}

enum SocketEvent {
    Answered(Session),
    Received(Option<Result<Message, axum::Error>>),
    FramesReady,
    KeepAliveDue,
}

/// Has the session answer `message`.
fn start_answer(doing: SessionState, message: Message) -> SessionState {
    let SessionState::Idle(mut session) = doing else { return doing };
    match message {
        Message::Text(text) => SessionState::Busy(Box::pin(async move {
            session.handle_message(text.as_bytes()).await;
            *session
        })),
        Message::Binary(_) => {
            session.reject_frame("The message is binary: send JSON as text");
            SessionState::Idle(session)
        }
        // Pings are answered below.
        _ => SessionState::Idle(session),
    }
}

/// Sends all frames, or says why the socket takes no more.
async fn send(socket: &mut WebSocket, frames: &mut Vec<Frame>) -> Result<(), CloseReason> {
    for frame in frames.drain(..) {
        send_result(timeout(SEND_TIMEOUT, socket.feed(Message::Text(frame.text().into()))).await)?;
    }
    frames.shrink_to(IDLE_CAPACITY);
    send_result(timeout(SEND_TIMEOUT, socket.flush()).await)
}

fn send_result(sent: Result<Result<(), axum::Error>, Elapsed>) -> Result<(), CloseReason> {
    sent.map_err(|_| CloseReason::ClientTooSlow)?.map_err(|_| CloseReason::ClientLost)
}

/// Says goodbye, and listens for the other's, but not for long.
async fn close(mut socket: WebSocket) {
    let goodbye = CloseFrame { code: NORMAL_CLOSURE, reason: "".into() };
    let closed = async {
        // The other end may have closed already: then this writes the answer to that.
        let _ = socket.send(Message::Close(Some(goodbye))).await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(CLOSE_TIMEOUT, closed).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use futures_util::StreamExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::client_async;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    use crate::data_plane::testing;
    use crate::server::router::router_with_data_plane;

    use super::*;

    #[tokio::test]
    async fn a_quiet_client_hears_that_its_connection_lives() {
        let mut plane = testing::test_plane().await;
        assert_eq!(plane.keep_alive_interval, Duration::from_secs(60));
        Arc::get_mut(&mut plane).unwrap().keep_alive_interval = Duration::from_millis(5);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router_with_data_plane(Arc::clone(&plane));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let url = format!("ws://{address}/apis/a/event/realtime");
        let mut request = url.into_client_request().unwrap();
        for (name, value) in [("x-api-key", "da2-k"), ("sec-websocket-protocol", SUBPROTOCOL)] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut socket, _) = client_async(request, stream).await.unwrap();
        for _ in 0..3 {
            assert_eq!(
                socket.next().await.unwrap().unwrap().into_text().unwrap(),
                r#"{"type":"ka"}"#
            );
        }
        let shown = plane.connections();
        assert_eq!((shown.len(), shown[0].api_id.as_str(), &*shown[0].mode), (1, "a", "API_KEY"));
    }
}
