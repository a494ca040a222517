//! Models of Bedrock as data sources.
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::data_plane::handlers::sources::aws::Service;
use crate::data_plane::handlers::sources::{Failed, Source, malformed};
use crate::data_plane::outbound::client::{ANSWER_MAX, Outgoing};

const SERVICE: Service = Service { name: "bedrock-runtime", signed: "bedrock", error: "Bedrock" };
/// What is waited for is waited for that long (docs/reference/data-sources.md#bedrock).
const TIMEOUT: Duration = Duration::from_secs(10);

pub async fn ask(source: &Source<'_>, request: &Value) -> Result<Value, Failed> {
    let Some(model) = request["modelId"].as_str() else {
        return Err(malformed("a request to Bedrock has a `modelId`"));
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
            let message = "a request to Bedrock has the operation 'InvokeModel' or 'Converse'";
            return Err(malformed(message));
        }
    };
    let endpoint = source.endpoint(&SERVICE)?.trim_end_matches('/');
    let model = utf8_percent_encode(model, NON_ALPHANUMERIC);
    let mut outgoing =
        Outgoing::post(format!("{endpoint}/model/{model}/{operation}"), body.into_bytes())
            .with("content-type", "application/json")
            .within(TIMEOUT, ANSWER_MAX);
    if operation == "invoke" {
        for (member, header) in [
            ("guardrailIdentifier", "x-amzn-bedrock-guardrailidentifier"),
            ("guardrailVersion", "x-amzn-bedrock-guardrailversion"),
            ("guardrailTrace", "x-amzn-bedrock-trace"),
        ] {
            if let Some(value) = request[member].as_str() {
                outgoing = outgoing.with(header, value);
            }
        }
    }
    source.send(&SERVICE, source.region, outgoing).await
}
