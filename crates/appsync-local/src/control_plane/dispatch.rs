//! Handles requests to AWS's services: recognizes the operation, runs it, and writes the result in the caller's
//! protocol.
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use serde_json::Value;

use crate::control_plane::service_call::{self, ServiceOutput, ServiceResult};
use crate::control_plane::{iam, sts};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Operation;
use crate::protocol::query::query_response;
use crate::protocol::request::{ApiCall, header_text, read_body, signing_time};
use crate::protocol::response::{AwsError, json_response, json_rpc_response};
use crate::store::Store;

/// More than any request to these services has.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What happens to the connection of a request.
pub enum CallOutcome {
    Response(Response<Body>),
    /// It is closed without a response.
    CloseConnection,
    /// It remains open without a response.
    Hang,
}

/// Handles a request and logs the call.
pub async fn handle(store: Arc<Store>, request: Request) -> CallOutcome {
    let request_id = ids::request_id();
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Some(caller) = Caller::from_request(&parts.headers, &query) else {
        return CallOutcome::Response(unsigned_response(&parts.headers, &request_id));
    };
    let body = match read_body(body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return CallOutcome::Response(json_response(Err(error), &request_id)),
    };
    let call = ApiCall {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        body,
        caller,
        target: header_text(&parts.headers, "x-amz-target"),
        signed_at: signing_time(&parts.headers, &query),
        query,
    };
    let operation = Operation::from_call(&call);
    let execute = async || service_call::execute(&store, &call, &operation).await;
    match service_call::run(&store, &call, &operation, execute).await {
        service_call::CallOutcome::Result(result) => {
            CallOutcome::Response(service_response(&call, &operation, result, &request_id))
        }
        service_call::CallOutcome::CloseConnection => CallOutcome::CloseConnection,
        service_call::CallOutcome::Hang => CallOutcome::Hang,
    }
}

/// The response with `result` in the protocol of the called service.
fn service_response(
    call: &ApiCall,
    operation: &Operation,
    result: ServiceResult,
    request_id: &str,
) -> Response<Body> {
    let action = if result.is_ok() { operation.kind.name() } else { "" };
    match call.caller.service.as_str() {
        "iam" => query_response(action, iam::NAMESPACE, result.map(query_result), request_id),
        "sts" => query_response(action, sts::NAMESPACE, result.map(query_result), request_id),
        "wafv2" => json_rpc_response(result.map(json_body), request_id),
        _ => json_response(result.map(json_body), request_id),
    }
}

fn query_result(output: ServiceOutput) -> Option<String> {
    match output {
        ServiceOutput::Query(result) => result,
        ServiceOutput::Json(_) => None,
    }
}

fn json_body(output: ServiceOutput) -> Value {
    match output {
        ServiceOutput::Json(body) => body,
        ServiceOutput::Query(_) => Value::Null,
    }
}

/// The response to an unsigned request, in the protocol that the request seems to use.
fn unsigned_response(headers: &HeaderMap, request_id: &str) -> Response<Body> {
    let form = headers
        .get("content-type")
        .is_some_and(|content_type| content_type.as_bytes().starts_with(b"application/x-www-form"));
    let message = "Missing Authentication Token";
    if form {
        let error = AwsError::new(403, "MissingAuthenticationToken", message);
        return query_response("", iam::NAMESPACE, Err(error), request_id);
    }
    json_response(
        Err(AwsError::new(403, "MissingAuthenticationTokenException", message)),
        request_id,
    )
}
