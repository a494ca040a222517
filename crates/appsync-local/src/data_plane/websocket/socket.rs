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

use crate::data_plane::message::REQUEST_MAX;
use crate::data_plane::plane::DataPlane;
use crate::data_plane::problem::Problem;
use crate::data_plane::publication;
use crate::data_plane::source::Source;
use crate::data_plane::websocket::frame;
use crate::data_plane::websocket::handshake::{Offer, SUBPROTOCOL, Verdict};
use crate::data_plane::websocket::outbox::{BYTES_MAX, End, Frame};
use crate::data_plane::websocket::session::Session;

/// How long the other end may take to say goodbye.
const CLOSING: Duration = Duration::from_secs(2);
/// How long a client that may not connect has for its first word.
const HEARING: Duration = Duration::from_millis(500);
/// How long a socket may take nothing at all before it counts as dead.
const STUCK: Duration = Duration::from_secs(60);
/// The close code: AppSync uses one for every reason (docs/reference/data-plane.md#close-codes).
const NORMAL: u16 = 1_000;
/// Room for credentials in addition to the largest publish.
const MESSAGE_MAX: usize = REQUEST_MAX + 256 * 1024;
/// Small, since most of ten thousand connections are idle most of the time.
const BUFFER: usize = 4 * 1024;
/// Answers to pings wait here too, as long as the other end does not read: no more than what waits elsewhere,
/// and room for the largest frame.
const UNSENT_MAX: usize = BYTES_MAX + BUFFER + 1024;
/// Frames that a quiet connection keeps room for.
const ROOM: usize = 8;

/// Answers an upgrade. A denied client receives the error after it, since a browser does not show an earlier one.
pub fn open(
    plane: Arc<DataPlane>,
    source: Source,
    offer: Offer,
    mut upgrade: WebSocketUpgrade,
) -> Response<Body> {
    if offer.verdict == Verdict::Sound {
        upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    }
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(UNSENT_MAX)
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .on_upgrade(|socket| begin(plane, source, offer, socket))
}

async fn begin(plane: Arc<DataPlane>, source: Source, offer: Offer, mut socket: WebSocket) {
    let _open = plane.connections.open();
    let unsupported = |name: &'static str| {
        let problem = Problem::new(400, name)
            .because(format!("the client must offer the subprotocol {SUBPROTOCOL}"));
        publication::refused(&plane, &source, "connect", None, &problem);
        frame::protocol_error(name)
    };
    let refusal = match offer.verdict {
        Verdict::Missing => unsupported("NoProtocolError"),
        Verdict::Unsupported => unsupported("SubProtocolNotSupportedError"),
        // On the heap: whatever judging needs is not kept for as long as the connection lasts.
        Verdict::Sound => match Box::pin(Session::begin(plane, source, offer.presented)).await {
            Ok(session) => {
                // Who reads too slowly would not read it.
                if carry(&mut socket, session).await != End::Slow {
                    close(socket).await;
                }
                return;
            }
            Err(problem) => frame::error("connection_error", None, &quiet(problem)),
        },
    };
    // A client that is gone needs no response.
    let _ = timeout(CLOSING, socket.send(Message::Text(refusal.into()))).await;
    // Most clients send `connection_init` in any case, and some fail if the connection is closed already.
    let _ = timeout(HEARING, socket.recv()).await;
    close(socket).await;
}

/// AppSync does not say why a connection is not allowed.
fn quiet(mut problem: Problem) -> Problem {
    if problem.error_type == "UnauthorizedException" {
        problem.message = None;
    }
    problem
}

type Work = Pin<Box<dyn Future<Output = Session> + Send>>;

/// What the session does: one message after the other, while events go out.
enum Doing {
    Nothing(Box<Session>),
    Answering(Work),
}

/// Carries frames both ways until either end is gone, or the connection is over.
async fn carry(socket: &mut WebSocket, session: Session) -> End {
    let (outbox, keep_alive) = (session.outbox(), session.keep_alive());
    let mut doing = Doing::Nothing(Box::new(session));
    let mut frames = Vec::new();
    let mut alive = interval_at(Instant::now() + keep_alive, keep_alive);
    let end = loop {
        let next = tokio::select! {
            next = doing.next(socket) => next,
            () = outbox.take(&mut frames) => Next::Send,
            _ = alive.tick() => Next::Alive,
            end = outbox.ended() => break end,
        };
        match next {
            Next::Done(session) => doing = Doing::Nothing(Box::new(session)),
            Next::Alive => frames.push(Frame::Text(frame::keep_alive())),
            Next::Send => {}
            Next::Came(Some(Ok(Message::Close(_)))) => break End::Closed,
            Next::Came(None | Some(Err(_))) => break End::Lost,
            Next::Came(Some(Ok(message))) => doing = take(doing, message),
        }
        if !frames.is_empty() {
            tokio::select! {
                sent = send(socket, &mut frames) => if let Err(end) = sent { break end },
                end = outbox.ended() => break end,
            }
        }
    };
    // The session reports it when it is dropped.
    outbox.end(end);
    // A requested operation is completed, even if no one receives its result.
    if let Doing::Answering(work) = doing {
        tokio::spawn(work);
    }
    end
}

impl Doing {
    /// What happens next: an answer is there, or, before there is something to answer, a message. Nothing is
    /// lost if the caller stops waiting.
    async fn next(&mut self, socket: &mut WebSocket) -> Next {
        match self {
            Self::Answering(work) => Next::Done(work.await),
            Self::Nothing(_) => Next::Came(socket.recv().await),
        }
    }
}

enum Next {
    Done(Session),
    Came(Option<Result<Message, axum::Error>>),
    Send,
    Alive,
}

/// Has the session answer `message`.
fn take(doing: Doing, message: Message) -> Doing {
    let Doing::Nothing(mut session) = doing else { return doing };
    match message {
        Message::Text(text) => Doing::Answering(Box::pin(async move {
            session.on(text.as_bytes()).await;
            *session
        })),
        Message::Binary(_) => {
            session.on_other("The message is binary: send JSON as text");
            Doing::Nothing(session)
        }
        // Pings are answered below.
        _ => Doing::Nothing(session),
    }
}

/// Sends all frames, or says why the socket takes no more.
async fn send(socket: &mut WebSocket, frames: &mut Vec<Frame>) -> Result<(), End> {
    for frame in frames.drain(..) {
        taken(timeout(STUCK, socket.feed(Message::Text(frame.text().into()))).await)?;
    }
    frames.shrink_to(ROOM);
    taken(timeout(STUCK, socket.flush()).await)
}

fn taken(sent: Result<Result<(), axum::Error>, Elapsed>) -> Result<(), End> {
    sent.map_err(|_| End::Slow)?.map_err(|_| End::Lost)
}

/// Says goodbye, and listens for the other's, but not for long.
async fn close(mut socket: WebSocket) {
    let goodbye = CloseFrame { code: NORMAL, reason: "".into() };
    let closed = async {
        // The other end may have closed already: then this writes the answer to that.
        let _ = socket.send(Message::Close(Some(goodbye))).await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(CLOSING, closed).await;
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
        let mut plane = testing::plane().await;
        assert_eq!(plane.keep_alive, Duration::from_secs(60));
        Arc::get_mut(&mut plane).unwrap().keep_alive = Duration::from_millis(5);
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
