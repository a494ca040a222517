//! Admin publish: publishing without credentials, from this machine. The console uses it. It skips
//! authorization and nothing else: handlers run, and limits apply.
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde::Deserialize;

use crate::data_plane::apis::TargetApi;
use crate::data_plane::auth::request::{Identity, iam_identity_context};
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::request_context::{RequestContext, Transport};
use crate::data_plane::state::DataPlane;
use crate::data_plane::{http_publish, publication};
use crate::protocol::caller::partition;

/// The member that selects the API. The other members are the body of `POST /event`.
#[derive(Deserialize)]
struct ApiSelection {
    #[serde(rename = "apiId")]
    api_id: String,
}

/// Publishes `{apiId, channel, events}`, and responds as `POST /event` does to an authorized client.
pub async fn publish_as_admin(data_plane: &DataPlane, request: Request) -> Response<Body> {
    match try_publish(data_plane, request).await {
        Ok(text) => http_publish::json_response(200, text),
        Err(error) => http_publish::error_response(&error),
    }
}

async fn try_publish(data_plane: &DataPlane, request: Request) -> Result<String, DataPlaneError> {
    let (parts, body) = request.into_parts();
    let (body, message) = http_publish::read_message(body).await?;
    let ApiSelection { api_id } = serde_json::from_slice(&body)
        .map_err(|_| DataPlaneError::bad_request("The request has no apiId"))?;
    let target = data_plane.apis.find(&api_id).ok_or_else(|| {
        DataPlaneError::new(404, "NotFoundException")
            .with_message(format!("API {api_id} does not exist here."))
    })?;
    let identity = root_identity(&target);
    let context = RequestContext::from_parts(&parts, target, Transport::Console);
    let (channel, events) = (&message.channel, message.events);
    let response =
        publication::publish_with_identity(data_plane, &context, channel, events, &identity)
            .await?;
    Ok(http_publish::response_json(&response))
}

/// Returns the identity that handlers see: the root user of the API's account.
fn root_identity(target: &TargetApi) -> Identity {
    let (partition, account) = (partition(&target.region), &target.account);
    let arn = format!("arn:{partition}:iam::{account}:root");
    let context = iam_identity_context(account, account, &arn, &["127.0.0.1".to_owned()]);
    Identity { mode: None, context, expires_epoch_s: None }
}
