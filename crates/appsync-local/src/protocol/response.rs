//! Responses of the JSON protocols, and the errors of AWS's services. Which code and message an error has is decided
//! elsewhere, and `wire_protocol` writes it.
use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

/// The content type of REST-JSON.
pub const REST_JSON: &str = "application/json";

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

/// The response of an operation of a JSON protocol.
pub fn json_response(body: &Value, content_type: &'static str, request_id: &str) -> Response<Body> {
    text_response(200, content_type, body.to_string(), request_id)
}

/// An error of a JSON protocol. REST-JSON has the code only in the header; the other protocols have it in the body,
/// too.
pub fn json_error_response(
    error: AwsError,
    content_type: &'static str,
    request_id: &str,
) -> Response<Body> {
    // WAF's model names the member `Message` in all errors but this one.
    let is_upper_case =
        error.code.starts_with("WAF") && error.code != "WAFInvalidParameterException";
    let message = if is_upper_case { "Message" } else { "message" };
    let mut body = json!({ message: &error.message });
    if content_type != REST_JSON {
        body = json!({ "__type": error.code, message: &error.message });
    }
    if let (Some(body), Some(detail)) = (body.as_object_mut(), error.members) {
        body.extend(*detail);
    }
    let mut response = text_response(error.status, content_type, body.to_string(), request_id);
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
    }
    response
}

/// The output of an operation whose members are headers and a body.
#[derive(Debug)]
pub struct RestOutput {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The response of an operation of S3.
pub fn rest_response(output: RestOutput, request_id: &str) -> Response<Body> {
    let mut response = text_response(output.status, "application/xml", output.body, request_id);
    let id = ("x-amz-request-id".to_owned(), request_id.to_owned());
    for (name, value) in output.headers.into_iter().chain([id]) {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A response of any protocol, with AWS's header for the id of the request.
pub fn text_response(
    status: u16,
    content_type: &'static str,
    body: impl Into<Body>,
    request_id: &str,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
