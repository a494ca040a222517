//! Publishing, over HTTP and over a WebSocket alike
//! (docs/reference/data-plane.md#publishing-over-http, docs/reference/data-plane.md#messages).
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::data_plane::auth::request::{ClientOperation, CredentialFields, Identity};
use crate::data_plane::channel::Channel;
use crate::data_plane::error::DataPlaneError;
use crate::data_plane::feed::{self, Activity, EventFailure};
use crate::data_plane::handlers::call::{IncomingEvent, PublishOutcome};
use crate::data_plane::message::{EVENT_MAX, EVENTS_MAX, EventsMember, TextMember};
use crate::data_plane::plane::DataPlane;
use crate::data_plane::request_context::{RequestContext, Transport};
use crate::data_plane::secrets::Secrets;
use crate::data_plane::undocumented;
use crate::emulator_options::FilteredEvents;
use crate::ids;
use crate::state::{Api, Namespace};

/// The result for the events.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct PublishResponse {
    pub successful: Vec<SuccessfulEvent>,
    pub failed: Vec<FailedEvent>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct SuccessfulEvent {
    pub identifier: String,
    pub index: usize,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct FailedEvent {
    pub identifier: String,
    pub index: usize,
    pub code: u16,
    pub message: String,
}

/// Publishes `events` to `channel`, if `presented` allows it, and reports it to watchers.
pub async fn publish(
    plane: &DataPlane,
    source: &RequestContext,
    channel: &TextMember,
    events: EventsMember,
    presented: &CredentialFields,
    signed: &[u8],
) -> Result<PublishResponse, DataPlaneError> {
    let result =
        authorize_and_deliver(plane, source, channel.text(), events, presented, signed).await;
    if let Err(problem) = &result {
        report_rejection(plane, source, "publish", channel.text(), problem);
    }
    result
}

/// Publishes `events` to `channel` without authorization, and reports it to watchers.
pub async fn publish_with_identity(
    plane: &DataPlane,
    source: &RequestContext,
    channel: &TextMember,
    events: EventsMember,
    identity: &Identity,
) -> Result<PublishResponse, DataPlaneError> {
    let attempt = async || {
        let api = source.api(&plane.apis)?;
        let channel = Channel::parse_for_publish(channel.text().unwrap_or_default())?;
        deliver(plane, source, &api, &channel, events, identity).await
    };
    let result = attempt().await;
    if let Err(problem) = &result {
        report_rejection(plane, source, "publish", channel.text(), problem);
    }
    result
}

/// Reports a denial to watchers.
pub fn report_rejection(
    plane: &DataPlane,
    source: &RequestContext,
    operation: &'static str,
    channel: Option<&str>,
    problem: &DataPlaneError,
) {
    plane.feed.emit(|| {
        // A handler may refuse with what it was given.
        let secrets = Secrets::from_headers(&source.headers);
        let told = |text: &String| feed::clip_client_text(&secrets.redact(text));
        Activity::Rejected {
            api_id: source.target.api_id.clone(),
            operation,
            channel: channel.map(feed::clip_client_text),
            error_type: secrets.redact(&problem.error_type),
            message: problem.message.as_ref().map(told),
            why: problem.reason.as_ref().map(told),
            code: problem.location.as_deref().cloned(),
        }
    });
}

async fn authorize_and_deliver(
    plane: &DataPlane,
    source: &RequestContext,
    channel: Option<&str>,
    events: EventsMember,
    presented: &CredentialFields,
    signed: &[u8],
) -> Result<PublishResponse, DataPlaneError> {
    let api = source.api(&plane.apis)?;
    let channel = Channel::parse_for_publish(channel.unwrap_or_default())?;
    let asked =
        source.auth_request(&api, ClientOperation::Publish, Some(&channel), presented, signed);
    let identity = plane.authorizer.authorize(&asked).await?;
    deliver(plane, source, &api, &channel, events, &identity).await
}

/// What follows once it is known who publishes.
async fn deliver(
    plane: &DataPlane,
    source: &RequestContext,
    api: &Api,
    channel: &Channel,
    events: EventsMember,
    identity: &Identity,
) -> Result<PublishResponse, DataPlaneError> {
    let namespace = namespace(api, channel)?;
    let events = parse_events(events, source.transport)?;
    let identifiers: Vec<_> = events.iter().map(|it| it.id.clone()).collect();
    let call = source.handler_call(api, namespace, channel, identity);
    let published = plane.handlers.on_publish(&call, events).await?;
    broadcast(plane, source, channel, identity, &published, identifiers.len());
    Ok(publish_response(published, identifiers, plane.store.options().filtered_events))
}

/// The channel namespace that `channel` is in. AppSync reports an unknown one as unauthorized.
pub fn namespace<'a>(api: &'a Api, channel: &Channel) -> Result<&'a Namespace, DataPlaneError> {
    let name = channel.namespace();
    api.namespaces.get(name).ok_or_else(|| {
        let why = format!("the API has no channel namespace `{name}`");
        DataPlaneError::new(401, "UnauthorizedException").with_reason(why)
    })
}

/// The events, each with an id, if all of them are sound.
fn parse_events(
    events: EventsMember,
    over: Transport,
) -> Result<Vec<IncomingEvent>, DataPlaneError> {
    let (first, count) = match events {
        EventsMember::List { first, count } if count > 0 => (first, count),
        EventsMember::List { .. } | EventsMember::Missing => {
            return Err(DataPlaneError::bad_request("There are no events to publish"));
        }
        EventsMember::Other => {
            return Err(DataPlaneError::bad_request("The events must be a list of texts"));
        }
    };
    if count > EVENTS_MAX {
        // AppSync's own words, which differ.
        return Err(match over {
            Transport::Http | Transport::Console => {
                DataPlaneError::bad_request(format!("Input exceeded {EVENTS_MAX} event limit"))
            }
            Transport::WebSocket => DataPlaneError::new(400, "InvalidInputError")
                .with_message(format!("input exceeded {EVENTS_MAX} event limit")),
        });
    }
    let check = |(n, event): (usize, TextMember)| {
        let wrong = |what: &str| DataPlaneError::bad_request(format!("Event {n} {what}"));
        let TextMember::Text(text) = event else {
            return Err(wrong("is not a string: each event is a string that contains JSON"));
        };
        if text.len() > EVENT_MAX {
            return Err(wrong("exceeds 240 KB"));
        }
        // Without recursion, so that depth does no harm.
        if serde_json::from_str::<IgnoredAny>(&text).is_err() {
            return Err(wrong("is not valid JSON"));
        }
        Ok(IncomingEvent { id: ids::request_id(), text })
    };
    first.into_iter().enumerate().map(check).collect()
}

fn broadcast(
    plane: &DataPlane,
    source: &RequestContext,
    channel: &Channel,
    identity: &Identity,
    published: &PublishOutcome,
    count: usize,
) {
    let mut receivers = 0;
    for (_, text) in &published.delivered {
        receivers = receivers.max(plane.hub.broadcast(&source.target.api_id, channel, text));
    }
    plane.feed.emit(|| {
        let events: Vec<_> =
            published.delivered.iter().map(|(_, text)| feed::event_value(text)).collect();
        let failed = published.failed.len();
        let secrets = Secrets::from_headers(&source.headers);
        let failure = |(index, message): &(usize, String)| EventFailure {
            index: *index,
            message: feed::clip_client_text(&secrets.redact(message)),
        };
        Activity::Published {
            api_id: source.target.api_id.clone(),
            channel: channel.path.clone(),
            mode: identity.mode.to_owned(),
            over: match source.transport {
                Transport::Http => "http",
                Transport::WebSocket => "websocket",
                Transport::Console => "console",
            },
            dropped: count.saturating_sub(failed + events.len()),
            events,
            failed,
            failures: published.failed.iter().map(failure).collect(),
            receivers,
        }
    });
}

fn publish_response(
    published: PublishOutcome,
    identifiers: Vec<String>,
    filtered: FilteredEvents,
) -> PublishResponse {
    let mut receipt = PublishResponse::default();
    for (index, identifier) in identifiers.into_iter().enumerate() {
        let of = |(n, _): &&(usize, String)| *n == index;
        if let Some((_, message)) = published.failed.iter().find(of) {
            let (code, message) = (undocumented::FAILED_EVENT_CODE, message.clone());
            receipt.failed.push(FailedEvent { identifier, index, code, message });
        } else if filtered == FilteredEvents::Successful
            || published.delivered.iter().any(|it| of(&it))
        {
            receipt.successful.push(SuccessfulEvent { identifier, index });
        }
    }
    receipt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_texts_of_json_and_no_more_or_larger_than_they_may_be() {
        let text = |it: &str| TextMember::Text(it.to_owned());
        let check_all = |first: Vec<TextMember>, over: Transport, expected: Result<usize, &str>| {
            let count = first.len();
            let result = parse_events(EventsMember::List { first, count }, over);
            let result = result.map(|it| it.len()).map_err(|it| it.message.unwrap_or_default());
            assert_eq!(result, expected.map_err(str::to_owned));
        };
        let full = format!("\"{}\"", "x".repeat(EVENT_MAX - 2));
        check_all(vec![text(&full); 5], Transport::Http, Ok(5));
        check_all(vec![text(&format!("{full} "))], Transport::Http, Err("Event 0 exceeds 240 KB"));
        check_all(vec![text("1"), text("{x}")], Transport::Http, Err("Event 1 is not valid JSON"));
        check_all(vec![text("")], Transport::Http, Err("Event 0 is not valid JSON"));
        let told = "Event 0 is not a string: each event is a string that contains JSON";
        check_all(vec![TextMember::Other], Transport::Http, Err(told));
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
    fn what_was_filtered_is_reported_as_the_option_says() {
        let indices = |filtered: FilteredEvents| {
            let published = PublishOutcome {
                delivered: vec![(2, "2".to_owned())],
                failed: vec![(1, "no".to_owned())],
            };
            let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
            let receipt = publish_response(published, ids, filtered);
            assert_eq!((receipt.failed[0].index, receipt.failed[0].identifier.as_str()), (1, "b"));
            receipt.successful.iter().map(|it| it.index).collect::<Vec<_>>()
        };
        assert_eq!(indices(FilteredEvents::Successful), [0, 2]);
        assert_eq!(indices(FilteredEvents::LeftOut), [2]);
    }
}
