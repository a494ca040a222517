//! Answers as AWS writes them in JSON, and the errors of every protocol.
use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

/// An AWS error, independent of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: String,
    /// Members in addition to the message.
    pub detail: Option<Box<Map<String, Value>>>,
}

impl Fault {
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into(), detail: None }
    }
    /// With `members`, an object, in addition to the message.
    pub fn with(mut self, members: Value) -> Self {
        if let Value::Object(members) = members {
            self.detail = Some(Box::new(members));
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
    pub fn not_imitated(what: &str) -> Self {
        Self::new(
            501,
            "NotImplementedException",
            format!("provision's emulator does not support {what}"),
        )
    }
}

/// An answer of a REST-JSON service.
pub fn json_answer(result: Result<Value, Fault>, request_id: &str) -> Response<Body> {
    match result {
        Ok(body) => answer(200, "application/json", body.to_string(), request_id),
        Err(fault) => {
            let body = json!({ "message": &fault.message });
            json_error(body, fault, "application/json", request_id)
        }
    }
}

/// An answer of a service of JSON 1.1, which names its operations in a header.
pub fn json_rpc_answer(result: Result<Value, Fault>, request_id: &str) -> Response<Body> {
    let content_type = "application/x-amz-json-1.1";
    match result {
        Ok(body) => answer(200, content_type, body.to_string(), request_id),
        Err(fault) => {
            // The model of WAF writes the member one way in this error, and another in all others.
            let small = fault.code == "WAFInvalidParameterException";
            let message = if small { "message" } else { "Message" };
            let body = json!({ "__type": fault.code, message: &fault.message });
            json_error(body, fault, content_type, request_id)
        }
    }
}

fn json_error(
    mut body: Value,
    fault: Fault,
    content_type: &'static str,
    request_id: &str,
) -> Response<Body> {
    if let (Some(body), Some(detail)) = (body.as_object_mut(), fault.detail) {
        body.extend(*detail);
    }
    let mut answer = answer(fault.status, content_type, body.to_string(), request_id);
    if let Ok(code) = HeaderValue::from_str(&fault.code) {
        answer.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
    }
    answer
}

/// An answer of that status and type.
pub fn answer(
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
