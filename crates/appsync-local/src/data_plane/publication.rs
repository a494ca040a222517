//! Publishing, over HTTP and over a WebSocket: authorization, checks, handlers, broadcast
//! (docs/reference/data-plane.md#publishing-over-http, docs/reference/data-plane.md#messages).
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::data_plane::auth::request::{ClientOperation, CredentialFields, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::feed::{self, Activity, EventFailure};
use crate::data_plane::handlers::call::{IncomingEvent, PublishOutcome};
use crate::data_plane::message::{
    EVENT_BYTES_MAX, EVENTS_PER_PUBLISH_MAX, EventsMember, TextMember,
};
use crate::data_plane::request_context::{RequestContext, Transport};
use crate::data_plane::secrets::Secrets;
use crate::data_plane::state::DataPlane;
use crate::data_plane::undocumented;
use crate::emulator_options::FilteredEvents;
use crate::ids;
use crate::state::{Api, Namespace};

/// The result of a publish, by event.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct PublishResponse {
    pub successful: Vec<SuccessfulEvent>,
    pub failed: Vec<FailedEvent>,
}

/// An accepted event.
#[derive(Debug, PartialEq, Serialize)]
pub struct SuccessfulEvent {
    pub identifier: String,
    pub index: usize,
}

/// An event for which the handler returned an error.
#[derive(Debug, PartialEq, Serialize)]
pub struct FailedEvent {
    pub identifier: String,
    pub index: usize,
    pub code: u16,
    pub message: String,
}

/// Publishes events if the credentials allow it, and reports the publish to watchers.
pub async fn publish(
    data_plane: &DataPlane,
    request: &RequestContext,
    channel: &TextMember,
    events: EventsMember,
    credentials: &CredentialFields,
    signed_text: &[u8],
) -> Result<PublishResponse, DataPlaneError> {
    let result = authorize_and_deliver(
        data_plane,
        request,
        channel.text(),
        events,
        credentials,
        signed_text,
    )
    .await;
    if let Err(error) = &result {
        report_rejection(data_plane, request, "publish", channel.text(), error);
    }
    result
}

/// Publishes events without authorization, and reports the publish to watchers.
pub async fn publish_with_identity(
    data_plane: &DataPlane,
    request: &RequestContext,
    channel: &TextMember,
    events: EventsMember,
    identity: &Identity,
) -> Result<PublishResponse, DataPlaneError> {
    let attempt = async || {
        let api = request.api(&data_plane.apis)?;
        let channel = Channel::parse_for_publish(channel.text().unwrap_or_default())?;
        deliver(data_plane, request, &api, &channel, events, identity).await
    };
    let result = attempt().await;
    if let Err(error) = &result {
        report_rejection(data_plane, request, "publish", channel.text(), error);
    }
    result
}

/// Reports a rejected operation to watchers.
pub fn report_rejection(
    data_plane: &DataPlane,
    request: &RequestContext,
    operation: &'static str,
    channel: Option<&str>,
    error: &DataPlaneError,
) {
    data_plane.feed.emit(|| {
        // A handler's error may contain the credentials that it received.
        let secrets = Secrets::from_headers(&request.headers);
        let clip_secret = |text: &String| feed::clip_client_text(&secrets.redact(text));
        Activity::Rejected {
            api_id: request.target.api_id.clone(),
            operation,
            channel: channel.map(feed::clip_client_text),
            error_type: secrets.redact(&error.error_type),
            message: error.message.as_ref().map(clip_secret),
            why: error.reason.as_ref().map(clip_secret),
            code: error.location.as_deref().cloned(),
        }
    });
}

async fn authorize_and_deliver(
    data_plane: &DataPlane,
    request: &RequestContext,
    channel: Option<&str>,
    events: EventsMember,
    credentials: &CredentialFields,
    signed_text: &[u8],
) -> Result<PublishResponse, DataPlaneError> {
    let api = request.api(&data_plane.apis)?;
    let channel = Channel::parse_for_publish(channel.unwrap_or_default())?;
    let auth_request = request.auth_request(
        &api,
        ClientOperation::Publish,
        Some(&channel),
        credentials,
        signed_text,
    );
    let identity = data_plane.authorizer.authorize(&auth_request).await?;
    deliver(data_plane, request, &api, &channel, events, &identity).await
}

/// Checks events, runs the handler, and broadcasts its outcome.
async fn deliver(
    data_plane: &DataPlane,
    request: &RequestContext,
    api: &Api,
    channel: &Channel,
    events: EventsMember,
    identity: &Identity,
) -> Result<PublishResponse, DataPlaneError> {
    let namespace = namespace(api, channel)?;
    let events = parse_events(events, request.transport)?;
    let identifiers: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
    let call = request.handler_call(api, namespace, channel, identity);
    let outcome = data_plane.handlers.on_publish(&call, events).await?;
    broadcast(data_plane, request, channel, identity, &outcome, identifiers.len());
    Ok(publish_response(outcome, identifiers, data_plane.store.options().filtered_events))
}

/// Returns the channel namespace of a channel.
pub fn namespace<'a>(api: &'a Api, channel: &Channel) -> Result<&'a Namespace, DataPlaneError> {
    let name = channel.namespace();
    api.namespaces.get(name).ok_or_else(|| DataPlaneError::unknown_namespace(name))
}

/// Returns the events, each with an id, if all of them are valid.
fn parse_events(
    events: EventsMember,
    transport: Transport,
) -> Result<Vec<IncomingEvent>, DataPlaneError> {
    let (first, count) = match events {
        EventsMember::List { first, count } if count > 0 => (first, count),
        EventsMember::List { .. } | EventsMember::Missing => {
            return Err(DataPlaneError::bad_request("There are no events to publish"));
        }
        EventsMember::Other => {
            return Err(DataPlaneError::bad_request("The events must be a list of strings"));
        }
    };
    if count > EVENTS_PER_PUBLISH_MAX {
        // AppSync has different errors over HTTP and over a WebSocket.
        return Err(match transport {
            Transport::Http | Transport::Console => DataPlaneError::bad_request(format!(
                "Input exceeded {EVENTS_PER_PUBLISH_MAX} event limit"
            )),
            Transport::WebSocket => DataPlaneError::new(400, "InvalidInputError")
                .with_message(format!("input exceeded {EVENTS_PER_PUBLISH_MAX} event limit")),
        });
    }
    let check = |(n, event): (usize, TextMember)| {
        let invalid = |what: &str| DataPlaneError::bad_request(format!("Event {n} {what}"));
        let TextMember::Text(text) = event else {
            return Err(invalid("is not a string: each event is a string that contains JSON"));
        };
        if text.len() > EVENT_BYTES_MAX {
            return Err(invalid("exceeds 240 KB"));
        }
        // Without recursion, so deeply nested events are harmless.
        if serde_json::from_str::<IgnoredAny>(&text).is_err() {
            return Err(invalid("is not valid JSON"));
        }
        Ok(IncomingEvent { id: ids::request_id(), text })
    };
    first.into_iter().enumerate().map(check).collect()
}

fn broadcast(
    data_plane: &DataPlane,
    request: &RequestContext,
    channel: &Channel,
    identity: &Identity,
    outcome: &PublishOutcome,
    count: usize,
) {
    let mut receivers = 0;
    for (_, text) in &outcome.delivered {
        receivers = receivers.max(data_plane.hub.broadcast(&request.target.api_id, channel, text));
    }
    data_plane.feed.emit(|| {
        let events: Vec<_> =
            outcome.delivered.iter().map(|(_, text)| feed::event_value(text)).collect();
        let failed = outcome.failed.len();
        let secrets = Secrets::from_headers(&request.headers);
        let failure = |(index, message): &(usize, String)| EventFailure {
            index: *index,
            message: feed::clip_client_text(&secrets.redact(message)),
        };
        Activity::Published {
            api_id: request.target.api_id.clone(),
            channel: channel.path.clone(),
            mode: identity.mode_name().to_owned(),
            over: match request.transport {
                Transport::Http => "http",
                Transport::WebSocket => "websocket",
                Transport::Console => "console",
            },
            dropped: count.saturating_sub(failed + events.len()),
            events,
            failed,
            failures: outcome.failed.iter().map(failure).collect(),
            receivers,
        }
    });
}

fn publish_response(
    outcome: PublishOutcome,
    identifiers: Vec<String>,
    filtered: FilteredEvents,
) -> PublishResponse {
    let mut response = PublishResponse::default();
    for (index, identifier) in identifiers.into_iter().enumerate() {
        let has_index = |(n, _): &&(usize, String)| *n == index;
        if let Some((_, message)) = outcome.failed.iter().find(has_index) {
            let (code, message) = (undocumented::FAILED_EVENT_CODE, message.clone());
            response.failed.push(FailedEvent { identifier, index, code, message });
        } else if filtered == FilteredEvents::Successful
            || outcome.delivered.iter().any(|event| has_index(&event))
        {
            response.successful.push(SuccessfulEvent { identifier, index });
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_strings_of_json_within_the_limits_of_number_and_size() {
        let text = |text: &str| TextMember::Text(text.to_owned());
        let check_all =
            |first: Vec<TextMember>, transport: Transport, expected: Result<usize, &str>| {
                let count = first.len();
                let result = parse_events(EventsMember::List { first, count }, transport);
                let result = result
                    .map(|events| events.len())
                    .map_err(|error| error.message.unwrap_or_default());
                assert_eq!(result, expected.map_err(str::to_owned));
            };
        let full = format!("\"{}\"", "x".repeat(EVENT_BYTES_MAX - 2));
        check_all(vec![text(&full); 5], Transport::Http, Ok(5));
        check_all(vec![text(&format!("{full} "))], Transport::Http, Err("Event 0 exceeds 240 KB"));
        check_all(vec![text("1"), text("{x}")], Transport::Http, Err("Event 1 is not valid JSON"));
        check_all(vec![text("")], Transport::Http, Err("Event 0 is not valid JSON"));
        let message = "Event 0 is not a string: each event is a string that contains JSON";
        check_all(vec![TextMember::Other], Transport::Http, Err(message));
        check_all(vec![], Transport::Http, Err("There are no events to publish"));
        check_all(vec![text("1"); 6], Transport::Http, Err("Input exceeded 5 event limit"));
        check_all(vec![text("1"); 6], Transport::WebSocket, Err("input exceeded 5 event limit"));
        check_all(
            vec![text(&"[".repeat(100_000))],
            Transport::Http,
            Err("Event 0 is not valid JSON"),
        );
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        check_all(vec![text(&deep)], Transport::Http, Ok(1));
    }

    #[test]
    fn filtered_events_are_reported_as_configured() {
        let indices = |filtered: FilteredEvents| {
            let outcome = PublishOutcome {
                delivered: vec![(2, "2".to_owned())],
                failed: vec![(1, "no".to_owned())],
            };
            let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
            let response = publish_response(outcome, ids, filtered);
            assert_eq!(
                (response.failed[0].index, response.failed[0].identifier.as_str()),
                (1, "b")
            );
            response.successful.iter().map(|event| event.index).collect::<Vec<_>>()
        };
        assert_eq!(indices(FilteredEvents::Successful), [0, 2]);
        assert_eq!(indices(FilteredEvents::LeftOut), [2]);
    }
}
