//! `AWS::AppSync::ChannelNamespace`. Its physical id is its ARN.
use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::code_location::read_code;
use crate::cloudformation::resource_types::handlers::member_names;
use crate::cloudformation::resource_types::handlers::tag_calls::update_tags;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::cloudformation::resource_types::tags;
use crate::control_plane::appsync::api;

pub struct ChannelNamespaceHandler;

const INPUT: &[&str] =
    &["CodeHandlers", "HandlerConfigs", "PublishAuthModes", "SubscribeAuthModes"];

impl Handler for ChannelNamespaceHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        let api = api::arn(context.required_text("ApiId"), context.caller);
        format!("{api}/channelNamespace/{}", context.required_text("Name"))
    }

    async fn create(&self, context: &Context<'_>, _: &str) -> Result<Model, HandlerError> {
        let mut input = input(context).await?;
        input.insert("name".to_owned(), json!(context.text("Name")));
        input.insert("tags".to_owned(), json!(context.tags()));
        let labels = ["v2", "apis", context.required_text("ApiId"), "channelNamespaces"];
        let call = ServiceCall::appsync(context, Method::POST, &labels).with_body(&input.into());
        Ok(model(context, &call.send().await?["channelNamespace"]))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let input = input(context).await?;
        let arn = existing.physical_id;
        let call = ServiceCall::appsync(context, Method::POST, &labels(arn));
        let namespace = &call.with_body(&input.into()).send().await?["channelNamespace"];
        update_tags(context, existing, arn, namespace).await?;
        Ok(model(context, namespace))
    }

    async fn delete(&self, context: &Context<'_>, arn: &str) -> Result<(), HandlerError> {
        ServiceCall::appsync(context, Method::DELETE, &labels(arn)).send().await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let response = ServiceCall::appsync(context, Method::GET, &labels(arn)).send().await?;
        Ok(model(context, &response["channelNamespace"]))
    }
}

/// The path of the namespace with the ARN `…:apis/<api id>/channelNamespace/<name>`.
fn labels(arn: &str) -> [&str; 5] {
    let mut labels = arn.rsplit('/');
    let name = labels.next().unwrap_or_default();
    let api_id = labels.nth(1).unwrap_or_default();
    ["v2", "apis", api_id, "channelNamespaces", name]
}

async fn input(context: &Context<'_>) -> Result<Map<String, Value>, HandlerError> {
    let mut input = member_names::input(context, INPUT);
    if let Some(location) = context.text("CodeS3Location") {
        input.insert("codeHandlers".to_owned(), json!(read_code(context, location)?));
    }
    Ok(input)
}

fn model(context: &Context<'_>, namespace: &Value) -> Model {
    let mut model = member_names::model(context, namespace);
    let tags = tags::from_map(namespace.get("tags"));
    model.insert("Tags".to_owned(), context.schema.tag_value(&tags));
    // The template has the location instead of the code.
    if context.properties.contains_key("CodeS3Location") {
        model.remove("CodeHandlers");
    }
    model
}
