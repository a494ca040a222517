//! HTTP endpoints and OpenSearch domains as data sources.
use http::Method;
use serde_json::{Map, Value, json};

use crate::data_plane::handlers::data_sources::source::{
    AwsService, DataSourceConfig, DataSourceError, malformed,
};
use crate::data_plane::outbound::client::{OutboundRequest, OutboundResponse};

/// What AppSync sets itself (docs/reference/data-sources.md#http).
const FORBIDDEN: &[&str] = &[
    "host",
    "connection",
    "user-agent",
    "expectation",
    "transfer_encoding",
    "transfer-encoding",
    "content_length",
    "content-length",
];
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
const OPEN_SEARCH: AwsService =
    AwsService { name: "es", signing_name: "es", error_prefix: "OpenSearch" };
const OPEN_SEARCH_METHODS: &[&str] = &["GET", "POST", "PUT", "HEAD", "DELETE"];

pub async fn call_http(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let config = &source.members["httpConfig"];
    let endpoint =
        config["endpoint"].as_str().ok_or_else(|| malformed("the data source has no endpoint"))?;
    let method = request["method"].as_str().unwrap_or_default();
    if !METHODS.contains(&method) {
        let methods = METHODS.join(", ");
        return Err(malformed(format!(
            "the method of a request is one of {methods}, not `{method}`"
        )));
    }
    let path = request["resourcePath"].as_str().unwrap_or_default();
    let mut outgoing = outbound_request(endpoint, method, path, &request["params"], "query")?;
    let signing = &config["authorizationConfig"]["awsIamConfig"];
    if let Some(service) = signing["signingServiceName"].as_str() {
        let region = signing["signingRegion"].as_str().unwrap_or(source.region);
        outgoing = outgoing.signed_for(service, region);
    }
    let answer = source.client.outbound.send(outgoing).await;
    Ok(handler_result(&answer.map_err(|message| ("HTTPException".to_owned(), message))?))
}

pub async fn call_open_search(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let config = &source.members["openSearchServiceConfig"];
    let method = request["operation"].as_str().unwrap_or_default();
    if !OPEN_SEARCH_METHODS.contains(&method) {
        let methods = OPEN_SEARCH_METHODS.join(", ");
        return Err(malformed(format!("the operation of a request is one of {methods}")));
    }
    // A custom domain has an address; a configured address takes precedence.
    let endpoint = match source.endpoint(&OPEN_SEARCH) {
        Ok(endpoint) => endpoint,
        Err(failed) => config["endpoint"].as_str().ok_or(failed)?,
    };
    let path = request["path"].as_str().unwrap_or_default();
    let mut outgoing =
        self::outbound_request(endpoint, method, path, &request["params"], "queryString")?;
    if !outgoing.body.is_empty() {
        outgoing = outgoing.with_header("content-type", "application/json");
    }
    let region = config["awsRegion"].as_str().unwrap_or(source.region);
    source.send(&OPEN_SEARCH, region, outgoing).await
}

/// A request with the `params` that a handler gave: headers, a body, and a query under its name.
fn outbound_request(
    endpoint: &str,
    method: &str,
    path: &str,
    params: &Value,
    query: &str,
) -> Result<OutboundRequest, DataSourceError> {
    if !path.starts_with('/') {
        return Err(malformed(format!("the path `{path}` does not begin with a slash")));
    }
    let mut url = format!("{}{path}", endpoint.trim_end_matches('/'));
    let pairs: Vec<(&String, String)> = params[query]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, it)| (name, text_or_json(it)))
        .collect();
    if !pairs.is_empty() {
        let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        url = format!("{url}{}{pairs}", if path.contains('?') { '&' } else { '?' });
    }
    let body = match &params["body"] {
        Value::Null => Vec::new(),
        body => text_or_json(body).into_bytes(),
    };
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| malformed(format!("`{method}` is not a valid method")))?;
    let mut outgoing = OutboundRequest::new(method, url, body);
    for (name, value) in params["headers"].as_object().into_iter().flatten() {
        if FORBIDDEN.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(malformed(format!("a handler can't set the header `{name}`")));
        }
        outgoing = outgoing.with_header(name, &text_or_json(value));
    }
    Ok(outgoing)
}

/// An answer as `ctx.result` has it.
fn handler_result(answer: &OutboundResponse) -> Value {
    let mut headers = Map::new();
    for name in answer.headers.keys() {
        let values = answer.headers.get_all(name).iter();
        let values: Vec<_> = values.filter_map(|it| it.to_str().ok()).collect();
        headers.insert(name.as_str().to_owned(), json!(values.join(", ")));
    }
    json!({
        "statusCode": answer.status,
        "headers": headers,
        "body": String::from_utf8_lossy(&answer.body),
    })
}

/// A text as it is, anything else as JSON.
fn text_or_json(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
