//! Data sources: what a handler's request asks of others, and what they answer
//! (docs/reference/data-sources.md#requests-and-results).
mod aws;
mod bedrock;
mod dynamodb;
mod dynamodb_values;
mod event_bridge;
mod http;
mod lambda;
mod open_search;
mod rds;

use serde_json::Value;

use crate::data_plane::handlers::Call;
use crate::data_plane::handlers::handle::Answer;
use crate::data_plane::plane::Plane;

pub use lambda::function;

/// What is known of a data source that is asked.
pub struct Source<'a> {
    plane: &'a Plane,
    /// All but its name, as AppSync writes it.
    members: &'a Value,
    /// The region of its API, for sources that say none.
    region: &'a str,
}

/// Why a data source has no answer: the type and the message of `ctx.error`.
type Failed = (String, String);

/// Asks the data source `name` of an API.
pub async fn ask(plane: &Plane, call: &Call<'_>, name: &str, request: &Value) -> Answer {
    let Some(found) = call.api.data_sources.get(name) else {
        return Answer::error("BadRequestException", format!("No data source found named {name}"));
    };
    let source = Source { plane, members: &found.members, region: &call.place.region };
    let answer = match found.members["type"].as_str().unwrap_or_default() {
        "AWS_LAMBDA" => lambda::ask(&source, request).await,
        "HTTP" => http::ask(&source, request).await,
        "AMAZON_DYNAMODB" => dynamodb::ask(&source, request).await,
        "AMAZON_EVENTBRIDGE" => event_bridge::ask(&source, request).await,
        "AMAZON_OPENSEARCH_SERVICE" => open_search::ask(&source, request).await,
        "RELATIONAL_DATABASE" => rds::ask(&source, request).await,
        "AMAZON_BEDROCK_RUNTIME" => bedrock::ask(&source, request).await,
        "NONE" => Ok(request["payload"].clone()),
        other => Err(("NotImplementedException".to_owned(), {
            format!("provision's local AWS does not imitate data sources of the type {other}")
        })),
    };
    match answer {
        Ok(result) => Answer::Result(result),
        Err((error_type, message)) => Answer::Error { error_type, message },
    }
}

/// A request that its data source can't do anything with.
fn malformed(message: impl Into<String>) -> Failed {
    ("MappingTemplate".to_owned(), message.into())
}

/// Members that are there, as an object.
fn object(members: Value) -> Value {
    match members {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, it)| !it.is_null()).collect())
        }
        other => other,
    }
}
