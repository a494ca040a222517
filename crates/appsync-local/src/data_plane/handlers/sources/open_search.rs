//! OpenSearch domains as data sources.
use serde_json::Value;

use crate::data_plane::handlers::sources::aws::Service;
use crate::data_plane::handlers::sources::{Failed, Source, http, malformed};

const SERVICE: Service = Service { name: "es", signed: "es", error: "OpenSearch" };
const METHODS: &[&str] = &["GET", "POST", "PUT", "HEAD", "DELETE"];

pub async fn ask(source: &Source<'_>, request: &Value) -> Result<Value, Failed> {
    let config = &source.members["openSearchServiceConfig"];
    let method = request["operation"].as_str().unwrap_or_default();
    if !METHODS.contains(&method) {
        let methods = METHODS.join(", ");
        return Err(malformed(format!("the operation of a request is one of {methods}")));
    }
    // A domain of one's own has an address; one that is given in its place goes before it.
    let endpoint = match source.endpoint(&SERVICE) {
        Ok(endpoint) => endpoint,
        Err(failed) => config["endpoint"].as_str().ok_or(failed)?,
    };
    let path = request["path"].as_str().unwrap_or_default();
    let mut outgoing = http::outgoing(endpoint, method, path, &request["params"], "queryString")?;
    if !outgoing.body.is_empty() {
        outgoing = outgoing.with("content-type", "application/json");
    }
    let region = config["awsRegion"].as_str().unwrap_or(source.region);
    source.send(&SERVICE, region, outgoing).await
}
