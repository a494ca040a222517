//! Answers as AWS writes them in JSON, and the errors of every protocol.
use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

/// An AWS error, independent of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsError {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: String,
    /// Members in addition to the message.
    pub members: Option<Box<Map<String, Value>>>,
}

impl AwsError {
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into(), members: None }
    }
    /// With `members`, an object, in addition to the message.
    pub fn with_members(mut self, members: Value) -> Self {
        if let Value::Object(members) = members {
            self.members = Some(Box::new(members));
        }
        self
    }
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequestException", message)
    }
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFoundException", message)
    }
    /// What AWS has and this service has not.
    pub fn unsupported(what: &str) -> Self {
        Self::new(
            501,
            "NotImplementedException",
            format!("provision's emulator does not support {what}"),
        )
    }
}

/// An answer of a REST-JSON service.
pub fn json_response(result: Result<Value, AwsError>, request_id: &str) -> Response<Body> {
    match result {
        Ok(body) => text_response(200, "application/json", body.to_string(), request_id),
        Err(fault) => {
            let body = json!({ "message": &fault.message });
            json_error_response(body, fault, "application/json", request_id)
        }
    }
}

/// An answer of a service of JSON 1.1, which names its operations in a header.
pub fn json_rpc_response(result: Result<Value, AwsError>, request_id: &str) -> Response<Body> {
    let content_type = "application/x-amz-json-1.1";
    match result {
        Ok(body) => text_response(200, content_type, body.to_string(), request_id),
        Err(fault) => {
            // The model of WAF writes the member one way in this error, and another in all others.
            let small = fault.code == "WAFInvalidParameterException";
            let message = if small { "message" } else { "Message" };
            let body = json!({ "__type": fault.code, message: &fault.message });
            json_error_response(body, fault, content_type, request_id)
        }
    }
}

fn json_error_response(
    mut body: Value,
    fault: AwsError,
    content_type: &'static str,
    request_id: &str,
) -> Response<Body> {
    if let (Some(body), Some(detail)) = (body.as_object_mut(), fault.members) {
        body.extend(*detail);
    }
    let mut answer = text_response(fault.status, content_type, body.to_string(), request_id);
    if let Ok(code) = HeaderValue::from_str(&fault.code) {
        answer.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
    }
    answer
}

/// An answer of that status and type.
pub fn text_response(
    status: u16,
    content_type: &'static str,
    body: String,
    request_id: &str,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
