//! Data sources: what a handler's request asks of others, and what they answer
//! (docs/reference/data-sources.md#requests-and-results).
pub mod aws;
mod dynamodb;
mod http;
mod source;

use serde_json::Value;

use crate::data_plane::handlers::call::Call;
use crate::data_plane::handlers::handle::Answer;
use crate::data_plane::handlers::sources::source::Source;

pub use source::Services;

/// Asks the data source `name` of an API.
pub async fn ask(services: &Services, call: &Call<'_>, name: &str, request: &Value) -> Answer {
    let Some(found) = call.api.data_sources.get(name) else {
        return Answer::error("BadRequestException", format!("No data source found named {name}"));
    };
    let source = Source { services, members: &found.members, region: &call.place.region };
    let answer = match found.members["type"].as_str().unwrap_or_default() {
        "AWS_LAMBDA" => aws::ask_lambda(&source, request).await,
        "HTTP" => http::ask(&source, request).await,
        "AMAZON_DYNAMODB" => dynamodb::ask(&source, request).await,
        "AMAZON_EVENTBRIDGE" => aws::ask_event_bridge(&source, request).await,
        "AMAZON_OPENSEARCH_SERVICE" => http::ask_open_search(&source, request).await,
        "RELATIONAL_DATABASE" => aws::ask_rds(&source, request).await,
        "AMAZON_BEDROCK_RUNTIME" => aws::ask_bedrock(&source, request).await,
        "NONE" => Ok(request["payload"].clone()),
        other => Err(("NotImplementedException".to_owned(), {
            format!("provision's emulator does not support data sources of the type {other}")
        })),
    };
    match answer {
        Ok(result) => Answer::Result(result),
        Err((error_type, message)) => Answer::Error { error_type, message },
    }
}
