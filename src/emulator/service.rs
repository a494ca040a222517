//! HTTP in, HTTP out: which service a request is for, and its answer.
use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response};
use tokio::net::TcpListener;

use crate::emulator::answer::{Fault, json_answer, query_answer};
use crate::emulator::caller::Caller;
use crate::emulator::store::Store;
use crate::emulator::{appsync, iam, ids, sts};

/// More than any request of these services holds.
const BODY_MAX: usize = 2 * 1024 * 1024;

/// The local AWS as something that answers requests.
pub fn router(store: Arc<Store>) -> Router {
    Router::new().fallback(answer).with_state(store)
}

/// Serves `store` until `shutdown`; answers that are under way are finished.
pub async fn serve(
    listener: TcpListener,
    store: Arc<Store>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(store)).with_graceful_shutdown(shutdown).await
}

/// A request, read.
pub struct Call {
    pub method: Method,
    /// As it came, percent-encoded.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub caller: Caller,
}

/// In a task of its own: a caller who goes away does not stop a change half-way.
async fn answer(State(store): State<Arc<Store>>, request: Request) -> Response<Body> {
    let answered = tokio::spawn(answer_to(store, request)).await;
    answered.unwrap_or_else(|_| {
        let message = "provision's local AWS broke down; please report it";
        let fault = Fault::new(500, "InternalFailureException", message);
        json_answer(Err(fault), &ids::request())
    })
}

async fn answer_to(store: Arc<Store>, request: Request) -> Response<Body> {
    let request_id = ids::request();
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Some(caller) = Caller::of(&parts.headers, &query) else {
        return unsigned(&parts.headers, &request_id);
    };
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        let fault = Fault::new(413, "RequestEntityTooLargeException", "the request is too large");
        return json_answer(Err(fault), &request_id);
    };
    let path = parts.uri.path().to_owned();
    let call = Call { method: parts.method, path, query, body: body.to_vec(), caller };
    match call.caller.service.as_str() {
        "appsync" => json_answer(appsync::answer(&store, &call).await, &request_id),
        "iam" => {
            let (action, result) = iam::answer(&store, &call).await;
            query_answer(&action, iam::NAMESPACE, result, &request_id)
        }
        "sts" => {
            let (action, result) = sts::answer(&call);
            query_answer(&action, sts::NAMESPACE, result, &request_id)
        }
        other => {
            json_answer(Err(Fault::not_imitated(&format!("the service {other}"))), &request_id)
        }
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
