//! A data source that is asked, and the services of AWS that stand behind some: where they are here, and how they
//! say no.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::outbound::client::{Outbound, Outgoing};

/// Who is asked, and where.
pub struct Services {
    pub outbound: Arc<Outbound>,
    /// Where the services of data sources are, by the name they are signed with.
    pub endpoints: BTreeMap<String, String>,
}

/// What is known of a data source that is asked.
pub struct Source<'a> {
    pub services: &'a Services,
    /// All but its name, as AppSync writes it.
    pub members: &'a Value,
    /// The region of its API, for sources that say none.
    pub region: &'a str,
}

/// Why a data source has no answer: the type and the message of `ctx.error`.
pub type Failed = (String, String);

/// A service, by the name of its endpoint and the one it is signed with.
pub struct Service {
    pub name: &'static str,
    pub signed: &'static str,
    /// What its errors are prefixed with in `ctx.error.type`.
    pub error: &'static str,
}

impl Source<'_> {
    /// The address of `service`.
    pub fn endpoint(&self, service: &Service) -> Result<&str, Failed> {
        let name = service.name;
        let endpoint = self.services.endpoints.get(name).map(String::as_str);
        endpoint.ok_or_else(|| {
            let message = format!(
                "the emulator does not include {name}; set its address with `provision local --endpoint {name}=http://…`"
            );
            (format!("{}:NotImplementedException", service.error), message)
        })
    }

    /// Calls an operation of a service of JSON, which `target` names in a header.
    pub async fn call(
        &self,
        service: &Service,
        region: &str,
        version: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, Failed> {
        let endpoint = self.endpoint(service)?;
        let outgoing = Outgoing::post(endpoint, body.to_string().into_bytes())
            .with("content-type", &format!("application/x-amz-json-{version}"))
            .with("x-amz-target", target);
        self.send(service, region, outgoing).await
    }

    /// Sends a request to a service and reads its answer as JSON.
    pub async fn send(
        &self,
        service: &Service,
        region: &str,
        outgoing: Outgoing,
    ) -> Result<Value, Failed> {
        let failed = |kind: &str, message: String| (format!("{}:{kind}", service.error), message);
        let outgoing = outgoing.signed_for(service.signed, region);
        let answer = self.services.outbound.send(outgoing).await;
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
pub fn malformed(message: impl Into<String>) -> Failed {
    ("MappingTemplate".to_owned(), message.into())
}
