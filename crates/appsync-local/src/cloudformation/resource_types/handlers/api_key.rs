//! `AWS::AppSync::ApiKey`. Its physical id is its ARN, which ends in the key itself: it is never part of a message.
use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::member_names;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError, NOT_FOUND};
use crate::control_plane::appsync::api;
use crate::ids;

pub struct ApiKeyHandler;

const INPUT: &[&str] = &["Description", "Expires"];

impl Handler for ApiKeyHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        arn(context, context.required_text("ApiId"), &ids::api_key_id())
    }

    async fn create(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        // Not from the identity: an ARN as `ApiId` is a mistake that AppSync rejects.
        let api_id = context.required_text("ApiId");
        let (_, key_id) = parse_arn(arn);
        let call = ServiceCall::appsync(context, Method::POST, &["v1", "apis", api_id, "apikeys"])
            .with_body(&member_names::input(context, INPUT).into())
            .with_id(key_id);
        let response = call.send().await.map_err(HandlerError::of_unique_creation)?;
        Ok(model(context, api_id, &response["apiKey"]))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let (api_id, key_id) = parse_arn(existing.physical_id);
        let labels = ["v1", "apis", api_id, "apikeys", key_id];
        let call = ServiceCall::appsync(context, Method::POST, &labels)
            .with_body(&member_names::input(context, INPUT).into());
        Ok(model(context, api_id, &call.send().await?["apiKey"]))
    }

    async fn delete(&self, context: &Context<'_>, arn: &str) -> Result<(), HandlerError> {
        let (api_id, key_id) = parse_arn(arn);
        let labels = ["v1", "apis", api_id, "apikeys", key_id];
        ServiceCall::appsync(context, Method::DELETE, &labels).send().await.map(drop)
    }

    /// AppSync has no operation that returns one key.
    async fn read(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let (api_id, key_id) = parse_arn(arn);
        let mut token = String::new();
        loop {
            let pages = [("maxResults", "25"), ("nextToken", token.as_str())];
            let pages = if token.is_empty() { &pages[..1] } else { &pages };
            let labels = ["v1", "apis", api_id, "apikeys"];
            let call = ServiceCall::appsync(context, Method::GET, &labels).with_query(pages);
            let page = call.send().await?;
            let mut keys = page["apiKeys"].as_array().into_iter().flatten();
            if let Some(key) = keys.find(|key| key["id"] == key_id) {
                return Ok(model(context, api_id, key));
            }
            match page["nextToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return Err(HandlerError::new(NOT_FOUND, "API key not found.")),
            }
        }
    }

    fn physical_id(&self, context: &Context<'_>, identifier: &BTreeMap<String, String>) -> String {
        arn(context, &identifier["ApiId"], &identifier["ApiKeyId"])
    }
}

fn arn(context: &Context<'_>, api_id: &str, key_id: &str) -> String {
    format!("{}/apikey/{key_id}", api::arn(api_id, context.caller))
}

/// The ids of the API and the key.
fn parse_arn(arn: &str) -> (&str, &str) {
    let mut labels = arn.rsplit('/');
    let key_id = labels.next().unwrap_or_default();
    (labels.nth(1).unwrap_or_default(), key_id)
}

fn model(context: &Context<'_>, api_id: &str, key: &Value) -> Model {
    let mut model = member_names::model(context, key);
    let key_id = key["id"].as_str().unwrap_or_default();
    for (name, value) in [
        ("ApiId", api_id),
        ("ApiKey", key_id),
        ("ApiKeyId", key_id),
        ("Arn", &arn(context, api_id, key_id)),
    ] {
        model.insert(name.to_owned(), json!(value));
    }
    model
}
