//! HTTP in, HTTP out: which service a request is for, what goes wrong on the way, and its answer.
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::DATE;
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::time::timeout;

use crate::control_plane::iam::Form;
use crate::control_plane::{appsync, iam, sts, wafv2};
use crate::data_plane::{self, Plane, Settings};
use crate::faults::{Effect, Verdict};
use crate::protocol::caller::Caller;
use crate::protocol::clock;
use crate::protocol::operation::{Operation, Service};
use crate::protocol::response::{Fault, json_answer, json_rpc_answer, query_answer};
use crate::server::admin;
use crate::store::Store;
use crate::{console, ids};

/// More than any request of these services holds.
const BODY_MAX: usize = 2 * 1024 * 1024;
/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The local AWS as something that answers requests.
pub fn router(store: Arc<Store>) -> Router {
    router_of(Plane::new(store, Settings::default()))
}

/// The same, of an AWS whose data plane is set up.
pub fn router_of(plane: Arc<Plane>) -> Router {
    Router::new().fallback(answer).with_state(plane)
}

/// A request, read.
pub struct Call {
    pub method: Method,
    /// As it came, percent-encoded.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub caller: Caller,
    /// `X-Amz-Target`, by which some protocols name an operation; empty without.
    pub target: String,
    /// `X-Amz-Date`, when it was signed; empty without.
    pub signed: String,
}

/// How a request ends.
enum End {
    Answer(Response<Body>),
    /// The connection closes.
    Drop,
    /// The connection stays open, and nothing comes.
    Hang,
}

/// In a task of its own: a caller who goes away does not stop a change half-way.
pub(crate) async fn answer(State(plane): State<Arc<Plane>>, request: Request) -> Response<Body> {
    let store = Arc::clone(&plane.store);
    if console::is_for(&request) {
        return console::answer(&plane, &request);
    }
    if admin::is_for(&request) {
        return admin::answer(&plane, request).await;
    }
    let end = match data_plane::is_for(&request) {
        true => tokio::spawn(async { End::Answer(data_plane::answer(plane, request).await) }).await,
        false => tokio::spawn(answer_to(Arc::clone(&store), request)).await,
    };
    let end = end.unwrap_or_else(|_| {
        let message = "provision's local AWS broke down; please report it";
        let fault = Fault::new(500, "InternalFailureException", message);
        End::Answer(json_answer(Err(fault), &ids::request()))
    });
    match end {
        End::Answer(mut response) => {
            let date = clock::http_date(store.now_epoch_s());
            if let Ok(date) = HeaderValue::from_str(&date) {
                response.headers_mut().insert(DATE, date);
            }
            response
        }
        End::Drop => dropped(),
        End::Hang => {
            store.closed().await;
            dropped()
        }
    }
}

/// A body that fails before its first byte: the connection closes before the head, not yet sent, is.
fn dropped() -> Response<Body> {
    let failure = io::Error::other("a fault closes this connection");
    Response::new(Body::from_stream(stream::iter([Err::<Vec<u8>, _>(failure)])))
}

async fn answer_to(store: Arc<Store>, request: Request) -> End {
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

/// A body, if it is not too large and comes in time.
pub(crate) async fn read(body: Body, max: usize) -> Result<Vec<u8>, Fault> {
    match timeout(BODY_TIME, to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => {
            Err(Fault::new(413, "RequestEntityTooLargeException", "the request is too large"))
        }
        Err(_) => Err(Fault::new(408, "RequestTimeoutException", "the request took too long")),
    }
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
        Some(Effect::Throttle) => Some(refuse(throttled(operation.service))),
        Some(Effect::Error(told)) => {
            Some(refuse(Fault::new(told.status, told.code.clone(), &told.message)))
        }
        Some(Effect::FailBefore) => Some(refuse(failed(operation.service))),
        Some(Effect::DropBefore) => Some(End::Drop),
        Some(Effect::Hang) => Some(End::Hang),
        _ => None,
    };
    if let Some(end) = before {
        wait(store, delay).await;
        return (end, name);
    }
    // A change lasts for as long as it is under way.
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
        Some(Effect::FailAfter) => (refuse(failed(operation.service)), name),
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
    let stale = store.stale(operation, call);
    let shown = stale.as_ref().unwrap_or(store);
    match operation.service {
        Some(Service::Appsync) => {
            let mut result = appsync::answer(shown, call).await;
            // What a stale list hangs on may be newer than what it shows.
            if stale.is_some() && result.as_ref().is_err_and(|it| it.status == 404) {
                result = appsync::answer(store, call).await.map(emptied);
            }
            json_answer(result, request_id)
        }
        Some(Service::Iam) => {
            let (action, result) = iam::answer(shown, call).await;
            if result.is_ok() {
                note_role(store, call, operation);
            }
            query_answer(&action, iam::NAMESPACE, result, request_id)
        }
        Some(Service::Sts) => {
            let (action, result) = sts::answer(call);
            query_answer(&action, sts::NAMESPACE, result, request_id)
        }
        Some(Service::Wafv2) => json_rpc_answer(wafv2::answer(shown, call).await, request_id),
        _ => {
            let service = &call.caller.service;
            json_answer(Err(Fault::not_imitated(&format!("the service {service}"))), request_id)
        }
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
fn note_role(store: &Store, call: &Call, operation: &Operation) {
    let form = Form::read(call);
    let (account, name) = (&call.caller.account, form.get("RoleName").unwrap_or_default());
    let now = store.now_epoch_s();
    match operation.name {
        "CreateRole" => store.running.role_changed(account, name, true, now),
        "UpdateAssumeRolePolicy" => store.running.role_changed(account, name, false, now),
        "DeleteRole" => store.running.role_deleted(account, name),
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

/// Who does not sign gets no further, told in the protocol that the request looks like.
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

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
}

/// When a request was signed: a header's, or a presigned address's.
fn signed(headers: &HeaderMap, query: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let presigned = pairs.find(|(name, _)| name == "X-Amz-Date").map(|(_, it)| it.into_owned());
    presigned.unwrap_or_else(|| header(headers, "x-amz-date"))
}
