//! Admin publish: publishing without credentials, for the owner of the machine. The console uses it.
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde::Deserialize;

use crate::data_plane::apis::Place;
use crate::data_plane::auth::request::{Identity, iam_context};
use crate::data_plane::plane::DataPlane;
use crate::data_plane::problem::Problem;
use crate::data_plane::source::{Over, Source};
use crate::data_plane::{http, publication};
use crate::protocol::caller::partition;

/// Not an AppSync mode: no credentials were required.
const OWNER: &str = "OWNER";

/// The member that selects the API; the rest is the body of `POST /event`.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "apiId")]
    api_id: String,
}

/// Publishes `{apiId, channel, events}` as `POST /event` would for a client that may, and answers so.
pub async fn publish_as_owner(plane: &DataPlane, request: Request) -> Response<Body> {
    match attempt(plane, request).await {
        Ok(text) => http::answer(200, text),
        Err(problem) => http::refused(&problem),
    }
}

async fn attempt(plane: &DataPlane, request: Request) -> Result<String, Problem> {
    let (parts, body) = request.into_parts();
    let (body, message) = http::message(body).await?;
    let Asked { api_id } = serde_json::from_slice(&body)
        .map_err(|_| Problem::bad_request("The request does not say which API: apiId"))?;
    let place = plane.apis.place(&api_id).ok_or_else(|| {
        Problem::new(404, "NotFoundException").saying(format!("API {api_id} does not exist here."))
    })?;
    let identity = identity(&place);
    let source = Source::of(&parts, place, Over::Console);
    let (channel, events) = (&message.channel, message.events);
    let receipt = publication::publish_as(plane, &source, channel, events, &identity).await?;
    Ok(http::text(&receipt))
}

/// What handlers see: the root user of the API's account.
fn identity(place: &Place) -> Identity {
    let (partition, account) = (partition(&place.region), &place.account);
    let arn = format!("arn:{partition}:iam::{account}:root");
    let context = iam_context(account, account, &arn, &["127.0.0.1".to_owned()]);
    Identity { mode: OWNER, context, until_epoch_s: None }
}
