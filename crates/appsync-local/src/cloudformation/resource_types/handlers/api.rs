//! `AWS::AppSync::Api`: an Event API. Its physical id is its ARN.
use axum::http::Method;
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::member_names;
use crate::cloudformation::resource_types::handlers::tag_calls::update_tags;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::cloudformation::resource_types::tags;
use crate::control_plane::appsync::api;
use crate::ids;

pub struct ApiHandler;

const INPUT: &[&str] = &["Name", "OwnerContact", "EventConfig"];

impl Handler for ApiHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        api::arn(&ids::random_id(), context.caller)
    }

    async fn create(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let mut input = member_names::input(context, INPUT);
        input.insert("tags".to_owned(), json!(context.tags()));
        let call = ServiceCall::appsync(context, Method::POST, &["v2", "apis"])
            .with_body(&input.into())
            .with_id(api_id(arn));
        let response = call.send().await.map_err(HandlerError::of_unique_creation)?;
        Ok(model(context, &response["api"]))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let arn = existing.physical_id;
        let call = ServiceCall::appsync(context, Method::POST, &["v2", "apis", api_id(arn)])
            .with_body(&member_names::input(context, INPUT).into());
        let api = &call.send().await?["api"];
        update_tags(context, existing, arn, api).await?;
        Ok(model(context, api))
    }

    async fn delete(&self, context: &Context<'_>, arn: &str) -> Result<(), HandlerError> {
        let labels = ["v2", "apis", api_id(arn)];
        ServiceCall::appsync(context, Method::DELETE, &labels).send().await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let labels = ["v2", "apis", api_id(arn)];
        let response = ServiceCall::appsync(context, Method::GET, &labels).send().await?;
        Ok(model(context, &response["api"]))
    }
}

/// The id of the API in an ARN.
fn api_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn model(context: &Context<'_>, api: &Value) -> Model {
    let mut model = member_names::model(context, api);
    model.insert("Tags".to_owned(), context.schema.tag_value(&tags::from_map(api.get("tags"))));
    model
}
