//! Routing: each request is for the console, the admin interface, the data plane or the control plane. The
//! control plane handles every request that no other part recognizes.
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
use crate::protocol::response::AwsError;
use crate::protocol::wire_protocol::WireProtocol;
use crate::server::admin;
use crate::store::Store;
use crate::{console, ids};

/// The emulator as a service that handles requests.
pub fn router(store: Arc<Store>) -> Router {
    router_with_data_plane(DataPlane::new(store, Settings::default()))
}

/// The emulator as a service, with a data plane that has its own settings.
pub fn router_with_data_plane(data_plane: Arc<DataPlane>) -> Router {
    Router::new().fallback(handle).with_state(data_plane)
}

/// Handles a request of AWS in a separate task, so that a client that disconnects does not interrupt a change.
pub(crate) async fn handle(
    State(data_plane): State<Arc<DataPlane>>,
    request: Request,
) -> Response<Body> {
    let store = Arc::clone(&data_plane.store);
    if console::is_for(&request) {
        return console::answer(&data_plane, &request);
    }
    if admin::is_for(&request) {
        return admin::handle(&data_plane, request).await;
    }
    let protocol = WireProtocol::from_head(request.headers(), request.uri());
    let outcome = match data_plane::is_for(&request) && !dispatch::is_for(&request) {
        true => {
            tokio::spawn(async {
                CallOutcome::Response(data_plane::answer(data_plane, request).await)
            })
            .await
        }
        false => tokio::spawn(dispatch::handle(Arc::clone(&store), request)).await,
    };
    let outcome = outcome.unwrap_or_else(|_| {
        let message = "provision's emulator failed unexpectedly; please report it";
        let error = AwsError::new(500, "InternalFailureException", message);
        CallOutcome::Response(protocol.error_response(error, &ids::request_id()))
    });
    match outcome {
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

/// A response whose body fails at its first byte, so that the connection closes before its head is sent.
fn closing_response() -> Response<Body> {
    let failure = io::Error::other("an injected fault closes this connection");
    Response::new(Body::from_stream(stream::iter([Err::<Vec<u8>, _>(failure)])))
}
