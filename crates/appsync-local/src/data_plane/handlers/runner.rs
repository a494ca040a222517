//! What a channel namespace's handlers make of events and subscriptions.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::feed::{self, Feed, Happening};
use crate::data_plane::handlers::call::{Call, Incoming, PUBLISH, Published, SUBSCRIBE};
use crate::data_plane::handlers::handle::{Handled, Handler, handle};
use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::Ended;
use crate::data_plane::handlers::sources::{self, Services};
use crate::data_plane::handlers::{context, direct, outcome};
use crate::data_plane::outbound::client::Outbound;
use crate::data_plane::problem::Problem;
use crate::data_plane::secrets::Secrets;
use crate::store::Store;

/// Runs the handlers of every API.
pub struct Handlers {
    store: Arc<Store>,
    outbound: Arc<Outbound>,
    services: Services,
    feed: Feed,
    pool: Pool,
}

impl Handlers {
    /// `endpoints`: where the services of data sources are, by the name they are signed with.
    pub fn new(
        store: Arc<Store>,
        outbound: Arc<Outbound>,
        endpoints: BTreeMap<String, String>,
        feed: Feed,
    ) -> Self {
        let services = Services { outbound: Arc::clone(&outbound), endpoints };
        Self { store, outbound, services, feed, pool: Pool::new() }
    }

    /// What is to be broadcast of `events`.
    pub async fn on_publish(
        &self,
        call: &Call<'_>,
        events: Vec<Incoming>,
    ) -> Result<Published, Problem> {
        match way(call, PUBLISH) {
            Way::None => Ok(as_they_came(events)),
            Way::Direct { source, waits } => {
                let context = context::of(call, Some(&events))?;
                let answer =
                    direct::call(&self.outbound, call.api, source, waits, &context).await?;
                let Some(answer) = answer else { return Ok(as_they_came(events)) };
                if direct::lacks_events(&answer) {
                    self.logged(call, PUBLISH, "WARN", || {
                        format!(
                            "the function of `{source}` answered without `events`, so that every event is dropped: it answers {{\"events\": [{{\"id\": …, \"payload\": …}}]}}"
                        )
                    });
                }
                direct::published(&answer, &events)
            }
            Way::Code { code, source } => {
                let context = context::of(call, Some(&events))?;
                let handled = self.run(call, PUBLISH, code, source, context).await;
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

    /// Whether the subscription may be made.
    pub async fn on_subscribe(&self, call: &Call<'_>) -> Result<(), Problem> {
        match way(call, SUBSCRIBE) {
            Way::None => Ok(()),
            Way::Direct { source, waits } => {
                let context = context::of(call, None)?;
                let answer =
                    direct::call(&self.outbound, call.api, source, waits, &context).await?;
                answer.map_or(Ok(()), |it| direct::subscribed(&it))
            }
            Way::Code { code, source } => {
                let context = context::of(call, None)?;
                let handled = self.run(call, SUBSCRIBE, code, source, context).await;
                match handled.ended {
                    Ended::Missing | Ended::Returned(_) | Ended::Early(_) => Ok(()),
                    other => Err(outcome::refused(&other, &call.namespace.name, SUBSCRIBE)),
                }
            }
        }
    }

    async fn run(
        &self,
        call: &Call<'_>,
        export: &'static str,
        code: &str,
        source: Option<&str>,
        context: Value,
    ) -> Handled {
        let handler = Handler {
            owner: format!("{}/{}", call.api.id, call.namespace.name).into(),
            script: self.pool.script("code.js", code),
            export,
            has_source: source.is_some(),
            auth_type: context::auth_type(call.identity.mode),
            now_epoch_s: self.store.now_epoch_s(),
        };
        let ask = async |request: Value| match source {
            Some(name) => Some(sources::ask(&self.services, call, name, &request).await),
            None => None,
        };
        let handled = handle(&self.pool, handler, context, ask).await;
        for line in &handled.logs {
            self.logged(call, export, line.level, || {
                // All of `ctx` may be logged, and the client's credentials are in it.
                Secrets::of_headers(call.headers).hide(&line.text())
            });
        }
        handled
    }

    fn logged(
        &self,
        call: &Call<'_>,
        handler: &'static str,
        level: &'static str,
        text: impl FnOnce() -> String,
    ) {
        self.feed.tell(|| Happening::Logged {
            api_id: call.api.id.clone(),
            namespace: call.namespace.name.clone(),
            handler,
            level,
            text: feed::line(&text()),
        });
    }
}

/// Events without a handler are broadcast unchanged.
fn as_they_came(events: Vec<Incoming>) -> Published {
    let delivered = events.into_iter().map(|it| it.text).enumerate().collect();
    Published { delivered, failed: Vec::new() }
}

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

#[cfg(test)]
mod tests;
