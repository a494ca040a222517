//! Handles requests to AWS's services: recognizes the protocol and the operation, runs the operation, and writes its
//! result in the caller's protocol.
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, Response};

use crate::cloudformation;
use crate::control_plane::s3;
use crate::control_plane::service_call::{self, ServiceOutput, ServiceResult};
use crate::data_plane::host::request_host;
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::operation::{Operation, OperationKind};
use crate::protocol::query::query_response;
use crate::protocol::request::{
    ApiCall, StackOptions, header_text, read_body, signing_time, too_large,
};
use crate::protocol::response::{REST_JSON, json_response, rest_response};
use crate::protocol::s3_route;
use crate::protocol::wire_protocol::WireProtocol;
use crate::store::Store;

/// More than any request to these services has, except for the objects of S3.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What happens to the connection of a request.
pub enum CallOutcome {
    Response(Response<Body>),
    /// It is closed without a response.
    CloseConnection,
    /// It remains open without a response.
    Hang,
}

/// Whether a request is certainly for the control plane, whatever its host and path: S3's buckets may be named like
/// the paths of the data plane.
pub fn is_for(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    Caller::from_request(request.headers(), query).is_some_and(|caller| caller.service == "s3")
}

/// Handles a request and logs the call.
pub async fn handle(store: Arc<Store>, request: Request) -> CallOutcome {
    let (request_id, host) = (ids::request_id(), request_host(&request));
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let caller = Caller::from_request(&parts.headers, &query);
    let protocol = WireProtocol::from_head(&parts.headers, &parts.uri);
    let reject = |error| CallOutcome::Response(protocol.error_response(error, &request_id));
    let Some(caller) = caller else { return reject(protocol.unsigned_error()) };
    let body_max = if caller.service == "s3" { s3::BODY_BYTES_MAX } else { BODY_BYTES_MAX };
    let body = match is_refused_unread(&parts, body_max) {
        true => Err(too_large()),
        false => read_body(body, body_max).await,
    };
    let body = match body {
        Ok(body) => body,
        Err(error) if error == too_large() && caller.service == "s3" => {
            return reject(s3::too_large());
        }
        Err(error) => return reject(error),
    };
    let path = match caller.service.as_str() {
        "s3" => s3_route::in_path_style(&host, parts.uri.path()),
        _ => parts.uri.path().to_owned(),
    };
    let call = ApiCall {
        method: parts.method,
        path,
        body,
        caller,
        target: header_text(&parts.headers, "x-amz-target"),
        signed_at: signing_time(&parts.headers, &query),
        headers: parts.headers,
        query,
        stack: StackOptions::default(),
    };
    let operation = Operation::from_call(&call);
    let execute = async || match operation.kind {
        OperationKind::Cloudformation(kind) => cloudformation::handle(&store, &call, kind).await,
        _ => service_call::execute(&store, &call, &operation).await,
    };
    match service_call::run(&store, &call, &operation, execute).await {
        service_call::CallOutcome::Result(result) => {
            CallOutcome::Response(response(&call, protocol, &operation, result, &request_id))
        }
        service_call::CallOutcome::CloseConnection => CallOutcome::CloseConnection,
        service_call::CallOutcome::Hang => CallOutcome::Hang,
    }
}

/// Whether a body is too large, and its client waits for permission to send it.
fn is_refused_unread(parts: &Parts, max: usize) -> bool {
    let length = header_text(&parts.headers, "content-length").parse::<usize>();
    parts.headers.contains_key("expect") && length.is_ok_and(|length| length > max)
}

/// The response with `result` in the caller's protocol.
fn response(
    call: &ApiCall,
    protocol: WireProtocol,
    operation: &Operation,
    result: ServiceResult,
    request_id: &str,
) -> Response<Body> {
    let mut response = match (result, protocol) {
        (Ok(ServiceOutput::Json(body)), WireProtocol::Json { content_type }) => {
            json_response(&body, content_type, request_id)
        }
        (Ok(ServiceOutput::Json(body)), _) => json_response(&body, REST_JSON, request_id),
        (Ok(ServiceOutput::Query(result)), WireProtocol::Query { namespace }) => {
            query_response(operation.kind.name(), namespace, result, request_id)
        }
        (Ok(ServiceOutput::Query(result)), _) => {
            query_response(operation.kind.name(), "", result, request_id)
        }
        (Ok(ServiceOutput::Rest(output)), _) => rest_response(output, request_id),
        (Err(error), protocol) => protocol.error_response(error, request_id),
    };
    if call.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}
