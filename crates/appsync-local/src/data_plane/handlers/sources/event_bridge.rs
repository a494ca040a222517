//! EventBridge buses as data sources.
use serde_json::{Value, json};

use crate::data_plane::handlers::sources::aws::Service;
use crate::data_plane::handlers::sources::{Failed, Source, malformed, object};

const SERVICE: Service = Service { name: "events", signed: "events", error: "EventBridge" };
/// EventBridge's limit.
const EVENTS_MAX: usize = 10;

pub async fn ask(source: &Source<'_>, request: &Value) -> Result<Value, Failed> {
    let events = request["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    if request["operation"] != "PutEvents" || !(1..=EVENTS_MAX).contains(&events.len()) {
        let message = "a request to EventBridge has the operation 'PutEvents' and 1 to 10 `events`";
        return Err(malformed(message));
    }
    let bus = &source.members["eventBridgeConfig"]["eventBusArn"];
    let entries: Vec<Value> = events
        .iter()
        .map(|event| {
            object(json!({
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
    let region = bus.as_str().and_then(|it| it.split(':').nth(3)).filter(|it| !it.is_empty());
    let region = region.unwrap_or(source.region);
    let body = json!({ "Entries": entries });
    source.call(&SERVICE, region, "1.1", "AWSEvents.PutEvents", &body).await
}
