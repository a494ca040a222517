//! HTTP endpoints and OpenSearch domains as data sources.
use http::Method;
use serde_json::{Map, Value, json};

use crate::data_plane::handlers::data_sources::client::{
    AwsService, DataSourceConfig, DataSourceError, malformed,
};
use crate::data_plane::outbound::{OutboundRequest, OutboundResponse};

/// The headers that AppSync sets itself (docs/reference/data-sources.md#http).
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
            "the method of a request must be one of {methods}, not `{method}`"
        )));
    }
    let path = request["resourcePath"].as_str().unwrap_or_default();
    let mut request = outbound_request(endpoint, method, path, &request["params"], "query")?;
    let iam_config = &config["authorizationConfig"]["awsIamConfig"];
    if let Some(service) = iam_config["signingServiceName"].as_str() {
        let region = iam_config["signingRegion"].as_str().unwrap_or(source.region);
        request = request.signed_for(service, region);
    }
    let response = source.client.outbound.send(request).await;
    Ok(handler_result(&response.map_err(|message| DataSourceError::new("HTTPException", message))?))
}

pub async fn call_open_search(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let config = &source.members["openSearchServiceConfig"];
    let method = request["operation"].as_str().unwrap_or_default();
    if !OPEN_SEARCH_METHODS.contains(&method) {
        let methods = OPEN_SEARCH_METHODS.join(", ");
        return Err(malformed(format!("the operation of a request must be one of {methods}")));
    }
    // A custom domain has an address; a configured address takes precedence.
    let endpoint = match source.endpoint(&OPEN_SEARCH) {
        Ok(endpoint) => endpoint,
        Err(failed) => config["endpoint"].as_str().ok_or(failed)?,
    };
    let path = request["path"].as_str().unwrap_or_default();
    let mut request =
        self::outbound_request(endpoint, method, path, &request["params"], "queryString")?;
    if !request.body.is_empty() {
        request = request.with_header("content-type", "application/json");
    }
    let region = config["awsRegion"].as_str().unwrap_or(source.region);
    source.send(&OPEN_SEARCH, region, request).await
}

/// Returns a request with the `params` of a handler: headers, a body, and the query in the member `query`.
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
        .map(|(name, value)| (name, text_or_json(value)))
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
    let mut request = OutboundRequest::new(method, url, body);
    for (name, value) in params["headers"].as_object().into_iter().flatten() {
        if FORBIDDEN.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(malformed(format!("a handler cannot set the header `{name}`")));
        }
        request = request.with_header(name, &text_or_json(value));
    }
    Ok(request)
}

/// Returns the `ctx.result` of a response.
fn handler_result(response: &OutboundResponse) -> Value {
    let mut headers = Map::new();
    for name in response.headers.keys() {
        let values = response.headers.get_all(name).iter();
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        headers.insert(name.as_str().to_owned(), json!(values.join(", ")));
    }
    json!({
        "statusCode": response.status,
        "headers": headers,
        "body": String::from_utf8_lossy(&response.body),
    })
}

/// Returns a string as it is, and any other value as JSON.
fn text_or_json(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
