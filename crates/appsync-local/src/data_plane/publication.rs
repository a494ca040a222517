//! Publishing, over HTTP and over a WebSocket alike
//! (docs/reference/data-plane.md#publishing-over-http, docs/reference/data-plane.md#messages).
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::data_plane::auth::request::{Identity, Operation, Presented};
use crate::data_plane::channel::Channel;
use crate::data_plane::feed::{self, Failure, Happening};
use crate::data_plane::handlers::call::{Incoming, Published};
use crate::data_plane::message::{EVENT_MAX, EVENTS_MAX, Events, Given};
use crate::data_plane::plane::DataPlane;
use crate::data_plane::problem::Problem;
use crate::data_plane::secrets::Secrets;
use crate::data_plane::source::{Over, Source};
use crate::data_plane::undocumented;
use crate::emulator_options::FilteredEvents;
use crate::ids;
use crate::state::{Api, Namespace};

/// The result for the events.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Receipt {
    pub successful: Vec<Successful>,
    pub failed: Vec<Failed>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Successful {
    pub identifier: String,
    pub index: usize,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Failed {
    pub identifier: String,
    pub index: usize,
    pub code: u16,
    pub message: String,
}

/// Publishes `events` to `channel`, if `presented` allows it, and reports it to watchers.
pub async fn publish(
    plane: &DataPlane,
    source: &Source,
    channel: &Given,
    events: Events,
    presented: &Presented,
    signed: &[u8],
) -> Result<Receipt, Problem> {
    let result = attempt(plane, source, channel.text(), events, presented, signed).await;
    if let Err(problem) = &result {
        refused(plane, source, "publish", channel.text(), problem);
    }
    result
}

/// Publishes `events` to `channel` without authorization, and reports it to watchers.
pub async fn publish_as(
    plane: &DataPlane,
    source: &Source,
    channel: &Given,
    events: Events,
    identity: &Identity,
) -> Result<Receipt, Problem> {
    let attempt = async || {
        let api = source.api(&plane.apis)?;
        let channel = Channel::publish(channel.text().unwrap_or_default())?;
        deliver(plane, source, &api, &channel, events, identity).await
    };
    let result = attempt().await;
    if let Err(problem) = &result {
        refused(plane, source, "publish", channel.text(), problem);
    }
    result
}

/// Reports a denial to watchers.
pub fn refused(
    plane: &DataPlane,
    source: &Source,
    operation: &'static str,
    channel: Option<&str>,
    problem: &Problem,
) {
    plane.feed.tell(|| {
        // A handler may refuse with what it was given.
        let secrets = Secrets::of_headers(&source.headers);
        let told = |text: &String| feed::told(&secrets.hide(text));
        Happening::Refused {
            api_id: source.place.api_id.clone(),
            operation,
            channel: channel.map(feed::told),
            error_type: secrets.hide(&problem.error_type),
            message: problem.message.as_ref().map(told),
            why: problem.why.as_ref().map(told),
            code: problem.code.as_deref().cloned(),
        }
    });
}

async fn attempt(
    plane: &DataPlane,
    source: &Source,
    channel: Option<&str>,
    events: Events,
    presented: &Presented,
    signed: &[u8],
) -> Result<Receipt, Problem> {
    let api = source.api(&plane.apis)?;
    let channel = Channel::publish(channel.unwrap_or_default())?;
    let asked = source.asked(&api, Operation::Publish, Some(&channel), presented, signed);
    let identity = plane.authorizer.authorize(&asked).await?;
    deliver(plane, source, &api, &channel, events, &identity).await
}

/// What follows once it is known who publishes.
async fn deliver(
    plane: &DataPlane,
    source: &Source,
    api: &Api,
    channel: &Channel,
    events: Events,
    identity: &Identity,
) -> Result<Receipt, Problem> {
    let namespace = namespace(api, channel)?;
    let events = check(events, source.over)?;
    let identifiers: Vec<_> = events.iter().map(|it| it.id.clone()).collect();
    let call = source.call(api, namespace, channel, identity);
    let published = plane.handlers.on_publish(&call, events).await?;
    broadcast(plane, source, channel, identity, &published, identifiers.len());
    Ok(receipt(published, identifiers, plane.store.options().filtered_events))
}

/// The channel namespace that `channel` is in. AppSync reports an unknown one as unauthorized.
pub fn namespace<'a>(api: &'a Api, channel: &Channel) -> Result<&'a Namespace, Problem> {
    let name = channel.namespace();
    api.namespaces.get(name).ok_or_else(|| {
        let why = format!("the API has no channel namespace `{name}`");
        Problem::new(401, "UnauthorizedException").because(why)
    })
}

/// The events, each with an id, if all of them are sound.
fn check(events: Events, over: Over) -> Result<Vec<Incoming>, Problem> {
    let (first, count) = match events {
        Events::List { first, count } if count > 0 => (first, count),
        Events::List { .. } | Events::Nothing => {
            return Err(Problem::bad_request("There are no events to publish"));
        }
        Events::Other => return Err(Problem::bad_request("The events must be a list of texts")),
    };
    if count > EVENTS_MAX {
        // AppSync's own words, which differ.
        return Err(match over {
            Over::Http | Over::Console => {
                Problem::bad_request(format!("Input exceeded {EVENTS_MAX} event limit"))
            }
            Over::WebSocket => Problem::new(400, "InvalidInputError")
                .saying(format!("input exceeded {EVENTS_MAX} event limit")),
        });
    }
    let check = |(n, event): (usize, Given)| {
        let wrong = |what: &str| Problem::bad_request(format!("Event {n} {what}"));
        let Given::Text(text) = event else {
            return Err(wrong("is not a string: each event is a string that contains JSON"));
        };
        if text.len() > EVENT_MAX {
            return Err(wrong("exceeds 240 KB"));
        }
        // Without recursion, so that depth does no harm.
        if serde_json::from_str::<IgnoredAny>(&text).is_err() {
            return Err(wrong("is not valid JSON"));
        }
        Ok(Incoming { id: ids::request_id(), text })
    };
    first.into_iter().enumerate().map(check).collect()
}

fn broadcast(
    plane: &DataPlane,
    source: &Source,
    channel: &Channel,
    identity: &Identity,
    published: &Published,
    count: usize,
) {
    let mut receivers = 0;
    for (_, text) in &published.delivered {
        receivers = receivers.max(plane.hub.broadcast(&source.place.api_id, channel, text));
    }
    plane.feed.tell(|| {
        let events: Vec<_> =
            published.delivered.iter().map(|(_, text)| feed::event(text)).collect();
        let failed = published.failed.len();
        let secrets = Secrets::of_headers(&source.headers);
        let failure = |(index, message): &(usize, String)| Failure {
            index: *index,
            message: feed::told(&secrets.hide(message)),
        };
        Happening::Published {
            api_id: source.place.api_id.clone(),
            channel: channel.path.clone(),
            mode: identity.mode.to_owned(),
            over: match source.over {
                Over::Http => "http",
                Over::WebSocket => "websocket",
                Over::Console => "console",
            },
            dropped: count.saturating_sub(failed + events.len()),
            events,
            failed,
            failures: published.failed.iter().map(failure).collect(),
            receivers,
        }
    });
}

fn receipt(published: Published, identifiers: Vec<String>, filtered: FilteredEvents) -> Receipt {
    let mut receipt = Receipt::default();
    for (index, identifier) in identifiers.into_iter().enumerate() {
        let of = |(n, _): &&(usize, String)| *n == index;
        if let Some((_, message)) = published.failed.iter().find(of) {
            let (code, message) = (undocumented::FAILED_EVENT_CODE, message.clone());
            receipt.failed.push(Failed { identifier, index, code, message });
        } else if filtered == FilteredEvents::Successful
            || published.delivered.iter().any(|it| of(&it))
        {
            receipt.successful.push(Successful { identifier, index });
        }
    }
    receipt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_texts_of_json_and_no_more_or_larger_than_they_may_be() {
        let text = |it: &str| Given::Text(it.to_owned());
        let check_all = |first: Vec<Given>, over: Over, expected: Result<usize, &str>| {
            let count = first.len();
            let result = check(Events::List { first, count }, over);
            let result = result.map(|it| it.len()).map_err(|it| it.message.unwrap_or_default());
            assert_eq!(result, expected.map_err(str::to_owned));
        };
        let full = format!("\"{}\"", "x".repeat(EVENT_MAX - 2));
        check_all(vec![text(&full); 5], Over::Http, Ok(5));
        check_all(vec![text(&format!("{full} "))], Over::Http, Err("Event 0 exceeds 240 KB"));
        check_all(vec![text("1"), text("{x}")], Over::Http, Err("Event 1 is not valid JSON"));
        check_all(vec![text("")], Over::Http, Err("Event 0 is not valid JSON"));
        let told = "Event 0 is not a string: each event is a string that contains JSON";
        check_all(vec![Given::Other], Over::Http, Err(told));
        check_all(vec![], Over::Http, Err("There are no events to publish"));
        check_all(vec![text("1"); 6], Over::Http, Err("Input exceeded 5 event limit"));
        check_all(vec![text("1"); 6], Over::WebSocket, Err("input exceeded 5 event limit"));
        check_all(vec![text(&"[".repeat(100_000))], Over::Http, Err("Event 0 is not valid JSON"));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        check_all(vec![text(&deep)], Over::Http, Ok(1));
    }

    #[test]
    fn what_was_filtered_is_reported_as_the_option_says() {
        let indices = |filtered: FilteredEvents| {
            let published = Published {
                delivered: vec![(2, "2".to_owned())],
                failed: vec![(1, "no".to_owned())],
            };
            let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
            let receipt = receipt(published, ids, filtered);
            assert_eq!((receipt.failed[0].index, receipt.failed[0].identifier.as_str()), (1, "b"));
            receipt.successful.iter().map(|it| it.index).collect::<Vec<_>>()
        };
        assert_eq!(indices(FilteredEvents::Successful), [0, 2]);
        assert_eq!(indices(FilteredEvents::LeftOut), [2]);
    }
}
