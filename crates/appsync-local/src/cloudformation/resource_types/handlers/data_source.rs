//! `AWS::AppSync::DataSource`. Its physical id is its ARN.
use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::cloudformation::resource_types::calls::ServiceCall;
use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::handlers::member_names;
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::control_plane::appsync::api;

pub struct DataSourceHandler;

const INPUT: &[&str] = &[
    "Description",
    "DynamoDBConfig",
    "ElasticsearchConfig",
    "EventBridgeConfig",
    "HttpConfig",
    "LambdaConfig",
    "MetricsConfig",
    "OpenSearchServiceConfig",
    "RelationalDatabaseConfig",
    "ServiceRoleArn",
    "Type",
];

/// Durations that are texts in templates and numbers in AppSync's operations.
const DURATIONS: &[&str] = &["baseTableTTL", "deltaSyncTableTTL"];

impl Handler for DataSourceHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        let api = api::arn(context.required_text("ApiId"), context.caller);
        format!("{api}/datasources/{}", context.required_text("Name"))
    }

    async fn create(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let mut input = input(context);
        input.insert("name".to_owned(), json!(context.text("Name")));
        let labels = ["v1", "apis", context.required_text("ApiId"), "datasources"];
        let call = ServiceCall::appsync(context, Method::POST, &labels).with_body(&input.into());
        Ok(model(context, arn, call.send().await?))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        existing: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        let arn = existing.physical_id;
        let call = ServiceCall::appsync(context, Method::POST, &labels(arn));
        Ok(model(context, arn, call.with_body(&input(context).into()).send().await?))
    }

    async fn delete(&self, context: &Context<'_>, arn: &str) -> Result<(), HandlerError> {
        ServiceCall::appsync(context, Method::DELETE, &labels(arn)).send().await.map(drop)
    }

    async fn read(&self, context: &Context<'_>, arn: &str) -> Result<Model, HandlerError> {
        let response = ServiceCall::appsync(context, Method::GET, &labels(arn)).send().await?;
        Ok(model(context, arn, response))
    }
}

/// The path of the data source with the ARN `…:apis/<api id>/datasources/<name>`.
fn labels(arn: &str) -> [&str; 5] {
    let mut labels = arn.rsplit('/');
    let name = labels.next().unwrap_or_default();
    ["v1", "apis", labels.nth(1).unwrap_or_default(), "datasources", name]
}

fn input(context: &Context<'_>) -> Map<String, Value> {
    let mut input = member_names::input(context, INPUT);
    convert_durations(&mut input, |value| {
        value.as_str().and_then(|text| text.parse::<i64>().ok()).map(Value::from)
    });
    input
}

fn model(context: &Context<'_>, arn: &str, mut response: Value) -> Model {
    if let Some(data_source) = response["dataSource"].as_object_mut() {
        convert_durations(data_source, |value| Some(value.to_string().into()));
    }
    let mut model = member_names::model(context, &response["dataSource"]);
    model.insert("ApiId".to_owned(), json!(labels(arn)[2]));
    model
}

fn convert_durations(
    data_source: &mut Map<String, Value>,
    convert: impl Fn(&Value) -> Option<Value>,
) {
    let config = data_source.get_mut("dynamodbConfig");
    let Some(config) = config.and_then(|config| config.get_mut("deltaSyncConfig")) else { return };
    for name in DURATIONS {
        if let Some(value) = config.get_mut(*name) {
            *value = convert(value).unwrap_or_else(|| value.clone());
        }
    }
}
