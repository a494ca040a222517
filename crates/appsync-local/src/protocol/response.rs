//! Responses of the JSON protocols, and the errors of every protocol. Which code and
//! message an error has is decided elsewhere.
use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

/// An error of an AWS service, independent of the protocol that it is sent in.
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
    /// Adds the members of the object `members` to the response.
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
    /// The error for what AWS supports and the emulator does not.
    pub fn unsupported(what: &str) -> Self {
        Self::new(
            501,
            "NotImplementedException",
            format!("provision's emulator does not support {what}"),
        )
    }
}

/// The response of a service with the protocol REST-JSON.
pub fn json_response(result: Result<Value, AwsError>, request_id: &str) -> Response<Body> {
    match result {
        Ok(body) => text_response(200, "application/json", body.to_string(), request_id),
        Err(error) => {
            let body = json!({ "message": &error.message });
            json_error_response(body, error, "application/json", request_id)
        }
    }
}

/// The response of a service with the protocol JSON 1.1, which names its operations in a header.
pub fn json_rpc_response(result: Result<Value, AwsError>, request_id: &str) -> Response<Body> {
    let content_type = "application/x-amz-json-1.1";
    match result {
        Ok(body) => text_response(200, content_type, body.to_string(), request_id),
        Err(error) => {
            // WAF's model names the member `message` in this error only, and `Message` in all others.
            let is_lower_case = error.code == "WAFInvalidParameterException";
            let message = if is_lower_case { "message" } else { "Message" };
            let body = json!({ "__type": error.code, message: &error.message });
            json_error_response(body, error, content_type, request_id)
        }
    }
}

fn json_error_response(
    mut body: Value,
    error: AwsError,
    content_type: &'static str,
    request_id: &str,
) -> Response<Body> {
    if let (Some(body), Some(detail)) = (body.as_object_mut(), error.members) {
        body.extend(*detail);
    }
    let mut response = text_response(error.status, content_type, body.to_string(), request_id);
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
    }
    response
}

/// A response of any protocol, with AWS's header for the id of the request.
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
