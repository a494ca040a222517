//! What all data sources share: the configuration, the endpoints of AWS services, signed calls of them, and their
//! errors.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::outbound::{OutboundClient, OutboundRequest};

/// The HTTP client, and the endpoints of AWS services.
pub struct DataSourceClient {
    pub outbound: Arc<OutboundClient>,
    /// The endpoints, by service name.
    pub endpoints: BTreeMap<String, String>,
}

/// The configuration of a data source.
pub struct DataSourceConfig<'a> {
    pub client: &'a DataSourceClient,
    /// All members but its name, as AppSync writes them.
    pub members: &'a Value,
    /// The Region of its API, for data sources without a Region.
    pub region: &'a str,
}

/// The error of a data source, which is `ctx.error`.
pub struct DataSourceError {
    pub error_type: String,
    pub message: String,
}

impl DataSourceError {
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), message: message.into() }
    }
}

/// An AWS service: the name of its endpoint, and its name in signatures.
pub struct AwsService {
    pub name: &'static str,
    pub signing_name: &'static str,
    /// The prefix of its errors in `ctx.error.type`.
    pub error_prefix: &'static str,
}

impl DataSourceConfig<'_> {
    /// Returns the endpoint of a service.
    pub fn endpoint(&self, service: &AwsService) -> Result<&str, DataSourceError> {
        let name = service.name;
        let endpoint = self.client.endpoints.get(name).map(String::as_str);
        endpoint.ok_or_else(|| {
            let message = format!(
                "the emulator does not include {name}; set its address with `provision local --endpoint {name}=http://…`"
            );
            DataSourceError::new(format!("{}:NotImplementedException", service.error_prefix), message)
        })
    }

    /// Calls the operation `target` of a service with a JSON protocol.
    pub async fn call(
        &self,
        service: &AwsService,
        region: &str,
        version: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, DataSourceError> {
        let endpoint = self.endpoint(service)?;
        let outgoing = OutboundRequest::post(endpoint, body.to_string().into_bytes())
            .with_header("content-type", &format!("application/x-amz-json-{version}"))
            .with_header("x-amz-target", target);
        self.send(service, region, outgoing).await
    }

    /// Sends a signed request to a service, and reads the response as JSON.
    pub async fn send(
        &self,
        service: &AwsService,
        region: &str,
        outgoing: OutboundRequest,
    ) -> Result<Value, DataSourceError> {
        let failed = |kind: &str, message: String| {
            DataSourceError::new(format!("{}:{kind}", service.error_prefix), message)
        };
        let outgoing = outgoing.signed_for(service.signing_name, region);
        let response = self.client.outbound.send(outgoing).await;
        let response = response.map_err(|message| failed("SdkClientException", message))?;
        let body: Value = match response.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap_or_default(),
        };
        if response.is_success() {
            return Ok(body);
        }
        let header = response.header("x-amzn-errortype").map(str::to_owned);
        let kind = body["__type"].as_str().map(str::to_owned).or(header).unwrap_or_default();
        // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `ValidationException:http://…`
        let kind = kind.rsplit('#').next().unwrap_or_default();
        let kind = kind.split(':').next().filter(|text| !text.is_empty()).unwrap_or("Unknown");
        let message = body["message"].as_str().or(body["Message"].as_str());
        let message = message.map_or_else(
            || format!("the service responded with status {}", response.status),
            str::to_owned,
        );
        Err(failed(kind, message))
    }
}

/// Returns the error of a request that the data source does not support.
pub fn malformed(message: impl Into<String>) -> DataSourceError {
    DataSourceError::new("MappingTemplate", message)
}
