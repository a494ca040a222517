//! Which part of the emulator a request is for.
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::DATE;
use axum::http::{HeaderValue, Response};
use futures_util::stream;

use crate::control_plane::dispatch::{self, CallOutcome};
use crate::data_plane::{self, DataPlane, Settings};
use crate::protocol::clock;
use crate::protocol::response::{AwsError, json_response};
use crate::server::admin;
use crate::store::Store;
use crate::{console, ids};

/// The emulator as a service that answers requests.
pub fn router(store: Arc<Store>) -> Router {
    router_with_data_plane(DataPlane::new(store, Settings::default()))
}

/// The same, of an AWS whose data plane is set up.
pub fn router_with_data_plane(plane: Arc<DataPlane>) -> Router {
    Router::new().fallback(handle).with_state(plane)
}

/// In a separate task, so a caller that disconnects does not interrupt a change.
pub(crate) async fn handle(
    State(plane): State<Arc<DataPlane>>,
    request: Request,
) -> Response<Body> {
    let store = Arc::clone(&plane.store);
    if console::is_for(&request) {
        return console::answer(&plane, &request);
    }
    if admin::is_for(&request) {
        return admin::handle(&plane, request).await;
    }
    let end = match data_plane::is_for(&request) {
        true => {
            tokio::spawn(async { CallOutcome::Response(data_plane::answer(plane, request).await) })
                .await
        }
        false => tokio::spawn(dispatch::handle(Arc::clone(&store), request)).await,
    };
    let end = end.unwrap_or_else(|_| {
        let message = "provision's emulator failed unexpectedly; please report it";
        let fault = AwsError::new(500, "InternalFailureException", message);
        CallOutcome::Response(json_response(Err(fault), &ids::request_id()))
    });
    match end {
        CallOutcome::Response(mut response) => {
            let date = clock::http_date(store.now_epoch_s());
            if let Ok(date) = HeaderValue::from_str(&date) {
                response.headers_mut().insert(DATE, date);
            }
            response
        }
        CallOutcome::CloseConnection => closing_response(),
        CallOutcome::Hang => {
            store.closed().await;
            closing_response()
        }
    }
}

/// A body that fails before its first byte: the connection closes before the head, not yet sent, is.
fn closing_response() -> Response<Body> {
    let failure = io::Error::other("a fault closes this connection");
    Response::new(Body::from_stream(stream::iter([Err::<Vec<u8>, _>(failure)])))
}
