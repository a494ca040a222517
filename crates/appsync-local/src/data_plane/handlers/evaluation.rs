//! Runs a handler without an API, for `provision eval`. It reaches no data source: a response is configured, or missing.
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::auth_mode::AuthMode;
use crate::data_plane::channel::Channel;
use crate::data_plane::handlers::call::{
    IncomingEvent, ON_PUBLISH, ON_SUBSCRIBE, auth_type, context_value,
};
use crate::data_plane::handlers::handler::{DataSourceResponse, Handler, run_handler};
use crate::data_plane::handlers::outcome;
use crate::data_plane::handlers::runtime::pool::Pool;
use crate::data_plane::handlers::runtime::run::HandlerOutcome;
use crate::data_plane::handlers::runtime::script::Script;

pub use crate::data_plane::handlers::runtime::run::{LogLine, Rejection, RunFailure};
pub use crate::data_plane::handlers::runtime::script::CodePosition;
pub use crate::data_plane::message::EVENTS_PER_PUBLISH_MAX;

/// The threads of this process. Evaluations share no state.
pub(super) static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);

/// A handler to evaluate, with its input.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// The file name of the code in positions.
    pub file: String,
    /// The code of the channel namespace.
    pub code: String,
    /// The input of the handler.
    pub context: EvaluationContext,
    /// The data source of the handler, if it has one, with its response. Without a response, the handler ends with
    /// its request.
    pub source: Option<DataSourceStub>,
    /// The time that the handler sees, in seconds since 1970.
    pub now_epoch_s: f64,
}

/// The values from which the handler's `ctx` is created.
#[derive(Clone, Debug)]
pub struct EvaluationContext {
    /// Whether `onPublish` is run, or else `onSubscribe`.
    pub publishes: bool,
    /// The name of the channel namespace.
    pub namespace: String,
    /// The channel, such as `/chat/room`.
    pub channel: String,
    /// The auth mode of the client.
    pub mode: AuthMode,
    /// `ctx.identity`.
    pub identity: Value,
    /// The payloads of the published events.
    pub events: Vec<Value>,
    /// Members of `ctx` that replace those of the other values.
    pub overrides: Value,
}

/// The response of a handler's data source. If both are missing, the data source does not respond.
#[derive(Clone, Debug, Default)]
pub struct DataSourceStub {
    /// `ctx.result`.
    pub result: Option<Value>,
    /// The message of `ctx.error`, instead of a result.
    pub error: Option<String>,
}

/// The result of a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// How the handler ended.
    pub outcome: EvaluationOutcome,
    /// What the handler logged.
    pub logs: Vec<LogLine>,
    /// `ctx.outErrors` afterwards.
    pub out_errors: Vec<Value>,
    /// `ctx.stash` afterwards.
    pub stash: Value,
    /// The request for the data source.
    pub request: Option<Value>,
}

/// The outcome of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationOutcome {
    /// The events are published, by index.
    Published {
        /// The events to broadcast, in order, each with its payload.
        delivered: Vec<(usize, Value)>,
        /// The failed events, each with its message.
        failed: Vec<(usize, String)>,
        /// The events that the handler did not return.
        dropped: Vec<usize>,
    },
    /// The subscription is allowed.
    Allowed,
    /// The handler requested the data source, which has no response.
    Waiting,
    /// The handler rejected the operation.
    Rejected(Rejection),
    /// The handler threw, exceeded a limit, or is not valid.
    Failed(RunFailure),
}

/// Whether a text is a valid channel to publish to, or else to subscribe to.
pub fn is_channel(text: &str, publishes: bool) -> bool {
    match publishes {
        true => Channel::parse_for_publish(text).is_ok(),
        false => Channel::parse_for_subscribe(text).is_ok(),
    }
}

/// Runs a handler. A failure of the handler is an outcome.
pub async fn evaluate(request: EvaluationRequest) -> Evaluation {
    let EvaluationRequest { file, code, context: input, source, now_epoch_s } = request;
    let export = if input.publishes { ON_PUBLISH } else { ON_SUBSCRIBE };
    let context = input.handler_context();
    let handler = Handler {
        owner: file.as_str().into(),
        script: Arc::new(Script::new(&file, &code)),
        export,
        has_source: source.is_some(),
        auth_type: auth_type(Some(input.mode)),
        now_epoch_s,
    };
    let response = async |_request: Value| {
        let DataSourceStub { result, error } = source.unwrap_or_default();
        error
            .map(|text| DataSourceResponse::error("Error", text))
            .or(result.map(DataSourceResponse::Result))
    };
    let incoming = incoming_events(&context);
    let result = run_handler(&POOL, handler, context, response).await;
    let is_request = |outcome: &HandlerOutcome| {
        result.request.is_some()
            && !result.is_answered
            && matches!(outcome, HandlerOutcome::Returned(_))
    };
    let outcome = match &result.outcome {
        outcome if is_request(outcome) => EvaluationOutcome::Waiting,
        outcome => evaluation_outcome(outcome, input.publishes, &incoming),
    };
    let (logs, out_errors) = (result.logs, result.out_errors);
    Evaluation { outcome, logs, out_errors, stash: result.stash, request: result.request }
}

impl EvaluationContext {
    /// Returns `ctx`, as AppSync would create it.
    fn handler_context(&self) -> Value {
        let segments: Vec<&str> = self.channel.split('/').filter(|text| !text.is_empty()).collect();
        let event =
            |payload: &Value| json!({ "payload": payload, "id": uuid::Uuid::new_v4().to_string() });
        let events = match self.publishes {
            true => self.events.iter().map(event).collect(),
            false => Value::Null,
        };
        let request = json!({ "headers": {}, "domainName": null });
        let path = format!("/{}", segments.join("/"));
        let mut context = context_value(&self.identity, request, &path, &self.namespace, events);
        for (name, value) in self.overrides.as_object().into_iter().flatten() {
            context[name] = value.clone();
        }
        context
    }
}

fn incoming_events(context: &Value) -> Vec<IncomingEvent> {
    let events = context["events"].as_array().into_iter().flatten();
    let event = |value: &Value| IncomingEvent {
        id: value["id"].as_str().unwrap_or_default().to_owned(),
        text: value["payload"].to_string(),
    };
    events.map(event).collect()
}

fn evaluation_outcome(
    outcome: &HandlerOutcome,
    publishes: bool,
    incoming: &[IncomingEvent],
) -> EvaluationOutcome {
    let returned = match outcome {
        HandlerOutcome::Rejected(rejection) => {
            return EvaluationOutcome::Rejected(rejection.clone());
        }
        HandlerOutcome::Failed(failure) => return EvaluationOutcome::Failed(failure.clone()),
        _ if !publishes => return EvaluationOutcome::Allowed,
        HandlerOutcome::Missing => {
            let all = incoming
                .iter()
                .map(|event| json!({ "id": event.id, "payload": json_or_null(&event.text) }));
            Value::Array(all.collect())
        }
        HandlerOutcome::Returned(value) => value.clone().unwrap_or_default(),
        HandlerOutcome::EarlyReturn(value) => value.clone(),
    };
    match outcome::publish_outcome(&returned, incoming) {
        Err(error) => EvaluationOutcome::Failed(RunFailure::new(error.reason.unwrap_or_default())),
        Ok(publish_outcome) => {
            let failed = publish_outcome.failed;
            let delivered: Vec<_> = publish_outcome
                .delivered
                .iter()
                .map(|(n, text)| (*n, json_or_null(text)))
                .collect();
            let is_listed = |n: &usize| {
                delivered.iter().any(|(number, _)| number == n)
                    || failed.iter().any(|(number, _)| number == n)
            };
            let dropped = (0..incoming.len()).filter(|n| !is_listed(n)).collect();
            EvaluationOutcome::Published { delivered, failed, dropped }
        }
    }
}

fn json_or_null(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
