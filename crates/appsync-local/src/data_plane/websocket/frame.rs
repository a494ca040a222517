//! The frames that the emulator sends (docs/reference/data-plane.md#messages), with their members in
//! AppSync's order.
use serde::Serialize;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::publication::PublishResponse;

/// How long a client waits for a frame before it closes the connection.
const CONNECTION_TIMEOUT_MS: u32 = 300_000;

/// The members of all frames except `data`.
#[derive(Serialize)]
struct FrameBody<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "connectionTimeoutMs")]
    connection_timeout_ms: Option<u32>,
    #[serde(flatten)]
    receipt: Option<&'a PublishResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[&'a DataPlaneError; 1]>,
}

const EMPTY: FrameBody<'static> =
    FrameBody { r#type: "", id: None, connection_timeout_ms: None, receipt: None, errors: None };

pub fn ack() -> String {
    let connection_timeout_ms = Some(CONNECTION_TIMEOUT_MS);
    to_json(&FrameBody { r#type: "connection_ack", connection_timeout_ms, ..EMPTY })
}

pub fn keep_alive() -> String {
    to_json(&FrameBody { r#type: "ka", ..EMPTY })
}

/// `subscribe_success`, `unsubscribe_success`.
pub fn success(kind: &str, id: &str) -> String {
    to_json(&FrameBody { r#type: kind, id: Some(id), ..EMPTY })
}

pub fn publish_success(id: &str, receipt: &PublishResponse) -> String {
    to_json(&FrameBody { r#type: "publish_success", id: Some(id), receipt: Some(receipt), ..EMPTY })
}

/// `connection_error`, `subscribe_error`, …, `error`.
pub fn error(kind: &str, id: Option<&str>, denial: &DataPlaneError) -> String {
    to_json(&FrameBody { r#type: kind, id, errors: Some([denial]), ..EMPTY })
}

/// GraphQL's errors for subprotocols, without the wrapper that Events does not have
/// (docs/reference/data-plane.md#missing-subprotocol).
pub fn protocol_error(message: &str) -> String {
    format!(
        "{{\"type\":\"connection_error\",\"errors\":[{{\"message\":\"{message}\",\"errorCode\":400}}]}}"
    )
}

fn to_json(shape: &FrameBody<'_>) -> String {
    serde_json::to_string(shape).expect("texts and numbers can be written as JSON")
}

#[cfg(test)]
mod tests {
    use crate::data_plane::publication::{FailedEvent, SuccessfulEvent};

    use super::*;

    #[test]
    fn frames_are_written_as_appsync_writes_them() {
        assert_eq!(ack(), r#"{"type":"connection_ack","connectionTimeoutMs":300000}"#);
        assert_eq!(keep_alive(), r#"{"type":"ka"}"#);
        assert_eq!(success("subscribe_success", "a"), r#"{"type":"subscribe_success","id":"a"}"#);
        let denial = DataPlaneError::new(401, "UnauthorizedException").with_reason("a reason");
        assert_eq!(
            error("connection_error", None, &denial),
            r#"{"type":"connection_error","errors":[{"errorType":"UnauthorizedException"}]}"#
        );
        assert_eq!(
            error("publish_error", Some("p"), &denial.with_message("no")),
            r#"{"type":"publish_error","id":"p","errors":[{"errorType":"UnauthorizedException","message":"no"}]}"#
        );
        let receipt = PublishResponse {
            successful: vec![SuccessfulEvent { identifier: "u".into(), index: 0 }],
            failed: vec![FailedEvent {
                identifier: "v".into(),
                index: 1,
                code: 400,
                message: "m".into(),
            }],
        };
        assert_eq!(
            publish_success("p", &receipt),
            r#"{"type":"publish_success","id":"p","successful":[{"identifier":"u","index":0}],"failed":[{"identifier":"v","index":1,"code":400,"message":"m"}]}"#
        );
        assert_eq!(
            protocol_error("NoProtocolError"),
            r#"{"type":"connection_error","errors":[{"message":"NoProtocolError","errorCode":400}]}"#
        );
    }
}
