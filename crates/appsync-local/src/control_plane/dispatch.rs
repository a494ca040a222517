//! A request to a service of AWS, answered: what goes wrong on the way, and which service carries it out.
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use serde_json::Value;

use crate::control_plane::stale;
use crate::control_plane::{appsync, iam, sts, wafv2};
use crate::faults::{Effect, Verdict};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::clock;
use crate::protocol::operation::{Iam, Kind, Operation, Service, Sts, WAFV2_TARGET};
use crate::protocol::query::{Form, query_answer};
use crate::protocol::request::{Call, header, read, signed};
use crate::protocol::response::{Fault, json_answer, json_rpc_answer};
use crate::store::Store;

/// More than any request of these services holds.
const BODY_MAX: usize = 2 * 1024 * 1024;

/// How a request ends.
pub enum End {
    Answer(Response<Body>),
    /// The connection closes.
    Drop,
    /// The connection stays open without a response.
    Hang,
}

/// Answers a request, or says how its connection ends.
pub async fn answer(store: Arc<Store>, request: Request) -> End {
    let request_id = ids::request();
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Some(caller) = Caller::of(&parts.headers, &query) else {
        return End::Answer(unsigned(&parts.headers, &request_id));
    };
    let body = match read(body, BODY_MAX).await {
        Ok(body) => body,
        Err(fault) => return End::Answer(json_answer(Err(fault), &request_id)),
    };
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        body,
        caller,
        target: header(&parts.headers, "x-amz-target"),
        signed: signed(&parts.headers, &query),
        query,
    };
    let operation = Operation::of(&call);
    let number = store.calls.begin(&operation);
    let (end, fault) = meet(&store, &call, &operation, &request_id).await;
    store.calls.met(number, fault);
    match &end {
        End::Hang => {}
        End::Drop => store.calls.end(number, None),
        End::Answer(answer) => store.calls.end(number, Some(answer.status().as_u16())),
    }
    end
}

/// Carries out a call, with all that goes wrong on the way; and the name of what did.
async fn meet(
    store: &Arc<Store>,
    call: &Call,
    operation: &Operation,
    request_id: &str,
) -> (End, Option<&'static str>) {
    let refuse = |fault| End::Answer(refused(call, fault, request_id));
    if let Some(fault) = refuse_signature(store, call) {
        return (refuse(fault), Some("check-signature-time"));
    }
    let Verdict { delay, effect, delayed } = store.running.judge(operation);
    let name = effect.as_ref().map(Effect::name).or(delayed.then_some("delay-ms"));
    let before = match &effect {
        Some(Effect::Throttle) => Some(refuse(throttled(operation.kind.service()))),
        Some(Effect::Error(told)) => {
            Some(refuse(Fault::new(told.status, told.code.clone(), &told.message)))
        }
        Some(Effect::FailBefore) => Some(refuse(failed(operation.kind.service()))),
        Some(Effect::DropBefore) => Some(End::Drop),
        Some(Effect::Hang) => Some(End::Hang),
        _ => None,
    };
    if let Some(end) = before {
        wait(store, delay).await;
        return (end, name);
    }
    // A change lasts as long as it is in progress.
    let held = store.running.hold(operation);
    wait(store, delay).await;
    let held = match held {
        Ok(held) => held,
        Err(fault) => return (refuse(fault), Some("overlap")),
    };
    let answer = carry_out(store, call, operation, request_id).await;
    if held.is_some() {
        wait(store, store.running.overlap_lasts()).await;
    }
    drop(held);
    match effect {
        Some(Effect::FailAfter) => (refuse(failed(operation.kind.service())), name),
        Some(Effect::DropAfter) => (End::Drop, name),
        _ => (End::Answer(answer), name),
    }
}

/// Waits, but not for a service that ends.
async fn wait(store: &Store, delay: Duration) {
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = store.closed() => {}
        }
    }
}

async fn carry_out(
    store: &Arc<Store>,
    call: &Call,
    operation: &Operation,
    request_id: &str,
) -> Response<Body> {
    let stale = stale::view(store, operation, call);
    let shown = stale.as_ref().unwrap_or(store);
    match operation.kind {
        Kind::Appsync(kind) => {
            let labels = &operation.labels;
            let mut result = appsync::answer(shown, call, kind, labels).await;
            // The parent of a stale list may be newer than the list.
            if stale.is_some() && result.as_ref().is_err_and(|it| it.status == 404) {
                result = appsync::answer(store, call, kind, labels).await.map(emptied);
            }
            json_answer(result, request_id)
        }
        Kind::Iam(kind) => {
            let result = iam::answer(shown, call, kind).await;
            if result.is_ok() {
                note_role(store, call, kind);
            }
            query_answer(operation.kind.name(), iam::NAMESPACE, result, request_id)
        }
        Kind::Sts(Sts::GetCallerIdentity) => {
            let result = Ok(Some(sts::caller_identity(&call.caller)));
            query_answer(operation.kind.name(), sts::NAMESPACE, result, request_id)
        }
        Kind::Wafv2(kind) => json_rpc_answer(wafv2::answer(shown, call, kind).await, request_id),
        Kind::Unknown(service) => refused(call, unknown(service, call), request_id),
    }
}

/// The error for a request that is for none of the implemented operations.
fn unknown(service: Option<Service>, call: &Call) -> Fault {
    let action = || Form::read(call).get("Action").unwrap_or_default().to_owned();
    match service {
        Some(Service::Appsync) => appsync::unknown(call),
        Some(Service::Iam) => Fault::not_imitated(&format!("iam:{}", action())),
        Some(Service::Sts) => Fault::not_imitated(&format!("sts:{}", action())),
        Some(Service::Wafv2) => {
            let name = call.target.strip_prefix(WAFV2_TARGET).unwrap_or(&call.target);
            Fault::not_imitated(&format!("wafv2:{name}"))
        }
        None => Fault::not_imitated(&format!("the service {}", call.caller.service)),
    }
}

/// A list, without what is in it.
fn emptied(mut list: Value) -> Value {
    for member in list.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        match member {
            Value::Array(items) => items.clear(),
            Value::Object(items) => items.clear(),
            // No next page.
            other => *other = Value::Null,
        }
    }
    list
}

/// Remembers what decides when a role can be assumed.
fn note_role(store: &Store, call: &Call, kind: Iam) {
    let form = Form::read(call);
    let (account, name) = (&call.caller.account, form.get("RoleName").unwrap_or_default());
    let now = store.now_epoch_s();
    match kind {
        Iam::CreateRole => store.running.role_changed(account, name, true, now),
        Iam::UpdateAssumeRolePolicy => store.running.role_changed(account, name, false, now),
        Iam::DeleteRole => store.running.role_deleted(account, name),
        _ => {}
    }
}

fn refuse_signature(store: &Store, call: &Call) -> Option<Fault> {
    if !store.running.checks_signature_time() {
        return None;
    }
    let message = clock::refuse(&call.signed, store.now_epoch_s())?;
    let code = match call.caller.service.as_str() {
        "iam" | "sts" => "SignatureDoesNotMatch",
        _ => "InvalidSignatureException",
    };
    Some(Fault::new(403, code, message))
}

/// What each service says to too many calls.
fn throttled(service: Option<Service>) -> Fault {
    let (status, code) = match service {
        Some(Service::Iam | Service::Sts) => (400, "Throttling"),
        Some(Service::Wafv2) => (400, "ThrottlingException"),
        _ => (429, "LimitExceededException"),
    };
    Fault::new(status, code, "Rate exceeded")
}

/// What each service says when it fails.
fn failed(service: Option<Service>) -> Fault {
    let code = match service {
        Some(Service::Iam) => "ServiceFailure",
        Some(Service::Sts) => "InternalFailure",
        Some(Service::Wafv2) => "WAFInternalErrorException",
        _ => "InternalFailureException",
    };
    Fault::new(500, code, "An internal failure occurred.")
}

/// An error in the protocol of the service that was asked.
fn refused(call: &Call, fault: Fault, request_id: &str) -> Response<Body> {
    match call.caller.service.as_str() {
        "iam" => query_answer("", iam::NAMESPACE, Err(fault), request_id),
        "sts" => query_answer("", sts::NAMESPACE, Err(fault), request_id),
        "wafv2" => json_rpc_answer(Err(fault), request_id),
        _ => json_answer(Err(fault), request_id),
    }
}

/// Rejects unsigned requests, in the protocol that the request seems to use.
fn unsigned(headers: &HeaderMap, request_id: &str) -> Response<Body> {
    let form = headers
        .get("content-type")
        .is_some_and(|it| it.as_bytes().starts_with(b"application/x-www-form"));
    let message = "Missing Authentication Token";
    if form {
        let fault = Fault::new(403, "MissingAuthenticationToken", message);
        return query_answer("", iam::NAMESPACE, Err(fault), request_id);
    }
    json_answer(Err(Fault::new(403, "MissingAuthenticationTokenException", message)), request_id)
}
