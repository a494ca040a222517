//! A data source that is asked, and the services of AWS that stand behind some: where they are here, and how they
//! say no.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::outbound::client::{OutboundClient, OutboundRequest};

/// Who is asked, and where.
pub struct DataSourceClient {
    pub outbound: Arc<OutboundClient>,
    /// Where the services of data sources are, by the name they are signed with.
    pub endpoints: BTreeMap<String, String>,
}

/// What is known of a data source that is asked.
pub struct DataSourceConfig<'a> {
    pub client: &'a DataSourceClient,
    /// All but its name, as AppSync writes it.
    pub members: &'a Value,
    /// The region of its API, for sources that say none.
    pub region: &'a str,
}

/// Why a data source has no answer: the type and the message of `ctx.error`.
pub type DataSourceError = (String, String);

/// A service, by the name of its endpoint and the one it is signed with.
pub struct AwsService {
    pub name: &'static str,
    pub signing_name: &'static str,
    /// What its errors are prefixed with in `ctx.error.type`.
    pub error_prefix: &'static str,
}

impl DataSourceConfig<'_> {
    /// The address of `service`.
    pub fn endpoint(&self, service: &AwsService) -> Result<&str, DataSourceError> {
        let name = service.name;
        let endpoint = self.client.endpoints.get(name).map(String::as_str);
        endpoint.ok_or_else(|| {
            let message = format!(
                "the emulator does not include {name}; set its address with `provision local --endpoint {name}=http://…`"
            );
            (format!("{}:NotImplementedException", service.error_prefix), message)
        })
    }

    /// Calls an operation of a service of JSON, which `target` names in a header.
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

    /// Sends a request to a service and reads its answer as JSON.
    pub async fn send(
        &self,
        service: &AwsService,
        region: &str,
        outgoing: OutboundRequest,
    ) -> Result<Value, DataSourceError> {
        let failed =
            |kind: &str, message: String| (format!("{}:{kind}", service.error_prefix), message);
        let outgoing = outgoing.signed_for(service.signing_name, region);
        let answer = self.client.outbound.send(outgoing).await;
        let answer = answer.map_err(|message| failed("SdkClientException", message))?;
        let body: Value = match answer.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap_or_default(),
        };
        if answer.is_success() {
            return Ok(body);
        }
        let header = answer.header("x-amzn-errortype").map(str::to_owned);
        let kind = body["__type"].as_str().map(str::to_owned).or(header).unwrap_or_default();
        // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `ValidationException:http://…`
        let kind = kind.rsplit('#').next().unwrap_or_default();
        let kind = kind.split(':').next().filter(|it| !it.is_empty()).unwrap_or("Unknown");
        let message = body["message"].as_str().or(body["Message"].as_str());
        let message =
            message.map_or_else(|| format!("it answered {}", answer.status), str::to_owned);
        Err(failed(kind, message))
    }
}

/// A request that its data source can't do anything with.
pub fn malformed(message: impl Into<String>) -> DataSourceError {
    ("MappingTemplate".to_owned(), message.into())
}
