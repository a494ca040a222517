//! The socket of a session: receives messages, sends frames and keep-alives, and closes the connection. It knows
//! nothing about channels.
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
use crate::data_plane::message::REQUEST_BYTES_MAX;
use crate::data_plane::publication;
use crate::data_plane::request_context::RequestContext;
use crate::data_plane::state::DataPlane;
use crate::data_plane::websocket::frame;
use crate::data_plane::websocket::handshake::{Handshake, SUBPROTOCOL, Subprotocol};
use crate::data_plane::websocket::outbox::{BYTES_MAX, CloseReason, Frame};
use crate::data_plane::websocket::session::Session;

/// How long a client may take to close the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a denied client may take to send its first message.
const FIRST_MESSAGE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a socket may accept nothing before the client counts as too slow.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// The close code: AppSync uses one for every reason (docs/reference/data-plane.md#close-codes).
const NORMAL_CLOSURE: u16 = 1_000;
/// Room for credentials in addition to the largest publish.
const MESSAGE_MAX: usize = REQUEST_BYTES_MAX + 256 * 1024;
/// Bytes of a socket's buffers. Small, since most of ten thousand connections are idle most of the time.
const BUFFER: usize = 4 * 1024;
/// Bytes that wait in the socket, also responses to pings: as many as may wait in the outbox, and room for the
/// largest frame.
const WRITE_BUFFER_MAX: usize = BYTES_MAX + BUFFER + 1024;
/// The frames for which an idle connection keeps memory.
const IDLE_CAPACITY: usize = 8;

/// Accepts an upgrade. A denied client receives the error after it, since browsers do not show an earlier error.
pub fn open(
    data_plane: Arc<DataPlane>,
    request: RequestContext,
    handshake: Handshake,
    mut upgrade: WebSocketUpgrade,
) -> Response<Body> {
    if handshake.subprotocol == Subprotocol::Supported {
        upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    }
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .on_upgrade(|socket| serve_socket(data_plane, request, handshake, socket))
}

async fn serve_socket(
    data_plane: Arc<DataPlane>,
    request: RequestContext,
    handshake: Handshake,
    mut socket: WebSocket,
) {
    let _open = data_plane.connections.open_socket();
    let reject = |name: &'static str| {
        let error = DataPlaneError::new(400, name)
            .with_reason(format!("the client must offer the subprotocol {SUBPROTOCOL}"));
        publication::report_rejection(&data_plane, &request, "connect", None, &error);
        frame::protocol_error(name)
    };
    let denial = match handshake.subprotocol {
        Subprotocol::Missing => reject("NoProtocolError"),
        Subprotocol::Unsupported => reject("SubProtocolNotSupportedError"),
        // On the heap, so that the memory for authorization is freed while the connection lasts.
        Subprotocol::Supported => {
            match Box::pin(Session::open(data_plane, request, handshake.credentials)).await {
                Ok(session) => {
                    // A client that reads too slowly would not read the close frame.
                    if run_session(&mut socket, session).await != CloseReason::ClientTooSlow {
                        close(socket).await;
                    }
                    return;
                }
                Err(error) => frame::error("connection_error", None, &without_message(error)),
            }
        }
    };
    // A client that disconnected needs no response.
    let _ = timeout(CLOSE_TIMEOUT, socket.send(Message::Text(denial.into()))).await;
    // Most clients send `connection_init` in any case, and some fail if the connection is closed already.
    let _ = timeout(FIRST_MESSAGE_TIMEOUT, socket.recv()).await;
    close(socket).await;
}

/// Removes the message of a denial: AppSync does not report why it denies a connection.
fn without_message(mut error: DataPlaneError) -> DataPlaneError {
    if error.error_type == "UnauthorizedException" {
        error.message = None;
    }
    error
}

/// Handles a message, and returns the session.
type PendingAnswer = Pin<Box<dyn Future<Output = Session> + Send>>;

/// Whether the session handles a message. It handles one at a time, while events are sent.
enum SessionState {
    Idle(Box<Session>),
    Busy(PendingAnswer),
}

/// Receives messages and sends frames until the connection is closed, and returns why.
async fn run_session(socket: &mut WebSocket, session: Session) -> CloseReason {
    let (outbox, keep_alive) = (session.outbox(), session.keep_alive_interval());
    let mut state = SessionState::Idle(Box::new(session));
    let mut frames = Vec::new();
    let mut keep_alives = interval_at(Instant::now() + keep_alive, keep_alive);
    let reason = loop {
        let next = tokio::select! {
            next = state.next(socket) => next,
            () = outbox.take(&mut frames) => SocketEvent::FramesReady,
            _ = keep_alives.tick() => SocketEvent::KeepAliveDue,
            reason = outbox.closed() => break reason,
        };
        match next {
            SocketEvent::Answered(session) => state = SessionState::Idle(Box::new(session)),
            SocketEvent::KeepAliveDue => frames.push(Frame::Text(frame::keep_alive())),
            SocketEvent::FramesReady => {}
            SocketEvent::Received(Some(Ok(Message::Close(_)))) => break CloseReason::ClientClosed,
            SocketEvent::Received(None | Some(Err(_))) => break CloseReason::ClientLost,
            SocketEvent::Received(Some(Ok(message))) => state = start_answer(state, message),
        }
        if !frames.is_empty() {
            tokio::select! {
                result = send(socket, &mut frames) => if let Err(reason) = result { break reason },
                reason = outbox.closed() => break reason,
            }
        }
    };
    // The session reports the reason when it is dropped.
    outbox.close(reason);
    // A requested operation is completed, even if no one receives its result.
    if let SessionState::Busy(pending) = state {
        tokio::spawn(pending);
    }
    reason
}

impl SessionState {
    /// Waits for the end of the current message, or else for the next message. No message is lost if the caller
    /// stops waiting.
    async fn next(&mut self, socket: &mut WebSocket) -> SocketEvent {
        match self {
            Self::Busy(pending) => SocketEvent::Answered(pending.await),
            Self::Idle(_) => SocketEvent::Received(socket.recv().await),
        }
    }
}

/// What the loop of a connection waits for.
enum SocketEvent {
    Answered(Session),
    Received(Option<Result<Message, axum::Error>>),
    FramesReady,
    KeepAliveDue,
}

/// Starts to handle a message.
fn start_answer(state: SessionState, message: Message) -> SessionState {
    let SessionState::Idle(mut session) = state else { return state };
    match message {
        Message::Text(text) => SessionState::Busy(Box::pin(async move {
            session.handle_message(text.as_bytes()).await;
            *session
        })),
        Message::Binary(_) => {
            session.reject_frame("The message is binary: send JSON as text");
            SessionState::Idle(session)
        }
        // The WebSocket library responds to pings.
        _ => SessionState::Idle(session),
    }
}

/// Sends all frames, or returns why the connection must be closed.
async fn send(socket: &mut WebSocket, frames: &mut Vec<Frame>) -> Result<(), CloseReason> {
    for frame in frames.drain(..) {
        send_result(timeout(SEND_TIMEOUT, socket.feed(Message::Text(frame.text().into()))).await)?;
    }
    frames.shrink_to(IDLE_CAPACITY);
    send_result(timeout(SEND_TIMEOUT, socket.flush()).await)
}

fn send_result(result: Result<Result<(), axum::Error>, Elapsed>) -> Result<(), CloseReason> {
    result.map_err(|_| CloseReason::ClientTooSlow)?.map_err(|_| CloseReason::ClientLost)
}

/// Closes the connection, and waits for the client's close frame, but not for long.
async fn close(mut socket: WebSocket) {
    let close_frame = CloseFrame { code: NORMAL_CLOSURE, reason: "".into() };
    let closed = async {
        // If the client closed the connection first, this sends the response.
        let _ = socket.send(Message::Close(Some(close_frame))).await;
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
    async fn an_idle_client_receives_keep_alive_frames() {
        let mut data_plane = testing::test_plane().await;
        assert_eq!(data_plane.keep_alive_interval, Duration::from_secs(60));
        Arc::get_mut(&mut data_plane).unwrap().keep_alive_interval = Duration::from_millis(5);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router_with_data_plane(Arc::clone(&data_plane));
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
        let connections = data_plane.connections();
        assert_eq!(
            (connections.len(), connections[0].api_id.as_str(), &*connections[0].mode),
            (1, "a", "API_KEY")
        );
    }
}
