//! What a channel namespace's handlers make of events and subscriptions
//! (docs/reference/handlers.md).
mod context;
mod direct;
pub mod evaluation;
mod handle;
mod outcome;
mod runtime;
mod sources;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::data_plane::auth::Identity;
use crate::data_plane::channel::Channel;
use crate::data_plane::feed::{self, Happening};
use crate::data_plane::handlers::handle::{Handled, Handler, handle};
use crate::data_plane::handlers::runtime::engine::Ended;
use crate::data_plane::place::Place;
use crate::data_plane::plane::Plane;
use crate::data_plane::problem::Problem;
use crate::data_plane::secrets::Secrets;
use crate::state::{Api, Namespace};

pub use runtime::pool::Pool;
pub use runtime::queue::weight;

/// An authorized operation on a channel.
pub struct Call<'a> {
    pub place: &'a Place,
    pub api: &'a Api,
    pub namespace: &'a Namespace,
    pub channel: &'a Channel,
    pub identity: &'a Identity,
    /// Of the HTTP request, or of the upgrade, by lower-case name.
    pub headers: &'a BTreeMap<String, Vec<String>>,
}

/// An event as it was published: the id that AppSync gives it, and its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    pub id: String,
    pub text: String,
}

/// What became of the events of one publish, by their place in it. What is in neither list was dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    /// In the order in which they are broadcast, each with its JSON text.
    pub delivered: Vec<(usize, String)>,
    /// Each with its message.
    pub failed: Vec<(usize, String)>,
}

/// What is to be broadcast of `events`.
pub async fn on_publish(
    plane: &Plane,
    call: &Call<'_>,
    events: Vec<Incoming>,
) -> Result<Published, Problem> {
    match way(call, PUBLISH) {
        Way::None => Ok(as_they_came(events)),
        Way::Direct { source, waits } => {
            let context = context::of(call, Some(&events))?;
            let answer = direct::call(plane, call.api, source, waits, &context).await?;
            let Some(answer) = answer else { return Ok(as_they_came(events)) };
            if direct::lacks_events(&answer) {
                logged(plane, call, PUBLISH, "WARN", || {
                    format!(
                        "the function of `{source}` answered without `events`, so that every event is dropped: it answers {{\"events\": [{{\"id\": …, \"payload\": …}}]}}"
                    )
                });
            }
            direct::published(&answer, &events)
        }
        Way::Code { code, source } => {
            let context = context::of(call, Some(&events))?;
            let handled = run(plane, call, PUBLISH, code, source, context).await;
            match handled.ended {
                Ended::Missing => Ok(as_they_came(events)),
                Ended::Returned(None) => Ok(Published::default()),
                Ended::Returned(Some(value)) | Ended::Early(value) => {
                    outcome::published(&value, &events)
                }
                other => Err(outcome::refused(&other, &call.namespace.name, PUBLISH)),
            }
        }
    }
}

/// What nobody handles is broadcast as it is.
fn as_they_came(events: Vec<Incoming>) -> Published {
    let delivered = events.into_iter().map(|it| it.text).enumerate().collect();
    Published { delivered, failed: Vec::new() }
}

/// Whether the subscription may be made.
pub async fn on_subscribe(plane: &Plane, call: &Call<'_>) -> Result<(), Problem> {
    match way(call, SUBSCRIBE) {
        Way::None => Ok(()),
        Way::Direct { source, waits } => {
            let context = context::of(call, None)?;
            let answer = direct::call(plane, call.api, source, waits, &context).await?;
            answer.map_or(Ok(()), |it| direct::subscribed(&it))
        }
        Way::Code { code, source } => {
            let context = context::of(call, None)?;
            let handled = run(plane, call, SUBSCRIBE, code, source, context).await;
            match handled.ended {
                Ended::Missing | Ended::Returned(_) | Ended::Early(_) => Ok(()),
                other => Err(outcome::refused(&other, &call.namespace.name, SUBSCRIBE)),
            }
        }
    }
}

pub const PUBLISH: &str = "onPublish";
pub const SUBSCRIBE: &str = "onSubscribe";

/// What serves an operation of a channel namespace.
enum Way<'a> {
    None,
    Code { code: &'a str, source: Option<&'a str> },
    Direct { source: &'a str, waits: bool },
}

fn way<'a>(call: &Call<'a>, name: &str) -> Way<'a> {
    let config = &call.namespace.handlers[name];
    let integration = &config["integration"];
    let source = integration["dataSourceName"].as_str().filter(|it| !it.is_empty());
    match (config["behavior"].as_str(), source, call.namespace.code.as_deref()) {
        (Some("DIRECT"), Some(source), _) => {
            let waits = integration["lambdaConfig"]["invokeType"] != "EVENT";
            Way::Direct { source, waits }
        }
        (_, source, Some(code)) => Way::Code { code, source },
        _ => Way::None,
    }
}

async fn run(
    plane: &Plane,
    call: &Call<'_>,
    export: &'static str,
    code: &str,
    source: Option<&str>,
    context: Value,
) -> Handled {
    let handler = Handler {
        owner: format!("{}/{}", call.api.id, call.namespace.name).into(),
        script: plane.handlers.script("code.js", code),
        export,
        has_source: source.is_some(),
        auth_type: context::auth_type(call.identity.mode),
        now_epoch_s: plane.store.now_epoch_s(),
    };
    let ask = async |request: Value| match source {
        Some(name) => Some(sources::ask(plane, call, name, &request).await),
        None => None,
    };
    let handled = handle(&plane.handlers, handler, context, ask).await;
    for line in &handled.logs {
        logged(plane, call, export, line.level, || {
            // All of `ctx` may be logged, and the client's credentials are in it.
            Secrets::of_headers(call.headers).hide(&line.text())
        });
    }
    handled
}

fn logged(
    plane: &Plane,
    call: &Call<'_>,
    handler: &'static str,
    level: &'static str,
    text: impl FnOnce() -> String,
) {
    plane.feed.tell(|| Happening::Logged {
        api_id: call.api.id.clone(),
        namespace: call.namespace.name.clone(),
        handler,
        level,
        text: feed::line(&text()),
    });
}

#[cfg(test)]
mod tests;
