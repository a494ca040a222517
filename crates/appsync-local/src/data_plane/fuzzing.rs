//! Properties that hold for any bytes that clients send to the data plane, for `fuzz/` and for the tests below.
//! A function panics if its property does not hold.
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

use crate::auth_mode::AuthMode;
use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::{ClientOperation, CredentialFields};
use crate::data_plane::channel::Channel;
use crate::data_plane::message::{ClientMessage, EVENTS_PER_PUBLISH_MAX, EventsMember};
use crate::data_plane::request_context::{RequestContext, Transport};
use crate::data_plane::state::DataPlane;
use crate::data_plane::state::Settings;
use crate::data_plane::websocket::handshake::{Handshake, SUBPROTOCOL};
use crate::data_plane::websocket::outbox::Frame;
use crate::data_plane::websocket::session::Session;
use crate::server::router;
use crate::store::Store;

/// A key that random input does not contain.
const KEY: &str = "da2-9e107d9d372bb6826bd81d3542a419d6";
const ISSUER: &str = "https://id.example.com";
/// The channels of docs/reference/data-plane.md#channels, without and with a wildcard.
const PUBLISH: &str = r"^/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,4}/?$";
const WILD: &str = r"^/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,3}/\*/?$";
/// Messages of one input. More messages find nothing new.
const MESSAGES_MAX: usize = 16;

static STAGE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

/// A data plane with one API and no outbound connections.
struct Fixture {
    runtime: Runtime,
    data_plane: Arc<DataPlane>,
    patterns: [Regex; 2],
}

impl Fixture {
    fn new() -> Self {
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        let store = Store::in_memory(SharedTimeSource::new(SystemTimeSource::new()));
        let api = serde_json::from_value(api()).expect("the JSON is an API");
        let add = store.change(|state| {
            let regions = &mut state.accounts.or_default("1").regions;
            regions.or_default("us-east-1").apis.insert("a", api);
            Ok(())
        });
        runtime.block_on(add).expect("the API is added");
        // Not a URL, so every outbound call fails at once.
        let issuers = [(ISSUER.to_owned(), "nowhere".to_owned())].into();
        let data_plane = DataPlane::new(store, Settings { issuers, ..Settings::default() });
        let patterns = [PUBLISH, WILD].map(|text| Regex::new(text).expect("the pattern is valid"));
        Self { runtime, data_plane, patterns }
    }

    fn context(transport: Transport, headers: BTreeMap<String, Vec<String>>) -> RequestContext {
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
            transport,
        }
    }
}

fn api() -> Value {
    let modes = [AuthMode::ApiKey, AuthMode::AwsIam, AuthMode::OpenIdConnect, AuthMode::AwsLambda];
    let modes = modes.map(|mode| json!({ "authType": mode.name() }));
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

/// Messages of a WebSocket, one per line: each is answered once, and takes no more memory than it has bytes.
/// `$KEY` is replaced by a valid key.
pub fn frame(bytes: &[u8]) {
    let fixture = &*STAGE;
    let context = Fixture::context(Transport::WebSocket, BTreeMap::new());
    let credentials =
        CredentialFields { fields: [("x-api-key".to_owned(), KEY.to_owned())].into() };
    let opening = Session::open(Arc::clone(&fixture.data_plane), context, Some(credentials));
    let mut session = fixture.runtime.block_on(opening).expect("the key is valid");
    let outbox = session.outbox();
    for message in bytes.split(|byte| *byte == b'\n').take(MESSAGES_MAX) {
        check_message(message);
        let message = String::from_utf8_lossy(message).replace("$KEY", KEY);
        fixture.runtime.block_on(session.handle_message(message.as_bytes()));
        let mut frames = Vec::new();
        while outbox.take_now(&mut frames) {}
        let (responses, data): (Vec<_>, Vec<_>) =
            frames.into_iter().partition(|frame| matches!(frame, Frame::Text(_)));
        assert_eq!(responses.len(), 1, "{message:?} is answered {responses:?}");
        for text in responses.into_iter().chain(data).map(Frame::text) {
            let frame_json: Value = serde_json::from_str(&text).expect("a frame is JSON");
            assert!(frame_json["type"].is_string(), "{text}");
        }
    }
}

fn check_message(bytes: &[u8]) {
    let Some(message) = ClientMessage::parse(bytes) else { return };
    assert!(serde_json::from_slice::<IgnoredAny>(bytes).is_ok(), "{bytes:?} is not JSON");
    let mut size: usize =
        message.authorization.fields.iter().map(|(name, text)| name.len() + text.len()).sum();
    if let EventsMember::List { first, count } = &message.events {
        assert!(first.len() <= EVENTS_PER_PUBLISH_MAX && first.len() <= *count);
        size += first.iter().filter_map(|member| member.text()).map(str::len).sum::<usize>();
    }
    for member in [&message.kind, &message.id, &message.channel] {
        size += member.text().map_or(0, str::len);
    }
    assert!(size <= bytes.len(), "{size} bytes are kept of {}", bytes.len());
}

/// Any text is a channel if it matches the pattern of docs/reference/data-plane.md#channels.
pub fn channel(text: &str) {
    let [publish, wild] = STAGE.patterns.each_ref().map(|regex| regex.is_match(text));
    assert_eq!(Channel::parse_for_publish(text).is_ok(), publish, "{text:?}");
    assert_eq!(Channel::parse_for_subscribe(text).is_ok(), publish || wild, "{text:?}");
    for channel in
        [Channel::parse_for_publish(text), Channel::parse_for_subscribe(text)].into_iter().flatten()
    {
        let reparsed = Channel::parse_for_subscribe(&channel.path).map(|channel| channel.path).ok();
        assert_eq!(reparsed.as_deref(), Some(channel.path.as_str()));
        assert!(channel.ancestors().count() < channel.segments().count());
        assert!(!channel.namespace().is_empty());
    }
}

/// Any subprotocols: they are parsed, and open no connection without a valid key.
pub fn subprotocols(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = HeaderMap::new();
    headers.append("sec-websocket-protocol", value);
    headers.append("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
    let handshake = Handshake::from_headers(&headers, &BTreeMap::new());
    let names = handshake.credentials.iter().flat_map(|credential| credential.fields.keys());
    assert!(names.into_iter().all(|name| name.to_ascii_lowercase() == **name));
    let context = Fixture::context(Transport::WebSocket, BTreeMap::new());
    let opening = Session::open(Arc::clone(&STAGE.data_plane), context, handshake.credentials);
    assert!(STAGE.runtime.block_on(opening).is_err(), "{bytes:?} opens a connection");
}

/// An HTTP request to publish: target, host and body, each on a line. The response is JSON or XML, and not an
/// internal error.
pub fn publish(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (target, host, body) = (next(), next(), next());
    let Ok(host) = HeaderValue::from_bytes(host) else { return };
    let request = Request::builder().method("POST").uri(target).header("host", host);
    let Ok(request) = request.header("x-api-key", KEY).body(Body::from(body.to_vec())) else {
        return;
    };
    let response = async {
        let response = router::handle(State(Arc::clone(&STAGE.data_plane)), request).await;
        let status = response.status().as_u16();
        (status, to_bytes(response.into_body(), usize::MAX).await.expect("the body is complete"))
    };
    let (status, response) = STAGE.runtime.block_on(response);
    // A signed call of the control plane may be for an operation that is not emulated.
    assert!(status < 500 || status == 501, "{status}");
    let text = String::from_utf8_lossy(&response);
    assert!(!text.contains(KEY) && (text.starts_with('{') || text.starts_with('<')), "{text}");
}

/// Credentials, one field per line: none is authorized.
pub fn authorization(text: &str) {
    let fields = text.lines().filter_map(|text| text.split_once(": "));
    let fields = fields.map(|(name, field)| (name.to_ascii_lowercase(), field.to_owned()));
    let credentials = CredentialFields { fields: fields.collect() };
    let headers =
        credentials.fields.iter().map(|(name, field)| (name.clone(), vec![field.clone()]));
    let context = Fixture::context(Transport::Http, headers.collect());
    let api = context.api(&STAGE.data_plane.apis).expect("the API exists");
    let channel = Channel::parse_for_publish("/default/a").ok();
    for operation in [ClientOperation::Connect, ClientOperation::Publish] {
        let channel = channel.as_ref().filter(|_| operation == ClientOperation::Publish);
        let auth_request = context.auth_request(&api, operation, channel, &credentials, b"{}");
        let result = STAGE.runtime.block_on(STAGE.data_plane.authorizer.authorize(&auth_request));
        let error = result.expect_err("no client is authorized");
        assert!((400..500).contains(&error.status), "{error:?}");
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

    /// Members of a message, valid and not.
    const MEMBER: &str = r#"("type":"(publish|subscribe|unsubscribe|connection_init|x)"|"id":("[a-z+]{0,2}"|1|null)|"channel":("/?default/[a*]"|[01])|"events":(\["1","\{\}"\]|\[\]|\[1\]|"1"|\["1","2","3","4","5","6"\])|"authorization":(\{"x-api-key":"\$KEY"\}|\[\]|\{"a":\{\}\})|"[a-z]":[\[\]{}"0,:]{0,4})"#;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_as_a_frame_are_answered_once(bytes in bytes()) {
            frame(&bytes);
        }

        #[test]
        fn any_message_is_answered_once(
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
        fn random_subprotocols_open_no_connection(
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
        fn random_credentials_are_never_authorized(
            text in any::<String>(), date in "(2026010[12]T030405Z|[ -~]{0,20})",
            signature in "AWS4-HMAC-SHA256 (Credential=(local|[0-9]{12}|é)/[0-9]{8}/us-east-1/appsync/aws4_request|SignedHeaders=[a-z;]{0,9}|Signature=[0-9a-fé]{0,9}|, ){0,5}",
            token in r#"\{"(alg|kid)":("ES256"|"provision-local"|1)\}"#,
            claims in r#"\{("iss":"https://id.example.com"|"exp":(1e308|-1|[0-9]{1,20}))(,"iat":"?[0-9]"?)?\}"#,
        ) {
            authorization(&format!("authorization: {text}"));
            authorization(&format!("authorization: {signature}\nx-amz-date: {date}\nhost: h"));
            let [token, claims] = [token, claims].map(|text| URL_SAFE_NO_PAD.encode(text));
            authorization(&format!("authorization: Bearer {token}.{claims}.AA"));
        }
    }
}
