//! Properties that hold for any bytes that clients send to the data plane: for `fuzz/`, and for the
//! tests below. A law that is broken panics.
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use regex_lite::Regex;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::{ClientOperation, CredentialFields};
use crate::data_plane::channel::Channel;
use crate::data_plane::message::{ClientMessage, EVENTS_MAX, EventsMember};
use crate::data_plane::plane::DataPlane;
use crate::data_plane::request_context::{RequestContext, Transport};
use crate::data_plane::settings::Settings;
use crate::data_plane::websocket::handshake::{Handshake, SUBPROTOCOL};
use crate::data_plane::websocket::outbox::Frame;
use crate::data_plane::websocket::session::Session;
use crate::server::router;
use crate::store::Store;

/// It cannot be guessed.
const KEY: &str = "da2-9e107d9d372bb6826bd81d3542a419d6";
const ISSUER: &str = "https://id.example.com";
/// The channels of docs/reference/data-plane.md#channels, without and with what is below them.
const PUBLISH: &str = r"^/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,4}/?$";
const WILD: &str = r"^/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,3}/\*/?$";
/// Messages of one input: more show nothing new.
const MESSAGES_MAX: usize = 16;

static STAGE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

/// A data plane with one API and no outbound connections.
struct Fixture {
    runtime: Runtime,
    plane: Arc<DataPlane>,
    patterns: [Regex; 2],
}

impl Fixture {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("there is one");
        let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
        let api = serde_json::from_value(api()).expect("it is an API");
        let add = store.change(|state| {
            let regions = &mut state.accounts.entry("1".into()).or_default().regions;
            regions.entry("us-east-1".into()).or_default().apis.insert("a".into(), api);
            Ok(())
        });
        runtime.block_on(add).expect("it is added");
        // Not a URL, so every outbound call fails at once.
        let issuers = [(ISSUER.to_owned(), "nowhere".to_owned())].into();
        let plane = DataPlane::new(store, Settings { issuers, ..Settings::default() });
        let patterns = [PUBLISH, WILD].map(|it| Regex::new(it).expect("it is a pattern"));
        Self { runtime, plane, patterns }
    }

    fn source(over: Transport, headers: BTreeMap<String, Vec<String>>) -> RequestContext {
        RequestContext {
            target: TargetApi {
                account: "1".to_owned(),
                region: "us-east-1".to_owned(),
                api_id: "a".to_owned(),
                domain: None,
            },
            headers: Arc::new(headers),
            path: "/event".into(),
            peer: None,
            transport: over,
        }
    }
}

fn api() -> Value {
    let modes = ["API_KEY", "AWS_IAM", "OPENID_CONNECT", "AWS_LAMBDA"];
    let modes = modes.map(|it| json!({ "authType": it }));
    let mut providers = json!(modes);
    providers[2]["openIDConnectConfig"] = json!({ "issuer": ISSUER });
    providers[3]["lambdaAuthorizerConfig"] = json!({ "authorizerUri": "judge" });
    let namespace = json!({
        "name": "default", "publish": [], "subscribe": [], "code": null, "tags": {},
        "created_epoch_s": 1.0, "modified_epoch_s": 1.0,
    });
    json!({
        "id": "a", "name": "a", "owner_contact": null, "tags": {}, "dns_prefix": "d",
        "created_epoch_s": 1.0, "namespaces": { "default": namespace },
        "keys": { KEY: { "id": KEY, "description": null, "expires_epoch_s": i64::MAX } },
        "event_config": {
            "authProviders": providers, "connectionAuthModes": modes,
            "defaultPublishAuthModes": modes, "defaultSubscribeAuthModes": modes,
        },
    })
}

/// Messages of a WebSocket, one a line: each is answered at most once, and what is kept of it is in it. `$KEY`
/// stands for a key that is good.
pub fn frame(bytes: &[u8]) {
    let stage = &*STAGE;
    let source = Fixture::source(Transport::WebSocket, BTreeMap::new());
    let presented = CredentialFields { fields: [("x-api-key".to_owned(), KEY.to_owned())].into() };
    let begin = Session::open(Arc::clone(&stage.plane), source, Some(presented));
    let mut session = stage.runtime.block_on(begin).expect("the key is good");
    let outbox = session.outbox();
    for message in bytes.split(|it| *it == b'\n').take(MESSAGES_MAX) {
        check_message(message);
        let message = String::from_utf8_lossy(message).replace("$KEY", KEY);
        stage.runtime.block_on(session.handle_message(message.as_bytes()));
        let mut frames = Vec::new();
        while outbox.take_now(&mut frames) {}
        let (answers, data): (Vec<_>, Vec<_>) =
            frames.into_iter().partition(|it| matches!(it, Frame::Text(_)));
        assert_eq!(answers.len(), 1, "{message:?} is answered {answers:?}");
        for text in answers.into_iter().chain(data).map(Frame::text) {
            let shown: Value = serde_json::from_str(&text).expect("a frame is JSON");
            assert!(shown["type"].is_string(), "{text}");
        }
    }
}

fn check_message(bytes: &[u8]) {
    let Some(message) = ClientMessage::parse(bytes) else { return };
    assert!(serde_json::from_slice::<IgnoredAny>(bytes).is_ok(), "{bytes:?} is no JSON");
    let mut kept: usize =
        message.authorization.0.iter().map(|(name, it)| name.len() + it.len()).sum();
    if let EventsMember::List { first, count } = &message.events {
        assert!(first.len() <= EVENTS_MAX && first.len() <= *count);
        kept += first.iter().filter_map(|it| it.text()).map(str::len).sum::<usize>();
    }
    for given in [&message.kind, &message.id, &message.channel] {
        kept += given.text().map_or(0, str::len);
    }
    assert!(kept <= bytes.len(), "{kept} bytes are kept of {}", bytes.len());
}

/// Any text is a channel if it matches the pattern of docs/reference/data-plane.md#channels.
pub fn channel(text: &str) {
    let [publish, wild] = STAGE.patterns.each_ref().map(|it| it.is_match(text));
    assert_eq!(Channel::parse_for_publish(text).is_ok(), publish, "{text:?}");
    assert_eq!(Channel::parse_for_subscribe(text).is_ok(), publish || wild, "{text:?}");
    for channel in
        [Channel::parse_for_publish(text), Channel::parse_for_subscribe(text)].into_iter().flatten()
    {
        let again = Channel::parse_for_subscribe(&channel.path).map(|it| it.path).ok();
        assert_eq!(again.as_deref(), Some(channel.path.as_str()));
        assert!(channel.ancestors().count() < channel.segments().count());
        assert!(!channel.namespace().is_empty());
    }
}

/// Any subprotocols: parsed, and authorized only with a valid key.
pub fn subprotocols(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = HeaderMap::new();
    headers.append("sec-websocket-protocol", value);
    headers.append("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
    let offer = Handshake::from_headers(&headers, &BTreeMap::new());
    let names = offer.credentials.iter().flat_map(|it| it.fields.keys());
    assert!(names.into_iter().all(|it| it.to_ascii_lowercase() == **it));
    let source = Fixture::source(Transport::WebSocket, BTreeMap::new());
    let begin = Session::open(Arc::clone(&STAGE.plane), source, offer.credentials);
    assert!(STAGE.runtime.block_on(begin).is_err(), "{bytes:?} opens a connection");
}

/// An HTTP request to publish: what it asks for, its host and its body, one a line. It is answered in JSON,
/// and not by a breakdown.
pub fn publish(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |it| *it == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (target, host, body) = (next(), next(), next());
    let Ok(host) = HeaderValue::from_bytes(host) else { return };
    let request = Request::builder().method("POST").uri(target).header("host", host);
    let Ok(request) = request.header("x-api-key", KEY).body(Body::from(body.to_vec())) else {
        return;
    };
    let answer = async {
        let answer = router::handle(State(Arc::clone(&STAGE.plane)), request).await;
        let status = answer.status().as_u16();
        (status, to_bytes(answer.into_body(), usize::MAX).await.expect("it is there"))
    };
    let (status, answer) = STAGE.runtime.block_on(answer);
    // A signed call of the control plane may be one that is not imitated.
    assert!(status < 500 || status == 501, "{status}");
    let text = String::from_utf8_lossy(&answer);
    assert!(!text.contains(KEY) && (text.starts_with('{') || text.starts_with('<')), "{text}");
}

/// Credentials, one field per line: none are authorized, and nothing panics.
pub fn authorization(text: &str) {
    let fields = text.lines().filter_map(|it| it.split_once(": "));
    let fields = fields.map(|(name, it)| (name.to_ascii_lowercase(), it.to_owned()));
    let presented = CredentialFields { fields: fields.collect() };
    let headers = presented.fields.iter().map(|(name, it)| (name.clone(), vec![it.clone()]));
    let source = Fixture::source(Transport::Http, headers.collect());
    let api = source.api(&STAGE.plane.apis).expect("the API is there");
    let channel = Channel::parse_for_publish("/default/a").ok();
    for operation in [ClientOperation::Connect, ClientOperation::Publish] {
        let channel = channel.as_ref().filter(|_| operation == ClientOperation::Publish);
        let asked = source.auth_request(&api, operation, channel, &presented, b"{}");
        let judged = STAGE.runtime.block_on(STAGE.plane.authorizer.authorize(&asked));
        let problem = judged.expect_err("nobody is let in");
        assert!((400..500).contains(&problem.status), "{problem:?}");
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use proptest::strategy::Strategy;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..200)
    }

    /// Members that may be what they should be, and may be anything.
    const MEMBER: &str = r#"("type":"(publish|subscribe|unsubscribe|connection_init|x)"|"id":("[a-z+]{0,2}"|1|null)|"channel":("/?default/[a*]"|[01])|"events":(\["1","\{\}"\]|\[\]|\[1\]|"1"|\["1","2","3","4","5","6"\])|"authorization":(\{"x-api-key":"\$KEY"\}|\[\]|\{"a":\{\}\})|"[a-z]":[\[\]{}"0,:]{0,4})"#;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_as_a_frame_are_answered_once(bytes in bytes()) {
            frame(&bytes);
        }

        #[test]
        fn anything_like_a_message_is_answered_once(
            messages in proptest::collection::vec(proptest::collection::vec(MEMBER, 0..6), 1..4),
        ) {
            let messages: Vec<_> =
                messages.iter().map(|members| format!("{{{}}}", members.join(","))).collect();
            frame(messages.join("\n").as_bytes());
        }

        #[test]
        fn any_text_is_a_channel_if_it_matches_the_reference(text in any::<String>(), near in "[/]{0,2}([ab9*-]{0,3}/?){0,7}\n?") {
            channel(&text);
            channel(&near);
        }

        #[test]
        fn no_subprotocol_opens_a_connection_by_chance(
            bytes in bytes(), json in r#"\{"(host|x-api-key|Authorization)":["a-z{}\[\]1:,]{0,9}\}"#,
        ) {
            subprotocols(&bytes);
            subprotocols(&[b"header-", &bytes[..]].concat());
            subprotocols(format!("header-{}", URL_SAFE_NO_PAD.encode(json)).as_bytes());
        }

        #[test]
        fn any_request_to_publish_is_answered(
            target in "(/apis/a/event|/event|/|\\*|http://[a-z.]{1,9}/event|[!-~]{1,20})",
            host in "(d.appsync-api.us-east-1.amazonaws.com|a.localhost:1|[ -~]{0,20})", body in bytes(),
        ) {
            publish(&[target.as_bytes(), b"\n", host.as_bytes(), b"\n", &body].concat());
        }

        #[test]
        fn no_credential_is_good_by_chance(
            text in any::<String>(), date in "(2026010[12]T030405Z|[ -~]{0,20})",
            signature in "AWS4-HMAC-SHA256 (Credential=(local|[0-9]{12}|é)/[0-9]{8}/us-east-1/appsync/aws4_request|SignedHeaders=[a-z;]{0,9}|Signature=[0-9a-fé]{0,9}|, ){0,5}",
            token in r#"\{"(alg|kid)":("ES256"|"provision-local"|1)\}"#,
            claims in r#"\{("iss":"https://id.example.com"|"exp":(1e308|-1|[0-9]{1,20}))(,"iat":"?[0-9]"?)?\}"#,
        ) {
            authorization(&format!("authorization: {text}"));
            authorization(&format!("authorization: {signature}\nx-amz-date: {date}\nhost: h"));
            let [token, claims] = [token, claims].map(|it| URL_SAFE_NO_PAD.encode(it));
            authorization(&format!("authorization: Bearer {token}.{claims}.AA"));
        }
    }
}
