//! Data sources of AWS: Lambda functions, EventBridge buses, Bedrock models and Aurora clusters.
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::data_plane::handlers::data_sources::client::{
    AwsService, DataSourceConfig, DataSourceError, malformed,
};
use crate::data_plane::outbound::{OutboundRequest, RESPONSE_MAX};
use crate::json::without_nulls;

const EVENT_BRIDGE: AwsService =
    AwsService { name: "events", signing_name: "events", error_prefix: "EventBridge" };
/// EventBridge's limit.
const EVENTS_MAX: usize = 10;
const BEDROCK: AwsService =
    AwsService { name: "bedrock-runtime", signing_name: "bedrock", error_prefix: "Bedrock" };
/// The time limit of a call (docs/reference/data-sources.md#bedrock).
const BEDROCK_TIMEOUT: Duration = Duration::from_secs(10);
const RDS_DATA: AwsService =
    AwsService { name: "rds-data", signing_name: "rds-data", error_prefix: "RDSHttp" };

/// Returns the ARN of the function, if the data source is one.
pub fn function_arn(members: &Value) -> Option<&str> {
    members["lambdaConfig"]["lambdaFunctionArn"].as_str()
}

pub async fn call_lambda(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    if request["operation"] != "Invoke" {
        return Err(malformed("a request to a Lambda function must have the operation 'Invoke'"));
    }
    let waits = match request["invocationType"].as_str() {
        None | Some("RequestResponse") => true,
        Some("Event") => false,
        Some(other) => {
            let message =
                format!("the invocation type `{other}` is neither RequestResponse nor Event");
            return Err(malformed(message));
        }
    };
    let function =
        function_arn(source.members).ok_or_else(|| malformed("the data source has no function"))?;
    let result = source.client.outbound.invoke(function, waits, &request["payload"]).await;
    let result = result.map_err(|message| DataSourceError::new("LambdaException", message))?;
    match result.error() {
        Some(message) => Err(DataSourceError::new("Lambda:Unhandled", message)),
        None => Ok(result.payload),
    }
}

pub async fn call_event_bridge(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let events = request["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    if request["operation"] != "PutEvents" || !(1..=EVENTS_MAX).contains(&events.len()) {
        let message =
            "a request to EventBridge must have the operation 'PutEvents' and 1 to 10 `events`";
        return Err(malformed(message));
    }
    let bus = &source.members["eventBridgeConfig"]["eventBusArn"];
    let entries: Vec<Value> = events
        .iter()
        .map(|event| {
            without_nulls(json!({
                "EventBusName": bus,
                "Source": event["source"],
                "DetailType": event["detailType"],
                "Detail": event["detail"].to_string(),
                "Resources": event["resources"],
                "Time": event["time"],
            }))
        })
        .collect();
    // arn:aws:events:REGION:…
    let region =
        bus.as_str().and_then(|text| text.split(':').nth(3)).filter(|text| !text.is_empty());
    let region = region.unwrap_or(source.region);
    let body = json!({ "Entries": entries });
    source.call(&EVENT_BRIDGE, region, "1.1", "AWSEvents.PutEvents", &body).await
}

pub async fn call_bedrock(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let Some(model) = request["modelId"].as_str() else {
        return Err(malformed("a request to Bedrock must have a `modelId`"));
    };
    let (operation, body) = match request["operation"].as_str() {
        Some("InvokeModel") => {
            let body = &request["body"];
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            ("invoke", text)
        }
        Some("Converse") => {
            let members = request.as_object().cloned().unwrap_or_default().into_iter();
            let members = members.filter(|(name, _)| name != "operation" && name != "modelId");
            ("converse", Value::Object(members.collect::<Map<_, _>>()).to_string())
        }
        _ => {
            let message =
                "a request to Bedrock must have the operation 'InvokeModel' or 'Converse'";
            return Err(malformed(message));
        }
    };
    let endpoint = source.endpoint(&BEDROCK)?.trim_end_matches('/');
    let model = utf8_percent_encode(model, NON_ALPHANUMERIC);
    let mut outbound =
        OutboundRequest::post(format!("{endpoint}/model/{model}/{operation}"), body.into_bytes())
            .with_header("content-type", "application/json")
            .with_limits(BEDROCK_TIMEOUT, RESPONSE_MAX);
    if operation == "invoke" {
        for (member, header) in [
            ("guardrailIdentifier", "x-amzn-bedrock-guardrailidentifier"),
            ("guardrailVersion", "x-amzn-bedrock-guardrailversion"),
            ("guardrailTrace", "x-amzn-bedrock-trace"),
        ] {
            if let Some(value) = request[member].as_str() {
                outbound = outbound.with_header(header, value);
            }
        }
    }
    source.send(&BEDROCK, source.region, outbound).await
}

/// Runs statements with the RDS Data API.
pub async fn call_rds(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let statements = request["statements"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=2).contains(&statements.len()) {
        return Err(malformed("a request to a database must have one or two `statements`"));
    }
    let config = &source.members["relationalDatabaseConfig"]["rdsHttpEndpointConfig"];
    let endpoint = source.endpoint(&RDS_DATA)?.trim_end_matches('/');
    let region = config["awsRegion"].as_str().unwrap_or(source.region);
    let mut results = Vec::new();
    for statement in statements {
        let sql = statement.as_str().ok_or_else(|| malformed("a statement must be a string"))?;
        let body = without_nulls(json!({
            "resourceArn": config["dbClusterIdentifier"],
            "secretArn": config["awsSecretStoreArn"],
            "database": config["databaseName"],
            "schema": config["schema"],
            "sql": sql,
            "parameters": parameters(sql, request),
            "includeResultMetadata": true,
        }));
        let outbound =
            OutboundRequest::post(format!("{endpoint}/Execute"), body.to_string().into_bytes())
                .with_header("content-type", "application/json");
        let response = source.send(&RDS_DATA, region, outbound).await?;
        results.push(without_nulls(json!({
            "records": response["records"],
            "columnMetadata": response["columnMetadata"],
            "numberOfRecordsUpdated": response["numberOfRecordsUpdated"],
            "generatedFields": response["generatedFields"],
        })));
    }
    Ok(json!(json!({ "sqlStatementResults": results }).to_string()))
}

/// Returns the variables that a statement uses, as parameters of the Data API.
fn parameters(sql: &str, request: &Value) -> Vec<Value> {
    let variables = request["variableMap"].as_object().into_iter().flatten();
    let used = variables.filter(|(name, _)| uses_variable(sql, name));
    used.map(|(name, value)| {
        let value = match value {
            Value::Null => json!({ "isNull": true }),
            Value::Bool(it) => json!({ "booleanValue": it }),
            Value::Number(it) if it.is_i64() => json!({ "longValue": it }),
            Value::Number(it) => json!({ "doubleValue": it }),
            Value::String(it) => json!({ "stringValue": it }),
            other => json!({ "stringValue": other.to_string() }),
        };
        let hint = &request["variableTypeHintMap"][name];
        let name = name.trim_start_matches(':');
        without_nulls(json!({ "name": name, "value": value, "typeHint": hint }))
    })
    .collect()
}

/// Whether a statement uses a variable, and not only one whose name begins with the same letters.
fn uses_variable(sql: &str, name: &str) -> bool {
    let name = format!(":{}", name.trim_start_matches(':'));
    sql.match_indices(&name).any(|(at, _)| {
        let next = sql[at + name.len()..].chars().next();
        !next.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}
