//! Answers of the data plane over HTTP, for browsers too.
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::data_plane::problem::Problem;
use crate::ids;

/// For how long a browser need not ask again.
const PREFLIGHT_MAX_AGE_S: &str = "172800";

/// An answer with a JSON text.
pub fn answer(status: u16, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    put(headers, "content-type", "application/json; charset=utf-8");
    put(headers, "x-amzn-requestid", &ids::request());
    put(headers, "x-amzn-appsync-tokensconsumed", "1");
    put(headers, "access-control-allow-origin", "*");
    put(headers, "access-control-expose-headers", "x-amzn-RequestId,x-amzn-ErrorType");
    response
}

pub fn refused(problem: &Problem) -> Response<Body> {
    let mut response = answer(problem.status, json!({ "errors": [problem] }).to_string());
    put(response.headers_mut(), "x-amzn-errortype", &problem.error_type);
    response
}

/// What a browser asks before it asks.
pub fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = answer(204, String::new());
    let headers = response.headers_mut();
    headers.remove("content-type");
    put(headers, "access-control-allow-methods", "POST, GET, OPTIONS");
    let wanted = asked.get("access-control-request-headers").cloned();
    let wanted = wanted.unwrap_or(HeaderValue::from_static("*"));
    headers.insert(HeaderName::from_static("access-control-allow-headers"), wanted);
    put(headers, "access-control-max-age", PREFLIGHT_MAX_AGE_S);
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
