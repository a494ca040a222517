//! Sends a handler's request to the implementation of its type of data source. A type that is not supported is an
//! error, never a success.
use serde_json::Value;

use crate::data_plane::handlers::call::HandlerCall;
use crate::data_plane::handlers::data_sources::client::{
    DataSourceClient, DataSourceConfig, DataSourceError,
};
use crate::data_plane::handlers::data_sources::{aws, dynamodb, http};
use crate::data_plane::handlers::handler::DataSourceResponse;

/// Sends a handler's request to the data source `name` of an API.
pub async fn query(
    services: &DataSourceClient,
    call: &HandlerCall<'_>,
    name: &str,
    request: &Value,
) -> DataSourceResponse {
    let Some(data_source) = call.api.data_sources.get(name) else {
        return DataSourceResponse::error(
            "BadRequestException",
            format!("No data source found named {name}"),
        );
    };
    let source = DataSourceConfig {
        client: services,
        members: &data_source.members,
        region: &call.target.region,
    };
    let result = match data_source.members["type"].as_str().unwrap_or_default() {
        "AWS_LAMBDA" => aws::call_lambda(&source, request).await,
        "HTTP" => http::call_http(&source, request).await,
        "AMAZON_DYNAMODB" => dynamodb::call_dynamodb(&source, request).await,
        "AMAZON_EVENTBRIDGE" => aws::call_event_bridge(&source, request).await,
        "AMAZON_OPENSEARCH_SERVICE" => http::call_open_search(&source, request).await,
        "RELATIONAL_DATABASE" => aws::call_rds(&source, request).await,
        "AMAZON_BEDROCK_RUNTIME" => aws::call_bedrock(&source, request).await,
        "NONE" => Ok(request["payload"].clone()),
        other => Err(DataSourceError::new(
            "NotImplementedException",
            format!("provision's emulator does not support data sources of the type {other}"),
        )),
    };
    match result {
        Ok(result) => DataSourceResponse::Result(result),
        Err(DataSourceError { error_type, message }) => {
            DataSourceResponse::Error { error_type, message }
        }
    }
}
