//! An Event API of an emulator, and clients of its data plane that speak plain HTTP and WebSocket.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::faulty::{Answer, Faulty};
use crate::guard::unless_it_hangs;

pub const SUBPROTOCOL: &str = "aws-appsync-event-ws";

/// An API with the channel namespaces `default` and `other`, and a key that may do everything.
pub struct Plane {
    pub faulty: Faulty,
    pub api: String,
    /// The first label of its host names.
    pub prefix: String,
    pub key: String,
}

impl Plane {
    pub async fn start() -> Self {
        Self::create(Faulty::start(json!({})).await).await
    }
    /// Creates it on the emulator `faulty`.
    pub async fn create(faulty: Faulty) -> Self {
        let created = faulty.create_api("events").await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let api = text(&created["api"]["apiId"]);
        let host = text(&created["api"]["dns"]["HTTP"]);
        let prefix = host.split('.').next().unwrap().to_owned();
        for name in ["default", "other"] {
            let path = format!("/v2/apis/{api}/channelNamespaces");
            assert_eq!(faulty.appsync("POST", &path, &json!({ "name": name })).await.status, 200);
        }
        let path = format!("/v1/apis/{api}/apikeys");
        let created = faulty.appsync("POST", &path, &json!({})).await.json();
        let key = text(&created["apiKey"]["id"]);
        Self { faulty, api, prefix, key }
    }

    /// Publishes `body` over HTTP with the key.
    pub async fn post(&self, body: &str) -> Answer {
        let head = format!("POST /apis/{}/event HTTP/1.1\r\nx-api-key: {}", self.api, self.key);
        self.faulty.send(&head, body).await.unwrap()
    }
    pub async fn publish(&self, channel: &str, events: &[&str]) -> Answer {
        self.post(&json!({ "channel": channel, "events": events }).to_string()).await
    }

    /// The `authorization` of a message.
    pub fn authorization(&self) -> Value {
        json!({ "host": "h", "x-api-key": self.key })
    }
    /// The subprotocol that carries the key.
    pub fn credentials(&self) -> String {
        subprotocol(&self.authorization().to_string())
    }
    /// Opens a WebSocket with the key.
    pub async fn connect(&self) -> Socket<TcpStream> {
        self.open(Some(&format!("{}, {SUBPROTOCOL}", self.credentials())), &[]).await
    }
    /// Opens a WebSocket with these subprotocols and headers.
    pub async fn open(
        &self,
        subprotocols: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Socket<TcpStream> {
        let stream = TcpStream::connect(self.faulty.address).await.unwrap();
        let (stream, _) = client_async(self.upgrade(subprotocols, headers), stream).await.unwrap();
        Socket { stream }
    }
    /// The upgrade request of a WebSocket.
    pub fn upgrade(&self, subprotocols: Option<&str>, headers: &[(&'static str, &str)]) -> Request {
        let url = format!("ws://{}/apis/{}/event/realtime", self.faulty.address, self.api);
        let mut request = url.into_client_request().unwrap();
        let mut put = |name: &'static str, value: &str| {
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        };
        if let Some(subprotocols) = subprotocols {
            put("sec-websocket-protocol", subprotocols);
        }
        for (name, value) in headers {
            put(name, value);
        }
        request
    }

    pub fn subscribe_message(&self, id: &str, channel: &str) -> String {
        let authorization = self.authorization();
        json!({ "type": "subscribe", "id": id, "channel": channel, "authorization": authorization })
            .to_string()
    }
    pub fn publish_message(&self, id: &str, channel: &str, events: &[&str]) -> String {
        let authorization = self.authorization();
        json!({ "type": "publish", "id": id, "channel": channel, "events": events, "authorization": authorization })
            .to_string()
    }
}

/// The subprotocol that carries `json`.
pub fn subprotocol(json: &str) -> String {
    format!("header-{}", URL_SAFE_NO_PAD.encode(json))
}

/// The client's end of a WebSocket.
pub struct Socket<S> {
    pub stream: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }
    /// Waits for the next message. Returns `None` after the connection is closed.
    pub async fn message(&mut self) -> Option<Message> {
        unless_it_hangs(self.stream.next()).await.and_then(Result::ok)
    }
    /// Waits for the text of the next frame. Skips keep-alives, because their number depends on the time.
    pub async fn text(&mut self) -> String {
        loop {
            match self.message().await {
                Some(Message::Text(text)) if text.as_str() == KEEP_ALIVE => {}
                Some(Message::Text(text)) => return text.to_string(),
                other => panic!("a text was expected, not {other:?}"),
            }
        }
    }
    pub async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.text().await
    }
    /// Subscribes, and waits for the confirmation.
    pub async fn subscribe(&mut self, plane: &Plane, id: &str, channel: &str) {
        let answer = self.ask(&plane.subscribe_message(id, channel)).await;
        assert_eq!(answer, format!("{{\"type\":\"subscribe_success\",\"id\":\"{id}\"}}"));
    }
    /// Returns the code that the server closes with; panics if another message comes first.
    pub async fn close_code(&mut self) -> u16 {
        match self.message().await {
            Some(Message::Close(Some(frame))) => frame.code.into(),
            other => panic!("an end was expected, not {other:?}"),
        }
    }
    /// Checks that no message is pending: the next one is the response to this one.
    pub async fn expect_no_message(&mut self) {
        assert_eq!(self.ask("{\"type\":\"connection_init\"}").await, ACK);
    }
}

const KEEP_ALIVE: &str = r#"{"type":"ka"}"#;
pub const ACK: &str = r#"{"type":"connection_ack","connectionTimeoutMs":300000}"#;

pub fn data(id: &str, event: &str) -> String {
    format!("{{\"type\":\"data\",\"id\":\"{id}\",\"event\":{}}}", json!(event))
}
