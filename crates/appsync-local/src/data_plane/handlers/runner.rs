//! Runs the handlers of every API: selects code or a function, calls data sources, and reports logs. What an outcome
//! means is decided in [`outcome`].
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::data_plane::error::DataPlaneError;
use crate::data_plane::feed::{self, Activity, ActivityFeed};
use crate::data_plane::handlers::call::{
    HandlerCall, IncomingEvent, ON_PUBLISH, ON_SUBSCRIBE, PublishOutcome, auth_type,
    handler_context,
};
use crate::data_plane::handlers::data_sources::{self, DataSourceClient};
use crate::data_plane::handlers::handler::{Handler, HandlerResult, run_handler};
use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::HandlerOutcome;
use crate::data_plane::handlers::{direct, outcome};
use crate::data_plane::outbound::OutboundClient;
use crate::data_plane::secrets::Secrets;
use crate::store::Store;

/// Runs the handlers of every API.
pub struct HandlerRunner {
    store: Arc<Store>,
    outbound: Arc<OutboundClient>,
    services: DataSourceClient,
    feed: ActivityFeed,
    pool: Pool,
}

impl HandlerRunner {
    /// Creates a runner. `endpoints` are those of the services of data sources, by service name.
    pub fn new(
        store: Arc<Store>,
        outbound: Arc<OutboundClient>,
        endpoints: BTreeMap<String, String>,
        feed: ActivityFeed,
    ) -> Self {
        let services = DataSourceClient { outbound: Arc::clone(&outbound), endpoints };
        Self { store, outbound, services, feed, pool: Pool::new() }
    }

    /// Runs the handler of a publish, and returns its outcome for the events.
    pub async fn on_publish(
        &self,
        call: &HandlerCall<'_>,
        events: Vec<IncomingEvent>,
    ) -> Result<PublishOutcome, DataPlaneError> {
        match integration(call, ON_PUBLISH) {
            Integration::Unhandled => Ok(unchanged(events)),
            Integration::Direct { source, waits } => {
                let context = handler_context(call, Some(&events))?;
                let response =
                    direct::invoke(&self.outbound, call.api, source, waits, &context).await?;
                let Some(response) = response else { return Ok(unchanged(events)) };
                if direct::has_no_events(&response) {
                    self.log(call, ON_PUBLISH, "WARN", || {
                        format!(
                            "the function of `{source}` returned no `events`, so every event is dropped; to deliver events, return {{\"events\": [{{\"id\": …, \"payload\": …}}]}}"
                        )
                    });
                }
                direct::publish_outcome(&response, &events)
            }
            Integration::Code { code, source } => {
                let context = handler_context(call, Some(&events))?;
                let result = self.run(call, ON_PUBLISH, code, source, context).await;
                match result.outcome {
                    HandlerOutcome::Missing => Ok(unchanged(events)),
                    HandlerOutcome::Returned(None) => Ok(PublishOutcome::default()),
                    HandlerOutcome::Returned(Some(value)) | HandlerOutcome::EarlyReturn(value) => {
                        outcome::publish_outcome(&value, &events)
                    }
                    other => Err(outcome::handler_error(&other, &call.namespace.name, ON_PUBLISH)),
                }
            }
        }
    }

    /// Runs the handler of a subscription, and returns an error if it denies it.
    pub async fn on_subscribe(&self, call: &HandlerCall<'_>) -> Result<(), DataPlaneError> {
        match integration(call, ON_SUBSCRIBE) {
            Integration::Unhandled => Ok(()),
            Integration::Direct { source, waits } => {
                let context = handler_context(call, None)?;
                let response =
                    direct::invoke(&self.outbound, call.api, source, waits, &context).await?;
                response.map_or(Ok(()), |value| direct::check_subscription(&value))
            }
            Integration::Code { code, source } => {
                let context = handler_context(call, None)?;
                let result = self.run(call, ON_SUBSCRIBE, code, source, context).await;
                match result.outcome {
                    HandlerOutcome::Missing
                    | HandlerOutcome::Returned(_)
                    | HandlerOutcome::EarlyReturn(_) => Ok(()),
                    other => {
                        Err(outcome::handler_error(&other, &call.namespace.name, ON_SUBSCRIBE))
                    }
                }
            }
        }
    }

    async fn run(
        &self,
        call: &HandlerCall<'_>,
        export: &'static str,
        code: &str,
        source: Option<&str>,
        context: Value,
    ) -> HandlerResult {
        let handler = Handler {
            owner: format!("{}/{}", call.api.id, call.namespace.name).into(),
            script: self.pool.script("code.js", code),
            export,
            has_source: source.is_some(),
            auth_type: auth_type(call.identity.mode),
            now_epoch_s: self.store.now_epoch_s(),
        };
        let ask = async |request: Value| match source {
            Some(name) => Some(data_sources::query(&self.services, call, name, &request).await),
            None => None,
        };
        let result = run_handler(&self.pool, handler, context, ask).await;
        for line in &result.logs {
            self.log(call, export, line.level, || {
                // A handler may log all of `ctx`, which contains the client's credentials.
                Secrets::from_headers(call.headers).redact(&line.text())
            });
        }
        result
    }

    fn log(
        &self,
        call: &HandlerCall<'_>,
        handler: &'static str,
        level: &'static str,
        text: impl FnOnce() -> String,
    ) {
        self.feed.emit(|| Activity::Logged {
            api_id: call.api.id.clone(),
            namespace: call.namespace.name.clone(),
            handler,
            level,
            text: feed::clip_log_line(&text()),
        });
    }
}

/// Returns the outcome of a publish without a handler.
fn unchanged(events: Vec<IncomingEvent>) -> PublishOutcome {
    let delivered = events.into_iter().map(|event| event.text).enumerate().collect();
    PublishOutcome { delivered, failed: Vec::new() }
}

/// How a channel namespace handles an operation.
enum Integration<'a> {
    Unhandled,
    Code { code: &'a str, source: Option<&'a str> },
    Direct { source: &'a str, waits: bool },
}

fn integration<'a>(call: &HandlerCall<'a>, name: &str) -> Integration<'a> {
    let config = &call.namespace.handlers[name];
    let integration = &config["integration"];
    let source = integration["dataSourceName"].as_str().filter(|text| !text.is_empty());
    match (config["behavior"].as_str(), source, call.namespace.code.as_deref()) {
        (Some("DIRECT"), Some(source), _) => {
            let waits = integration["lambdaConfig"]["invokeType"] != "EVENT";
            Integration::Direct { source, waits }
        }
        (_, source, Some(code)) => Integration::Code { code, source },
        _ => Integration::Unhandled,
    }
}

#[cfg(test)]
mod tests;
