//! Handles requests to AWS's services: recognizes the operation, injects faults and passes the call to its
//! service. The services parse the parameters, except for the names of roles: faults need to know when a role
//! changed.
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use serde_json::Value;

use crate::control_plane::{appsync, iam, sts, wafv2};
use crate::faults::{FaultDecision, InjectedFault};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::clock;
use crate::protocol::operation::{Iam, Operation, OperationKind, Service, Sts, WAFV2_TARGET};
use crate::protocol::query::{Form, query_response};
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
    let number = store.call_log.begin(&operation);
    let (outcome, fault) = handle_with_faults(&store, &call, &operation, &request_id).await;
    store.call_log.record_fault(number, fault);
    match &outcome {
        CallOutcome::Hang => {}
        CallOutcome::CloseConnection => store.call_log.end(number, None),
        CallOutcome::Response(response) => {
            store.call_log.end(number, Some(response.status().as_u16()));
        }
    }
    outcome
}

/// Executes a call with the faults that are injected into it. Returns the name of the fault, too.
async fn handle_with_faults(
    store: &Arc<Store>,
    call: &ApiCall,
    operation: &Operation,
    request_id: &str,
) -> (CallOutcome, Option<&'static str>) {
    let reject = |error| CallOutcome::Response(error_response(call, error, request_id));
    if let Some(error) = signature_error(store, call) {
        return (reject(error), Some("check-signature-time"));
    }
    let FaultDecision { delay, fault, has_delay_rule } = store.active_faults.decide(operation);
    let fault_name =
        fault.as_ref().map(InjectedFault::name).or(has_delay_rule.then_some("delay-ms"));
    let fault_outcome = match &fault {
        Some(InjectedFault::Throttle) => Some(reject(throttling_error(operation.kind.service()))),
        Some(InjectedFault::Error(error)) => {
            Some(reject(AwsError::new(error.status, error.code.clone(), &error.message)))
        }
        Some(InjectedFault::FailBefore) => Some(reject(service_error(operation.kind.service()))),
        Some(InjectedFault::DropBefore) => Some(CallOutcome::CloseConnection),
        Some(InjectedFault::Hang) => Some(CallOutcome::Hang),
        _ => None,
    };
    if let Some(outcome) = fault_outcome {
        wait(store, delay).await;
        return (outcome, fault_name);
    }
    // The guard is held until all delays are over, so that concurrent calls conflict with this one.
    let change = store.active_faults.begin_change(operation);
    wait(store, delay).await;
    let change = match change {
        Ok(change) => change,
        Err(error) => return (reject(error), Some("overlap")),
    };
    let response = execute(store, call, operation, request_id).await;
    if change.is_some() {
        wait(store, store.active_faults.overlap_duration()).await;
    }
    drop(change);
    match fault {
        Some(InjectedFault::FailAfter) => {
            (reject(service_error(operation.kind.service())), fault_name)
        }
        Some(InjectedFault::DropAfter) => (CallOutcome::CloseConnection, fault_name),
        _ => (CallOutcome::Response(response), fault_name),
    }
}

/// Waits for `delay`, or until the service stops.
async fn wait(store: &Store, delay: Duration) {
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = store.closed() => {}
        }
    }
}

async fn execute(
    store: &Arc<Store>,
    call: &ApiCall,
    operation: &Operation,
    request_id: &str,
) -> Response<Body> {
    let stale = stale_view(store, operation, call);
    let visible_store = stale.as_ref().unwrap_or(store);
    match operation.kind {
        OperationKind::Appsync(kind) => {
            let labels = &operation.labels;
            let mut result = appsync::handle(visible_store, call, kind, labels).await;
            // A stale state may not have the parent of the list yet: then the list is empty.
            if stale.is_some() && result.as_ref().is_err_and(|error| error.status == 404) {
                result = appsync::handle(store, call, kind, labels).await.map(without_items);
            }
            json_response(result, request_id)
        }
        OperationKind::Iam(kind) => {
            let result = iam::handle(visible_store, call, kind).await;
            if result.is_ok() {
                record_role_change(store, call, kind);
            }
            query_response(operation.kind.name(), iam::NAMESPACE, result, request_id)
        }
        OperationKind::Sts(Sts::GetCallerIdentity) => {
            let result = Ok(Some(sts::caller_identity(&call.caller)));
            query_response(operation.kind.name(), sts::NAMESPACE, result, request_id)
        }
        OperationKind::Wafv2(kind) => {
            json_rpc_response(wafv2::handle(visible_store, call, kind).await, request_id)
        }
        OperationKind::Unknown(service) => {
            error_response(call, unknown_operation(service, call), request_id)
        }
    }
}

/// A store with the older state that faults show to `call`, if they make its list or read stale.
fn stale_view(store: &Store, operation: &Operation, call: &ApiCall) -> Option<Arc<Store>> {
    let (listing, now) = (operation.listing(call), store.now_epoch_s());
    let (faults, caller) = (&store.active_faults, &call.caller);
    let state =
        store.read(|state| faults.stale_state(operation, caller, listing.as_ref(), state, now))?;
    Some(store.with_state(state))
}

/// The error for a request that is for none of the implemented operations.
fn unknown_operation(service: Option<Service>, call: &ApiCall) -> AwsError {
    let action = || Form::parse(call).get("Action").unwrap_or_default().to_owned();
    match service {
        Some(Service::Appsync) => appsync::unsupported_operation(call),
        Some(Service::Iam) => AwsError::unsupported(&format!("iam:{}", action())),
        Some(Service::Sts) => AwsError::unsupported(&format!("sts:{}", action())),
        Some(Service::Wafv2) => {
            let name = call.target.strip_prefix(WAFV2_TARGET).unwrap_or(&call.target);
            AwsError::unsupported(&format!("wafv2:{name}"))
        }
        None => AwsError::unsupported(&format!("the service {}", call.caller.service)),
    }
}

/// A list's response without items and without a further page.
fn without_items(mut list: Value) -> Value {
    for member in list.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        match member {
            Value::Array(items) => items.clear(),
            Value::Object(items) => items.clear(),
            other => *other = Value::Null,
        }
    }
    list
}

/// Records when a role changed, which determines when AppSync can assume it.
fn record_role_change(store: &Store, call: &ApiCall, kind: Iam) {
    let form = Form::parse(call);
    let (account, name) = (&call.caller.account, form.get("RoleName").unwrap_or_default());
    let now = store.now_epoch_s();
    match kind {
        Iam::CreateRole => store.active_faults.record_role_change(account, name, true, now),
        Iam::UpdateAssumeRolePolicy => {
            store.active_faults.record_role_change(account, name, false, now);
        }
        Iam::DeleteRole => store.active_faults.record_role_deletion(account, name),
        _ => {}
    }
}

fn signature_error(store: &Store, call: &ApiCall) -> Option<AwsError> {
    if !store.active_faults.checks_signature_time() {
        return None;
    }
    let message = clock::signing_time_error(&call.signed_at, store.now_epoch_s())?;
    let code = match call.caller.service.as_str() {
        "iam" | "sts" => "SignatureDoesNotMatch",
        _ => "InvalidSignatureException",
    };
    Some(AwsError::new(403, code, message))
}

/// The service's error for too many calls.
fn throttling_error(service: Option<Service>) -> AwsError {
    let (status, code) = match service {
        Some(Service::Iam | Service::Sts) => (400, "Throttling"),
        Some(Service::Wafv2) => (400, "ThrottlingException"),
        _ => (429, "LimitExceededException"),
    };
    AwsError::new(status, code, "Rate exceeded")
}

/// The service's error for its own failure.
fn service_error(service: Option<Service>) -> AwsError {
    let code = match service {
        Some(Service::Iam) => "ServiceFailure",
        Some(Service::Sts) => "InternalFailure",
        Some(Service::Wafv2) => "WAFInternalErrorException",
        _ => "InternalFailureException",
    };
    AwsError::new(500, code, "An internal failure occurred.")
}

/// The response for `error` in the protocol of the called service.
fn error_response(call: &ApiCall, error: AwsError, request_id: &str) -> Response<Body> {
    match call.caller.service.as_str() {
        "iam" => query_response("", iam::NAMESPACE, Err(error), request_id),
        "sts" => query_response("", sts::NAMESPACE, Err(error), request_id),
        "wafv2" => json_rpc_response(Err(error), request_id),
        _ => json_response(Err(error), request_id),
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
